"""Stage evaluate: what the built-in model can do, measured the same way every time.

The VAE is measured on emoji that it never saw; the prompts are wordings and object-on-colour pairs
that the U-Net never saw, of objects that it did; retrieval asks for known objects in a wording that
the text encoder never read. The judge is a classifier that saw real scenes only.
"""

import functools
import json
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
    StableDiffusionPipeline,
)
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from core.ideas.picture_likeness import psnr, ssim
from core.models.manifest import sha256_of
from core.nets.autoencoder import Autoencoder
from core.nets.config import AutoencoderConfig
from core.training.captions import Caption, evaluation_captions, fill, spoken, typed_captions
from core.training.history import REPORT
from core.training.judge import Judge
from core.training.pictures import PictureBank
from core.training.scenes import CENTRED, COLOUR_NAMES, compose
from core.training.text import SHORT, CaptionIds, TextReader, pooled_states
from core.training.tower import Towers

PROMPTS, TYPED = 200, 200
SEED = 2_026
STEPS, GUIDANCE = 20, 5.0
SWEPT = 40  # prompts, the first of all
SWEPT_GUIDANCE, SWEPT_STEPS = (1.0, 3.0, 5.0, 8.0, 12.0), (5, 10, 20, 40)
RETRIEVAL_WORDING = "a photo of {a} against a {c} background"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The model's pictures for the evaluation's captions.

    Attributes:
        captions: what was asked for.
        pictures: what was drawn, (n, 3, 128, 128), in [-1, 1].
    """

    captions: list[Caption]
    pictures: Tensor


@torch.inference_mode()
def measure_vae(
    vae: Autoencoder, scaling_factor: float, bank: PictureBank, device: torch.device
) -> dict[str, object]:
    """Mean PSNR (dB) and SSIM on held-out emoji, and the latents' statistics after scaling."""
    rows = bank.rows(held_out=True, objects_only=True).repeat(4)
    colours = torch.arange(len(rows)) % len(COLOUR_NAMES)
    generator = torch.Generator().manual_seed(SEED)
    scenes = compose(bank, rows, colours, CENTRED, generator)
    likeness, latents = [], []
    for part in scenes.split(32):
        posterior = vae.encode(part.to(device))
        decoded = vae.decode(posterior.mean).float().cpu().clamp(-1, 1)
        for one, scene in zip(_pixels(decoded), _pixels(part), strict=True):
            likeness.append((psnr(one, scene), ssim(one, scene)))
        latents.append(posterior.mean.float().cpu() * scaling_factor)
    values = torch.cat(latents).permute(1, 0, 2, 3).flatten(1)
    return {
        "psnr_db": round(fmean(decibels for decibels, _ in likeness), 2),
        "ssim": round(fmean(alike for _, alike in likeness), 4),
        "pictures": len(scenes),
        "latent_mean": [round(float(v), 3) for v in values.mean(1)],
        "latent_std": [round(float(v), 3) for v in values.std(1)],
    }


def _pixels(pictures: Tensor) -> NDArray[np.float32]:
    """Pictures (B, 3, H, W) in [-1, 1] as (B, H, W, 3), 0 to 255, not rounded."""
    return ((pictures + 1) * 127.5).permute(0, 2, 3, 1).numpy()


@torch.inference_mode()
def measure_retrieval(
    towers: Towers, reader: TextReader, bank: PictureBank, ids: CaptionIds, device: torch.device
) -> dict[str, float]:
    """How often a caption in a held-out wording finds its picture among all objects on white."""
    every = torch.arange(bank.objects)
    generator = torch.Generator().manual_seed(SEED)
    pictures, texts = [], []
    for rows in every.split(64):
        scenes = compose(bank, rows, torch.zeros_like(rows), CENTRED, generator)
        pictures.append(towers.picture(F.avg_pool2d(scenes, 2).to(device)).cpu())
        words = [fill(RETRIEVAL_WORDING, spoken(bank.emoji[i].label), "white") for i in rows]
        pooled = pooled_states(reader, ids(words, SHORT).to(device))
        texts.append(towers.text(pooled).cpu())
    likeness = torch.cat(texts) @ torch.cat(pictures).T  # (captions, pictures)
    return hits(likeness, every)


def hits(scores: Tensor, wanted: Tensor) -> dict[str, float]:
    """Share of rows whose wanted column is the best, and among the best five, in percent."""
    best = scores.topk(5, dim=1).indices
    right = best == wanted[:, None]
    return {
        "top1_percent": round(100 * float(right[:, 0].float().mean()), 1),
        "top5_percent": round(100 * float(right.any(1).float().mean()), 1),
    }


