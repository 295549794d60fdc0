"""Stage small_decoder: a few convolutions learn to answer as the decoder that ships does.

What they learn from is what a film shows: latents on the way of real runs and the estimates made of
them, each beside the picture that the full decoder makes of it.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from safetensors.torch import load_file
from torch import Tensor

from core.ideas.picture_likeness import psnr
from core.models.known_words import WORDS
from core.models.latents import to_bytes
from core.models.small_decoder import (
    FOLDER,
    LEARNED_FROM,
    NAME,
    WEIGHTS,
    decode_quickly,
    digest_of,
    load_small_decoder,
)
from core.nets.small_decoder import SmallDecoder, SmallDecoderConfig
from core.training import export, loop
from core.training.captions import fill, spoken
from core.training.history import CARD, REPORT
from core.training.loop import Again, BatchLoss, Plan
from core.training.restore import restore_stage
from core.training.scenes import COLOUR_NAMES
from core.training.vae import edge_distance

FRESH = 10_000  # steps from nothing; from then on, for a decoder that learned more, gently
PLAN = Plan(
    steps=FRESH,
    lr=2e-3,
    warmup=100,
    weight_decay=1e-4,
    ema=0.999,
    seed=12,
    save_every=250,
    again=(Again(step=FRESH, lr=5e-4),),
)
CONFIG = {"latent_channels": 4, "widths": [72, 56, 32], "blocks": [3, 2, 2]}
BATCH = 32
RUNS, A_PART = 1_024, 32  # of the U-Net; so many side by side
TESTED = 64  # further runs, whose objects the others do not draw
STEPS, GUIDANCE = 20, 5.0
FRAMES = 21  # in a call, as a film asks
KEPT = 7  # of each run's steps, the last always
ON_COLOUR = 0.6
SEED = 2_027
KINDS = ("noisy", "estimates", "last estimates")
GOALS = {"estimates": 30, "last estimates": 33}  # decibels
SHARES = (0.3, 0.4, 0.3)  # of what is learned from; the last is looked at longest
EDGE = 0.02  # weight of the gradients' difference, against blur
WORDINGS = ("{a}", "{a} on a {c} background")


def build_small_decoder() -> SmallDecoder:
    """A fresh small decoder of about half a million parameters."""
    return SmallDecoder(SmallDecoderConfig.from_config(CONFIG))


def make_prompts(folder: Path, *, tested: bool) -> list[str]:
    """What the runs are asked for, all made from the words of the model's own captions.

    Args:
        folder: of the model.
        tested: the prompts of the test, whose objects stand in no others.
    """
    objects = json.loads((folder / WORDS).read_text("utf-8"))["objects"]
    names = sorted(name for group in objects.values() for name in group)
    generator = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(names), generator=generator).tolist()
    learned = [order[TESTED:][run % (len(order) - TESTED)] for run in range(RUNS)]
    places = order[:TESTED] if tested else learned
    prompts = []
    for place in places:
        on_colour = torch.rand((), generator=generator) < ON_COLOUR
        colour = COLOUR_NAMES[int(torch.randint(len(COLOUR_NAMES), (), generator=generator))]
        prompts.append(fill(WORDINGS[int(on_colour)], spoken(names[place]), colour))
    return prompts


@torch.inference_mode()
def walk(
    pipeline: StableDiffusionPipeline, prompts: Sequence[str], generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Go from noise to pictures with DDIM.

    Args:
        pipeline: with a DDIM scheduler.
        prompts: one a run.
        generator: of the noise.

    Yields:
        Before each call the noisy latents, and the estimate made of them, both (B, 4, 16, 16) at
        unit scale; at the end once more what is left, as both.
    """
    words, none = pipeline.encode_prompt(list(prompts), pipeline.device, 1, True)[:2]
    assert words is not None
    assert none is not None
    both = torch.cat([none, words])
    scheduler = pipeline.scheduler
    scheduler.set_timesteps(STEPS)
    side = pipeline.unet.config.sample_size
    x = torch.randn(len(prompts), 4, side, side, generator=generator).to(pipeline.device)
    for t in scheduler.timesteps:
        without, with_prompt = pipeline.unet(
            torch.cat([x, x]), t, encoder_hidden_states=both
        ).sample.chunk(2)
        step = scheduler.step(without + GUIDANCE * (with_prompt - without), t, x)
        yield x, step.pred_original_sample
        x = step.prev_sample
    yield x, x


