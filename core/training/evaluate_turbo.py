"""What the LoRA for few calls draws, beside the teacher in many and beside DDIM in as few.

All draw the same prompts from the same noise: what a class types first, each with a fixed seed.
What needs no LoRA is drawn once for a U-Net and kept.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from safetensors.torch import load_file
from torch import Tensor

from core.ideas.picture_likeness import psnr
from core.models.latents import to_bytes
from core.nets.lora import Lora, adapted
from core.training import loop
from core.training.captions import Caption
from core.training.evaluate import GUIDANCE, STEPS, Drawn, draw, judge_drawn, typed_prompts
from core.training.judge import Judge
from core.training.pictures import PictureBank

CALLS = (1, 2, 4, 8)
VARIED, SEEDS = 12, 6  # prompts, the first of all, each drawn from so many seeds
KEPT = ("top1_percent", "top5_percent", "background_percent")


def varied_prompts(bank: PictureBank) -> list[Caption]:
    """A few prompts, each many times, so that each is drawn from several seeds."""
    return [caption for caption in typed_prompts(bank)[:VARIED] for _ in range(SEEDS)]


def draw_guided(
    pipeline: StableDiffusionPipeline, bank: PictureBank, folder: Path
) -> dict[str, Tensor]:
    """Draw what needs no LoRA; what is there is not drawn again.

    Args:
        pipeline: the model that ships.
        bank: the pictures, for the prompts.
        folder: where pictures are kept, one file a way of drawing.

    Returns:
        By way of drawing ("teacher", "ddim_4", ..., "varied" of the teacher), pictures (n, 3, 128,
        128), uint8.
    """
    config = pipeline.scheduler.config

    def drawn(captions: list[Caption], steps: int, *, few: bool = True) -> Tensor:
        # A few steps must begin where there is most noise; the teacher runs as it is judged.
        spacing = {"timestep_spacing": "trailing"} if few else {}
        pipeline.scheduler = DDIMScheduler.from_config(dict(config) | spacing)
        return draw(pipeline, captions, steps, GUIDANCE).pictures

    typed = typed_prompts(bank)
    ways = {"teacher": lambda: drawn(typed, STEPS, few=False)}
    ways |= {f"ddim_{calls}": partial(drawn, typed, calls) for calls in CALLS}
    ways["varied"] = lambda: drawn(varied_prompts(bank), STEPS, few=False)
    return {name: _kept(folder / f"{name}.safetensors", way) for name, way in ways.items()}


def draw_in_few(
    pipeline: StableDiffusionPipeline, lora: Lora, captions: list[Caption], calls: int
) -> Tensor:
    """Draw with the LoRA, by the scheduler LCM and without guidance.

    Args:
        pipeline: the model that ships.
        lora: for few calls.
        captions: one a picture.
        calls: of the U-Net.

    Returns:
        Pictures, (n, 3, 128, 128), uint8.
    """
    pipeline.scheduler = LCMScheduler.from_config(pipeline.scheduler.config)
    with adapted(pipeline.unet, [lora], torch.ones(1, 1)):
        return _bytes(draw(pipeline, captions, calls, guidance=1.0).pictures)


def measure(
    pipeline: StableDiffusionPipeline,
    lora: Lora,
    judge: Judge,
    bank: PictureBank,
    folder: Path,
    device: torch.device,
) -> dict[str, object]:
    """Judge all ways of drawing, and tell how near and how varied those in few calls are.

    Args:
        pipeline: the model that ships.
        lora: for few calls.
        judge: names what was drawn.
        bank: the pictures.
        folder: where pictures are kept that need no LoRA.
        device: of the judge.

    Returns:
        "teacher": how it draws, and the judge's shares in percent; "ddim" and "turbo": shares for
        each number of calls, and the mean PSNR to the teacher's picture of the same noise;
        "variety": mean RMS distance between pictures of one prompt, 0 to 1, for the teacher and
        each number of calls.
    """
    captions = typed_prompts(bank)
    guided = draw_guided(pipeline, bank, folder)
    few = {calls: draw_in_few(pipeline, lora, captions, calls) for calls in CALLS}

    def judged(pictures: Tensor) -> dict[str, object]:
        drawn = Drawn(captions, pictures.float() / 127.5 - 1)
        found = judge_drawn(judge, drawn, bank, device)
        return {name: found[name] for name in KEPT}

    def row(calls: int, pictures: Tensor) -> dict[str, object]:
        near = fmean(
            psnr(a, b) for a, b in zip(pictures.numpy(), guided["teacher"].numpy(), strict=True)
        )
        return {"calls": calls} | judged(pictures) | {"psnr_db": round(near, 2)}

    varied = {calls: draw_in_few(pipeline, lora, varied_prompts(bank), calls) for calls in CALLS}
    return {
        "prompts": len(captions),
        "teacher": {"steps": STEPS, "guidance": GUIDANCE} | judged(guided["teacher"]),
        "ddim": [row(calls, guided[f"ddim_{calls}"]) for calls in CALLS],
        "turbo": [row(calls, few[calls]) for calls in CALLS],
        "variety": {
            "prompts": VARIED,
            "seeds": SEEDS,
            "teacher": round(variety(guided["varied"]), 4),
            "turbo": [
                {"calls": calls, "rms": round(variety(pictures), 4)}
                for calls, pictures in varied.items()
            ],
        },
    }


def variety(pictures: Tensor, seeds: int = SEEDS) -> float:
    """How far pictures of one prompt lie apart.

    Args:
        pictures: of several prompts, each from ``seeds`` seeds in a row, (n, 3, H, W), uint8.
        seeds: how many.

    Returns:
        RMS distance between two of one prompt, the mean of all pairs; 1 is black against white.
    """
    values = pictures.float().flatten(1).unflatten(0, (-1, seeds)) / 255  # (prompts, seeds, n)
    size = values.shape[-1] ** 0.5
    return fmean(float(torch.pdist(of).mean()) / size for of in values)


def _kept(file: Path, make: Callable[[], Tensor]) -> Tensor:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        loop.save_whole({"pictures": _bytes(make())}, file)
        print(f"{file.stem} drawn", flush=True)
    return load_file(file)["pictures"]


def _bytes(pictures: Tensor) -> Tensor:
    """Pictures in [-1, 1] as uint8."""
    return to_bytes(pictures / 2 + 0.5)