@torch.inference_mode()
def draw(
    pipeline: StableDiffusionPipeline,
    captions: list[Caption],
    steps: int = STEPS,
    guidance: float = GUIDANCE,
) -> Drawn:
    """Draw every caption once, with its own fixed seed, by plain diffusers."""
    pictures = []
    for start in range(0, len(captions), 20):
        part = captions[start : start + 20]
        generators = [torch.Generator().manual_seed(SEED + start + i) for i in range(len(part))]
        drawn = pipeline(
            [caption.text for caption in part],
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generators,
            output_type="np",
            return_dict=False,
        )[0]
        pictures.append(torch.as_tensor(drawn).permute(0, 3, 1, 2) * 2 - 1)
    return Drawn(captions, torch.cat(pictures))


@torch.inference_mode()
def judge_drawn(
    judge: Judge, drawn: Drawn, bank: PictureBank, device: torch.device
) -> dict[str, object]:
    """How often the judge sees the object and the background that were asked for, in percent."""
    objects, colours = judge(F.avg_pool2d(drawn.pictures, 2).to(device))
    rows = torch.tensor([caption.row for caption in drawn.captions])
    wanted = torch.tensor([caption.colour for caption in drawn.captions])
    groups: dict[str, list[int]] = defaultdict(list)
    for index, caption in enumerate(drawn.captions):
        groups[bank.emoji[caption.row].group].append(index)
    by_group = {
        name: {"prompts": len(found), **hits(objects.cpu()[found], rows[found])}
        for name, found in sorted(groups.items())
    }
    right = (colours.cpu().argmax(1) == wanted).float().mean()
    return {
        "prompts": len(rows),
        **hits(objects.cpu(), rows),
        "background_percent": round(100 * float(right), 1),
        "groups": by_group,
    }


@torch.inference_mode()
def judge_each(
    judge: Judge, drawn: Drawn, bank: PictureBank, device: torch.device
) -> list[dict[str, object]]:
    """What the judge makes of each picture: where what was asked for stands among its answers.

    Returns:
        One row a prompt: it, the object's label and group, its rank, 1 being the best, and the
        share of the judge's belief that it has, 0 to 1.
    """
    objects = judge(F.avg_pool2d(drawn.pictures, 2).to(device))[0].cpu()
    rows = torch.tensor([caption.row for caption in drawn.captions])
    wanted = objects.gather(1, rows[:, None])
    ranks = 1 + (objects > wanted).sum(1)
    shares = objects.softmax(1).gather(1, rows[:, None])[:, 0]
    return [
        {
            "prompt": caption.text,
            "label": bank.emoji[caption.row].label,
            "group": bank.emoji[caption.row].group,
            "rank": int(rank),
            "share": round(float(share), 3),
        }
        for caption, rank, share in zip(drawn.captions, ranks, shares, strict=True)
    ]


def measure_typed(
    pipeline: StableDiffusionPipeline, judge: Judge, bank: PictureBank, device: torch.device
) -> dict[str, object]:
    """How the judge finds what people type first, in all, by group and one by one."""
    drawn = draw(pipeline, typed_prompts(bank))
    found = judge_drawn(judge, drawn, bank, device)
    return found | {"each": judge_each(judge, drawn, bank, device)}


def best_drawn(each: Sequence[Mapping[str, Any]], bank: PictureBank, count: int) -> list[int]:
    """The rows of the objects that :func:`judge_each` was surest of, the surest first."""
    row_of = {entry.label: row for row, entry in enumerate(bank.emoji[: bank.objects])}
    sure = sorted(each, key=lambda found: (found["rank"], -found["share"]))
    return [row_of[found["label"]] for found in sure[:count]]


def sweep(
    pipeline: StableDiffusionPipeline, judge: Judge, bank: PictureBank, device: torch.device
) -> dict[str, list[dict[str, object]]]:
    """How the judge finds the pictures over guidance, and over the number of steps.

    Args:
        pipeline: draws.
        judge: names what was drawn.
        bank: the pictures.
        device: of the judge.

    Returns:
        One row a value: it, and the shares that ``judge_drawn`` gives, in percent.
    """
    captions = evaluation_prompts(bank)[:SWEPT]

    @functools.cache  # both rows hold the evaluation's own settings
    def judged(steps: int, guidance: float) -> dict[str, object]:
        found = judge_drawn(judge, draw(pipeline, captions, steps, guidance), bank, device)
        kept = ("prompts", "top1_percent", "top5_percent", "background_percent")
        return {name: found[name] for name in kept}

    return {
        "guidance": [{"guidance": w} | judged(STEPS, w) for w in SWEPT_GUIDANCE],
        "steps": [{"steps": n} | judged(n, GUIDANCE) for n in SWEPT_STEPS],
    }


