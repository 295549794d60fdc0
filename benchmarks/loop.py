"""What our loop costs beside bare diffusers: one prompt to its picture, both in one run.

    python -m benchmarks.loop [--steps 20] [--scheduler ddim] [--repeats 5] [--threads 2] [--short]

Ours keeps every step (x_t, both predictions, x0) and hands back a trace; the pipeline hands back
the picture alone. Prints one JSON object: medians in seconds and their ratio (1 is equal, above 1
ours is slower), the same from CPU time, and the largest difference between the two pictures. Where
the runtime of requirements-fast.txt is installed, ours is timed with it as well, once it is built.
"""

import json
from collections.abc import Sequence

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline

from benchmarks._measuring import Arguments, by_turns, medians, ratios, use_threads
from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.catalog import builtin_folder
from core.models.fast_unet import find_fast_unet
from core.models.loading import load_checkpoint
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.names import find_scheduler

BOUND, FAST_BOUND = 1.05, 0.70  # of bare diffusers' time


def main(argv: Sequence[str] | None = None) -> None:
    """Measure both by turns and print the medians."""
    parser = Arguments(__doc__)
    parser.add_argument("--prompt", default="a red apple")
    parser.add_count("steps", 20, 2)
    parser.add_argument("--scheduler", default="ddim")
    parser.add_count("repeats", 5, 1)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.read(argv)
    threads = use_threads(options.threads)
    checkpoint, scheduler = load_checkpoint(), find_scheduler(options.scheduler)
    request = Request(prompt=options.prompt, steps=options.steps, scheduler=options.scheduler)
    pipe = StableDiffusionPipeline.from_pretrained(
        builtin_folder(), local_files_only=True, dtype=checkpoint.dtype
    ).to(checkpoint.device)
    pipe.set_progress_bar_config(disable=True)

    def bare() -> np.ndarray:
        pipe.scheduler = make_scheduler(scheduler, checkpoint.scheduler_config)
        pictures = pipe(
            request.prompt,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="np",
        ).images
        return (pictures[0] * 255).round().astype(np.uint8)

    ways = {"ours": lambda: run_alone(checkpoint, request).picture, "diffusers": bare}
    fast = find_fast_unet(checkpoint, threads)
    if fast is not None and fast.wait():
        ways["fast"] = lambda: run_alone(checkpoint, request, fast=fast).picture
    by_turns(ways, 1)  # to warm up
    found = by_turns(ways, options.repeats)
    middle = medians(found)
    pictures = {name: found[name][0][2].astype(int) for name in ways}
    differs = {
        name: int(np.abs(one - pictures["diffusers"]).max()) for name, one in pictures.items()
    }
    summary = {
        "steps": options.steps,
        "scheduler": options.scheduler,
        "threads": threads,
        "device": str(checkpoint.device),
        **middle,
        **ratios(middle["ours"], middle["diffusers"]),
        "largest_difference": differs["ours"],
        "bound_wall": BOUND,
    }
    if fast is not None and "fast" in ways:
        summary["fast_runtime"] = {
            "computer": fast.said,
            **ratios(middle["fast"], middle["diffusers"]),
            "largest_difference": differs["fast"],
            "bound_wall": FAST_BOUND,
        }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
