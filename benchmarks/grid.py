"""What a grid brings: its pictures as one job, against the same pictures one after another.

    python -m benchmarks.grid [--steps 20] [--repeats 3] [--threads 2] [--short]

Four schedulers by four guidance weights, sixteen pictures of the built-in model. Both ways run by
turns in one process, through the same engine: one job of sixteen cells, and sixteen jobs of one
picture, each submitted when the one before it is finished; nothing is stored. Prints one JSON
object: medians in seconds, and their ratio (above 1 the grid is faster); the same from CPU time,
which other programs on the machine disturb less; and the U-Net calls.
"""

import json
from collections.abc import Sequence
from typing import Any

from benchmarks._measuring import Arguments, by_turns, medians, ratios, use_threads
from core.engine.loaded import LoadedModel, load_model
from core.engine.request import Request
from core.engine.work import Work
from core.engine.worker import Worker
from core.engine.works.grid import GridWork

SCHEDULERS = ("ddim", "euler", "dpmpp-2m", "unipc")
WEIGHTS = (1.5, 3.0, 5.0, 7.5)


def cells_of(steps: int) -> tuple[Request, ...]:
    """One request a cell, none equal to another."""
    return tuple(
        Request(prompt="a red apple", scheduler=scheduler, guidance=weight, steps=steps)
        for scheduler in SCHEDULERS
        for weight in WEIGHTS
    )


def run_all(model: LoadedModel, jobs: tuple[Work[Any], ...]) -> int:
    """Run jobs one after another in a fresh engine; returns the U-Net calls."""
    before = model.unet.calls
    worker = Worker(load=lambda _: model, clock=lambda: 0.0, threaded=False)
    for job in jobs:
        ticket = worker.submit(job)
        while worker.busy:
            worker.tick()
        ticket.result()
    return model.unet.calls - before


def main(argv: Sequence[str] | None = None) -> None:
    """Measure both ways by turns and print the medians."""
    parser = Arguments(__doc__)
    parser.add_count("cells", 16, 2)
    parser.add_count("steps", 20, 2)
    parser.add_count("repeats", 3, 1)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.read(argv)
    threads = use_threads(options.threads)
    model = load_model("emoji128")
    cells = cells_of(options.steps)[: options.cells]

    def run(*jobs: Work[Any]) -> int:
        use_threads(threads)  # the engine may have chosen others meanwhile
        return run_all(model, jobs)

    run_all(model, cells_of(2)[:2])  # warm
    ways = {
        "one_after_another": lambda: run(*cells),
        "one_grid": lambda: run(GridWork("emoji128", cells)),
    }
    found = by_turns(ways, options.repeats)
    middle = medians(found)
    summary = {
        "cells": len(cells),
        "steps": options.steps,
        "threads": threads,
        "device": str(model.checkpoint.device),
        **{name: each | {"unet_calls": found[name][0][2]} for name, each in middle.items()},
        **ratios(middle["one_after_another"], middle["one_grid"]),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