@torch.inference_mode()
def measure_judge(judge: Judge, bank: PictureBank, device: torch.device) -> dict[str, float]:
    """How often the judge itself is right on real scenes that it has not seen."""
    rows = torch.arange(bank.objects)
    colours = (rows * 7 + 3) % len(COLOUR_NAMES)
    generator = torch.Generator().manual_seed(SEED + 1)
    found = [
        judge(F.avg_pool2d(compose(bank, r, c, CENTRED, generator), 2).to(device))[0].cpu()
        for r, c in zip(rows.split(64), colours.split(64), strict=True)
    ]
    return hits(torch.cat(found), rows)


def measure_time(pipeline: StableDiffusionPipeline) -> dict[str, object]:
    """Seconds for 20 guided steps and the decoded picture on this CPU, the median of three."""
    seconds = []
    for seed in range(4):
        began = time.perf_counter()
        generator = torch.Generator().manual_seed(seed)
        pipeline("a red apple", num_inference_steps=20, guidance_scale=5.0, generator=generator)
        seconds.append(time.perf_counter() - began)
    return {
        "seconds": round(sorted(seconds[1:])[1], 2),
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }


def load_pipeline(folder: Path, device: torch.device) -> StableDiffusionPipeline:
    """The exported folder as plain diffusers loads it, with a DDIM scheduler of its own config."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def load_autoencoder(folder: Path) -> Autoencoder:
    """The exported autoencoder, from its own config and half-precision weights, in float32."""
    config = json.loads((folder / "config.json").read_text())
    autoencoder = Autoencoder(AutoencoderConfig.from_config(config))
    autoencoder.load_state_dict(load_file(folder / "diffusion_pytorch_model.safetensors"))
    return autoencoder.eval().requires_grad_(False)


def folder_megabytes(folder: Path) -> float:
    """Size of all files below ``folder``, in millions of bytes."""
    return round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6, 1)


def contact_sheet(pictures: Tensor, columns: int = 10) -> Image.Image:
    """Pictures (n, 3, H, W) in [-1, 1] side by side, as many rows as it takes."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = torch.ones(rows * columns, 3, height, width)
    sheet[:count] = pictures
    grid = sheet.reshape(rows, columns, 3, height, width).permute(0, 3, 1, 4, 2)
    whole = grid.reshape(rows * height, columns * width, 3)
    return Image.fromarray(((whole + 1) * 127.5).round().clamp(0, 255).byte().numpy())


def evaluation_prompts(bank: PictureBank) -> list[Caption]:
    """The 200 captions that the model is judged by."""
    return evaluation_captions(bank, PROMPTS, SEED)


def typed_prompts(bank: PictureBank) -> list[Caption]:
    """The 200 captions of what people type first."""
    return typed_captions(bank, TYPED, SEED)


def fingerprints(folder: Path) -> dict[str, str]:
    """The sha256 of every file of weights in a model's folder, by its path there."""
    files = sorted(folder.rglob("*.safetensors"))
    return {file.relative_to(folder).as_posix(): sha256_of(file) for file in files}


# Parts of a report that tell of one network alone.
OF_ONE = {"retrieval": "text_encoder", "vae": "vae"}


class Report:
    """What was measured of some weights, a part at a time, so that a stop loses at most one part.

    Attributes:
        found: the figures so far, by part.
    """

    def __init__(self, folder: Path, before: Path | None = None) -> None:
        """Go on with the report in a model's folder if it is of the weights there.

        What was measured of one network alone is kept as long as that network stays the same.

        Args:
            folder: of the model.
            before: of a model that was measured earlier, where ``folder`` has no report yet.
        """
        self._path, weights = folder / REPORT, fingerprints(folder)
        files = (one / REPORT for one in (folder, before) if one is not None)
        kept = next((json.loads(file.read_text()) for file in files if file.exists()), {})
        of = kept.get("weights", {})
        if of != weights:
            same = {name.partition("/")[0] for name in weights if of.get(name) == weights[name]}
            kept = {part: kept[part] for part, by in OF_ONE.items() if by in same and part in kept}
        self.found: dict[str, Any] = {**kept, "weights": weights}

    def measure(self, part: str, measure: Callable[[], object]) -> None:
        """Measure a part and write it down, if it is not there yet."""
        if part not in self.found:
            self.found[part] = measure()
            write_report(self.found, self._path)


def write_report(found: dict[str, object], path: Path) -> None:
    """Write the measured figures as JSON."""
    path.write_text(json.dumps(found, indent=2) + "\n")
