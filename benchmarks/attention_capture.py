"""What it costs to read the attention of a run: time against the plain run, and memory.

Both run by turns in one process, the same request, the same picture. Prints one JSON object:
medians in seconds and their ratio (1 is equal, 1.3 the most it may be), the same from CPU time, the
memory of all maps and by how much the process grew, and the largest difference of the pictures.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere

import numpy as np
import torch

from core.engine.alone import run_alone
from core.engine.loaded import LoadedModel
from core.engine.looks.attention import AttentionLook
from core.engine.looks.look import finish
from core.engine.request import Request, validated
from core.models.loading import load_checkpoint

MOST_RATIO, MOST_MB = 1.3, 100


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:  # Any: a trace or what was seen
    """Return wall seconds, CPU seconds and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def most_memory() -> float:
    """Return the most megabytes that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Measure both by turns and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompt", default="a red apple on a blue background")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    checkpoint = load_checkpoint()
    loaded = LoadedModel(checkpoint, 0)
    request = validated(Request(prompt=options.prompt, steps=options.steps))
    look = AttentionLook(request.model, request)
    ways = {
        "plain": lambda: run_alone(checkpoint, request),
        "with_capture": lambda: finish(look.read(loaded)),
    }
    timed(ways["plain"])  # to warm up
    before = most_memory()
    timed(ways["with_capture"])
    grown = most_memory() - before
    found: dict[str, list[tuple[float, float, Any]]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            found[name].append(timed(way))
    medians = {
        name: {
            "wall_s": round(statistics.median(run[0] for run in runs), 3),
            "cpu_s": round(statistics.median(run[1] for run in runs), 3),
        }
        for name, runs in found.items()
    }
    plain, seen = (found[name][0][2] for name in ways)
    ratios = {
        kind: round(medians["with_capture"][f"{kind}_s"] / medians["plain"][f"{kind}_s"], 3)
        for kind in ("wall", "cpu")
    }
    maps_mb = seen.bytes / 1e6
    summary = {
        "steps": options.steps,
        "threads": torch.get_num_threads(),
        "device": str(checkpoint.device),
        **medians,
        "ratio_wall": ratios["wall"],
        "ratio_cpu": ratios["cpu"],
        "maps_mb": round(maps_mb, 1),
        "process_grew_mb": round(grown, 1),
        "averaged": list(seen.pooled),
        "largest_difference": int(np.abs(seen.picture.astype(int) - plain.picture).max()),
        "reached": ratios["cpu"] <= MOST_RATIO and max(maps_mb, grown) <= MOST_MB,
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
