"""What a grid brings: its pictures as one job, against the same pictures one after another.

    python benchmarks/grid.py [--steps 20] [--repeats 3] [--threads 2]

Four schedulers by four guidance weights, sixteen pictures of the built-in model. Both ways run by
turns in one process, through the same engine: one job of sixteen cells, and sixteen jobs of one
picture, each submitted when the one before it is finished; nothing is stored. Prints one JSON
object: medians in seconds, and their ratio (above 1 the grid is faster); the same from CPU time,
which other programs on the machine disturb less; and the U-Net calls.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere

from batching import timed

from core.engine.batcher import Batcher
from core.engine.loaded import LoadedModel, load_model
from core.engine.looks.grid import GridLook
from core.engine.looks.look import Look
from core.engine.request import Request

SCHEDULERS = ("ddim", "euler", "dpmpp-2m", "unipc")
WEIGHTS = (1.5, 3.0, 5.0, 7.5)


def cells_of(steps: int) -> tuple[Request, ...]:
    """One request a cell, none equal to another."""
    return tuple(
        Request(prompt="a red apple", scheduler=scheduler, guidance=weight, steps=steps)
        for scheduler in SCHEDULERS
        for weight in WEIGHTS
    )


def run_all(model: LoadedModel, jobs: tuple[Request | Look, ...]) -> int:
    """Run jobs one after another in a fresh engine; returns the U-Net calls."""
    before = model.unet.calls
    batcher = Batcher(load=lambda _: model, clock=lambda: 0.0, threaded=False)
    for job in jobs:
        ticket = batcher.submit(job)
        while batcher.busy:
            batcher.tick()
        ticket.result()
    return model.unet.calls - before


def main() -> None:
    """Measure both ways by turns and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.parse_args()

    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    threads = torch.get_num_threads()
    model = load_model("emoji128")
    cells = cells_of(options.steps)
    ways: dict[str, tuple[Request | Look, ...]] = {
        "one_after_another": cells,
        "one_grid": (GridLook("emoji128", cells),),
    }
    run_all(model, cells_of(2)[:2])  # warm
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, jobs in ways.items():
            torch.set_num_threads(threads)
            found[name].append(timed(lambda jobs=jobs: run_all(model, jobs)))
    medians = {
        name: {
            "wall_s": round(statistics.median(wall for wall, _, _ in runs), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu, _ in runs), 3),
            "unet_calls": runs[0][2],
        }
        for name, runs in found.items()
    }
    apart, together = medians["one_after_another"], medians["one_grid"]
    summary = {
        "cells": len(cells),
        "steps": options.steps,
        "threads": threads,
        "device": str(model.checkpoint.device),
        **medians,
        "ratio_wall": round(apart["wall_s"] / together["wall_s"], 2),
        "ratio_cpu": round(apart["cpu_s"] / together["cpu_s"], 2),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