def make_pairs(
    pipeline: StableDiffusionPipeline, prompts: Sequence[str], folder: Path
) -> dict[str, Tensor]:
    """Latents beside the full decoder's pictures of them; parts that are there are not made again.

    Args:
        pipeline: the model.
        prompts: one a run.
        folder: where parts are kept.

    Returns:
        "latents": (n, 4, 16, 16); "pictures": (n, 3, 128, 128), uint8; "kind": place
        in ``KINDS``, (n,).
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, start in enumerate(range(0, len(prompts), A_PART)):
        file = folder / f"{number:03}.safetensors"
        if not file.exists():
            generator = torch.Generator().manual_seed(SEED + start)
            loop.save_whole(_make_part(pipeline, prompts[start : start + A_PART], generator), file)
            print(f"{start + A_PART} of {len(prompts)} runs decoded", flush=True)
        parts.append(load_file(file))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


@torch.inference_mode()
def _make_part(
    pipeline: StableDiffusionPipeline, prompts: Sequence[str], generator: torch.Generator
) -> dict[str, Tensor]:
    walked = list(walk(pipeline, prompts, generator))
    noisy, estimates = (torch.stack(seen, dim=1) for seen in zip(*walked, strict=True))
    latents, kinds = [], []
    for run in range(len(prompts)):
        steps = torch.randperm(STEPS - 1, generator=generator)[: KEPT - 1].tolist()
        latents += [noisy[run, steps], estimates[run, steps], estimates[run, STEPS - 1 :]]
        kinds += [0] * len(steps) + [1] * len(steps) + [2, 2]
    whole = torch.cat(latents)
    decoded = [
        pipeline.vae.decode(some / pipeline.vae.config.scaling_factor).sample
        for some in whole.split(16)
    ]
    pictures = to_bytes(torch.cat(decoded) / 2 + 0.5)
    return {"latents": whole.cpu(), "pictures": pictures, "kind": torch.tensor(kinds)}


def decoder_loss(
    decoder: SmallDecoder, pairs: dict[str, Tensor], device: torch.device
) -> BatchLoss:
    """The loss of one step: how far its pictures are from the full decoder's.

    Args:
        decoder: to be trained.
        pairs: from ``make_pairs``.
        device: of the decoder.
    """
    weights = torch.tensor(SHARES)[pairs["kind"]] / pairs["kind"].bincount()[pairs["kind"]]

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        chosen = torch.multinomial(weights, BATCH, generator=generator)
        wanted = pairs["pictures"][chosen].to(device).float() / 127.5 - 1
        given = pairs["latents"][chosen].to(device)
        found = decoder(given).float()
        square = F.mse_loss(found, wanted)
        edge = edge_distance(found, wanted)
        decibels = 10 * torch.log10(4 / square.detach())
        return {"loss": square + EDGE * edge, "square": square, "edge": edge, "psnr": decibels}

    return batch_loss


def measure(decoder: SmallDecoder, pairs: dict[str, Tensor]) -> dict[str, dict[str, float]]:
    """How near its pictures come to the full decoder's, in decibels.

    Args:
        decoder: as it ships.
        pairs: of prompts that it did not learn from.

    Returns:
        For each kind of latents the mean PSNR of its pictures, the tenth that is worst, the worst.
    """
    found = torch.cat([decode_quickly(decoder, some) for some in pairs["latents"].split(32)])
    pairs_of_pixels = zip(found.permute(0, 3, 1, 2).numpy(), pairs["pictures"].numpy(), strict=True)
    decibels = np.array([psnr(small, full) for small, full in pairs_of_pixels])
    return {
        name: {
            "pictures": len(some),
            "psnr_db": round(float(some.mean()), 2),
            "tenth_db": round(float(np.quantile(some, 0.1)), 2),
            "worst_db": round(float(some.min()), 2),
        }
        for name, some in (
            (name, decibels[pairs["kind"].numpy() == kind]) for kind, name in enumerate(KINDS)
        )
    }


def restore(runs: Path, folder: Path = FOLDER) -> int:
    """Write the small decoder that ships as the checkpoint of its stage.

    Args:
        runs: the run's folder.
        folder: of the small decoder.

    Returns:
        How many steps it has behind it.

    Raises:
        ExplainerError: the run has a small decoder of its own.
    """
    return restore_stage(load_small_decoder(folder)[0], folder, runs / "small_decoder")


def ship(
    run_folder: Path, vae: Any, pairs: dict[str, Tensor], target: Path = FOLDER
) -> dict[str, object]:
    """Measure the averaged weights and write them, with what was measured, into the project.

    Args:
        run_folder: the stage's, with its checkpoint.
        vae: the full decoder that it learned from.
        pairs: of prompts that it did not learn from.
        target: the small decoder's folder; what is there is replaced.

    Returns:
        What was measured.
    """
    decoder = build_small_decoder()
    steps = loop.load_weights(run_folder, decoder, averaged=True)
    decoder.half().float().eval()  # as it ships
    milliseconds = measure_time(decoder, vae)
    found: dict[str, Any] = {"trained_steps": steps, "psnr": measure(decoder, pairs)} | milliseconds
    config = CONFIG | {LEARNED_FROM: digest_of(vae)}
    device = (run_folder / "device.txt").read_text().strip()
    with export.replaced(target) as fresh:
        export.write_network(fresh, NAME, config, decoder.state_dict())
        (fresh / REPORT).write_text(json.dumps(found, indent=2) + "\n")
        export.thin(run_folder / "log.csv", fresh / "training.csv")
        (fresh / CARD).write_text(write_card(found, (fresh / WEIGHTS).stat().st_size, device))
    return found


@torch.inference_mode()
def measure_time(decoder: SmallDecoder, vae: Any) -> dict[str, float]:  # Any: AutoencoderKL
    """Milliseconds a frame that both decoders take, the least of several tries, and the threads."""
    latents = torch.randn(FRAMES, CONFIG["latent_channels"], 16, 16)

    def least(draw: Callable[[], object]) -> float:
        seconds = []
        for _ in range(6):
            began = time.perf_counter()
            draw()
            seconds.append(time.perf_counter() - began)
        return round(1000 * min(seconds) / FRAMES, 2)

    return {
        "frame_ms": least(lambda: decode_quickly(decoder, latents)),
        "full_frame_ms": least(lambda: vae.decode(latents).sample),
        "threads": torch.get_num_threads(),
    }


def write_card(found: Mapping[str, Any], size: int, device: str) -> str:  # Any: JSON
    """The small decoder's card in Markdown.

    Args:
        found: what ``ship`` measured.
        size: of its weights, bytes.
        device: what it was trained on, in words.
    """
    rows = [
        f"{name}, {row['pictures']} pictures (a tenth is below {row['tenth_db']} dB, the worst at "
        f"{row['worst_db']} dB) | {f'at least {GOALS[name]} dB' if name in GOALS else ''} "
        f"| {row['psnr_db']} dB | {_say(row['psnr_db'] >= GOALS[name]) if name in GOALS else ''} |"
        for name, row in found["psnr"].items()
    ]
    rows += [
        f"size of the weights | at most 1 MB | {size / 1e6:.2f} MB | {_say(size <= 1e6)} |",
        f"a frame, {FRAMES} in a call, CPU threads: {found['threads']}; the autoencoder takes "
        f"{found['full_frame_ms']} ms | at most 4 ms | {found['frame_ms']} ms "
        f"| {_say(found['frame_ms'] <= 4)} |",
    ]
    return CARD_TEXT.format(
        rows="\n".join(f"| {row}" for row in rows),
        steps=f"{found['trained_steps']:,}",
        runs=f"{RUNS:,}",
        tested=TESTED,
        batch=BATCH,
        device=device,
    )


def _say(reached: bool) -> str:
    return "yes" if reached else "**no**"


CARD_TEXT = """# frames128: the small decoder of films

A few plain convolutions that turn latents of the built-in model into pictures nearly as its
autoencoder does, for the frames of a film. The finished picture, and whatever is compared pixel by
pixel, is the autoencoder's. It answers for one decoder's weights alone, whose digest is in
`config.json`; with others it is left aside. The idea is that of tiny autoencoders (Boer Bohan 2023,
TAESD); architecture, weights and code are our own. Apache-2.0.

## Measured

Peak signal-to-noise ratio to the autoencoder's own pictures of the same latents, on {tested} runs
of prompts whose objects it did not learn from; what a frame takes, and how large it is.

| measured | wanted | found | reached |
| --- | --- | --- | --- |
{rows}

## How it was made

`python -m core.training small_decoder`: {steps} steps of {batch} frames, {device}. Learned from
{runs} runs of the built-in model (20 steps of DDIM, guidance 5), of each some noisy latents and
estimates, always the last. Squared error and a little of that of the gradients, averaged weights,
half precision.
"""
