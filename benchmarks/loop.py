"""What our loop costs beside bare diffusers: one prompt to its picture, both in one run.

    python benchmarks/loop.py [--steps 20] [--scheduler ddim] [--repeats 5] [--threads 2]

Ours keeps every step (x_t, both predictions, x0) and hands back a trace; the pipeline hands back
the picture alone. Prints one JSON object: medians in seconds and their ratio (1 is equal, above 1
ours is slower), the same from CPU time, and the largest difference between the two pictures.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline

from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.catalog import builtin_folder
from core.models.loading import load_checkpoint
from core.models.schedulers import make_scheduler


def timed(work: Callable[[], np.ndarray]) -> tuple[float, float, np.ndarray]:
    """Return wall seconds, CPU seconds and the picture."""
    wall, cpu = time.perf_counter(), time.process_time()
    picture = work()
    return time.perf_counter() - wall, time.process_time() - cpu, picture


def main() -> None:
    """Measure both by turns and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompt", default="a red apple")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--scheduler", default="ddim")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.parse_args()

    if options.threads:
        torch.set_num_threads(options.threads)
    checkpoint = load_checkpoint()
    request = Request(prompt=options.prompt, steps=options.steps, scheduler=options.scheduler)
    pipe = StableDiffusionPipeline.from_pretrained(
        builtin_folder(), local_files_only=True, dtype=checkpoint.dtype
    ).to(checkpoint.device)
    pipe.set_progress_bar_config(disable=True)

    def bare() -> np.ndarray:
        pipe.scheduler = make_scheduler(options.scheduler, checkpoint.scheduler_config)
        pictures = pipe(
            request.prompt,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="np",
        ).images
        return (pictures[0] * 255).round().astype(np.uint8)

    ways = {"ours": lambda: run_alone(checkpoint, request).picture, "diffusers": bare}
    found: dict[str, list[tuple[float, float, np.ndarray]]] = {name: [] for name in ways}
    for turn in range(options.repeats + 1):
        for name, way in ways.items():
            measured = timed(way)
            if turn:  # the first is to warm up
                found[name].append(measured)
    medians = {
        name: {
            "wall_s": round(statistics.median(wall for wall, _, _ in runs), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu, _ in runs), 3),
        }
        for name, runs in found.items()
    }
    ours, theirs = (found[name][0][2].astype(int) for name in ways)
    summary = {
        "steps": options.steps,
        "scheduler": options.scheduler,
        "threads": torch.get_num_threads(),
        "device": str(checkpoint.device),
        **medians,
        "ratio_wall": round(medians["ours"]["wall_s"] / medians["diffusers"]["wall_s"], 3),
        "ratio_cpu": round(medians["ours"]["cpu_s"] / medians["diffusers"]["cpu_s"], 3),
        "largest_difference": int(np.abs(ours - theirs).max()),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
