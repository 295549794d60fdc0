"""What the device that the app would choose gives: a run beside bare diffusers, and wide calls.

    python -m benchmarks.device [--rows 64] [--steps 20] [--repeats 5] [--pixels 512] [--short]

On the built-in model, and on one of random weights in the shape of Stable Diffusion 1.5 (where
there is no GPU, or with --short, a narrow one). Each is drawn, at its own size where that is
allowed, by our loop and by diffusers' pipeline of the very same networks, by turns; then its U-Net
is called with 1, 2, 4 ... rows. On a GPU both compute in half precision. Prints one JSON object:
medians in seconds, the ratio (1 is equal, above 1 ours is slower), the largest difference between
both pictures, milliseconds a row by the number of rows, and the peak of the GPU's memory.
"""

import json
import statistics
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from transformers import CLIPTokenizer

from benchmarks._measuring import Arguments, by_turns, medians, ratios
from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.catalog import builtin_folder, offer
from core.models.loading import Checkpoint, load_checkpoint
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.names import find_scheduler

SCHEDULER = "ddim"
WIDE, NARROW = (320, 128), (32, 32)  # first-level channels of U-Net and autoencoder


def main(argv: Sequence[str] | None = None) -> None:
    """Measure both models and print the figures."""
    parser = Arguments(__doc__)
    parser.add_count("rows", 64, 2, "most rows of a call")
    parser.add_count("steps", 20, 2)
    parser.add_count("repeats", 5, 1)
    parser.add_count("pixels", 512, 128, "most of a picture's side")
    options = parser.read(argv)
    width, vae = NARROW if options.short or not torch.cuda.is_available() else WIDE
    with tempfile.TemporaryDirectory() as made:
        models = {"emoji128": "emoji128", "random": _random_model(width, vae, Path(made))}
        told = {name: _measure(load_checkpoint(model), options) for name, model in models.items()}
    print(json.dumps({"width_of_random": width, "steps": options.steps, **told}, indent=2))


def _random_model(width: int, vae: int, folder: Path) -> str:
    """Write a model of random weights as one file; returns its name in the catalog."""
    from tests.single_file import build, save

    return offer(save(build("sd1", width, vae), folder / "random.safetensors")).id


def _measure(checkpoint: Checkpoint, options: Namespace) -> dict[str, object]:
    """One picture by both ways, then calls of more and more rows."""
    steps, repeats = options.steps, options.repeats
    height, width = (min(own, options.pixels) for own in (checkpoint.height, checkpoint.width))
    on_gpu = checkpoint.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    request = Request(model=checkpoint.id, prompt="a red apple", steps=steps, scheduler=SCHEDULER,
                      height=height, width=width)  # fmt: skip
    pipe = _pipeline(checkpoint)

    def bare() -> np.ndarray:
        pipe.scheduler = make_scheduler(find_scheduler(SCHEDULER), checkpoint.scheduler_config)
        pictures = pipe(
            request.prompt,
            num_inference_steps=steps,
            guidance_scale=request.guidance,
            height=height,
            width=width,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="np",
        ).images
        return (pictures[0] * 255).round().astype(np.uint8)

    ways = {"ours": lambda: run_alone(checkpoint, request).picture, "diffusers": bare}
    by_turns(ways, 1)  # to warm up
    found = by_turns(ways, repeats)
    middle = medians(found)
    ours, theirs = (found[name][0][2].astype(int) for name in ways)
    return {
        "device": str(checkpoint.device),
        "dtype": str(checkpoint.dtype),
        "pixels": height,
        **middle,
        **ratios(middle["ours"], middle["diffusers"]),
        "largest_difference": int(np.abs(ours - theirs).max()),
        "ms_a_row": _wide_calls(checkpoint, height, options.rows, repeats),
        "peak_mb": round(torch.cuda.max_memory_allocated() / 1e6) if on_gpu else None,
    }


def _pipeline(checkpoint: Checkpoint) -> Any:  # Any: a pipeline
    """Diffusers' pipeline of a checkpoint's own networks."""
    pipe = StableDiffusionPipeline(
        vae=checkpoint.vae,
        text_encoder=checkpoint.text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(builtin_folder() / "tokenizer"),
        unet=checkpoint.unet,
        scheduler=make_scheduler(find_scheduler(SCHEDULER), checkpoint.scheduler_config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.inference_mode()
def _wide_calls(checkpoint: Checkpoint, pixels: int, most: int, repeats: int) -> dict[int, float]:
    """Milliseconds a row of one call of the U-Net, by how many rows it has."""
    side = pixels // checkpoint.vae_scale
    states = checkpoint.unet.config.cross_attention_dim
    found: dict[int, float] = {}
    rows = 1
    while rows <= most:
        of = {"device": checkpoint.device, "dtype": checkpoint.dtype}
        latents = torch.zeros(rows, checkpoint.unet.config.in_channels, side, side, **of)
        said = torch.zeros(rows, 77, states, **of)
        call = _finished(lambda: checkpoint.unet(latents, 500, said), checkpoint.device)  # noqa: B023  # called at once
        call()
        took = [run[0] for run in by_turns({"call": call}, repeats)["call"]]
        found[rows] = round(1000 * statistics.median(took) / rows, 3)
        rows *= 2
    return found


def _finished(call: Callable[[], object], device: torch.device) -> Callable[[], None]:
    """A call that returns once the device has computed it."""

    def finished() -> None:
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return finished


if __name__ == "__main__":
    main()
