"""What it costs to read the attention of a run: time against the plain run, and memory.

Both run by turns in one process, the same request, the same picture. Prints one JSON object:
medians in seconds and their ratio (1 is equal, 1.3 the most it may be), the same from CPU time, the
memory of all maps and by how much the process grew, and the largest difference of the pictures.
"""

import json
import resource
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks._measuring import Arguments, by_turns, medians, ratios, timed, use_threads
from core.engine.alone import run_alone
from core.engine.request import Request, validated
from core.engine.works.attention import AttentionWork
from core.models.loading import load_checkpoint

MOST_RATIO, MOST_MB = 1.3, 100


def most_memory() -> float:
    """Return the most megabytes that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main(argv: Sequence[str] | None = None) -> None:
    """Measure both by turns and print the medians."""
    parser = Arguments(__doc__)
    parser.add_argument("--prompt", default="a red apple on a blue background")
    parser.add_count("steps", 50, 2)
    parser.add_count("repeats", 5, 1)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.read(argv)
    threads = use_threads(options.threads)
    checkpoint = load_checkpoint()
    request = validated(Request(prompt=options.prompt, steps=options.steps))
    look = AttentionWork(request.model, request)
    ways = {
        "plain": lambda: run_alone(checkpoint, request),
        "with_capture": lambda: run_alone(checkpoint, look),
    }
    timed(ways["plain"])  # to warm up
    before = most_memory()
    timed(ways["with_capture"])
    grown = most_memory() - before
    found = by_turns(ways, options.repeats)
    middle = medians(found)
    plain, seen = (found[name][0][2] for name in ways)
    ratio = ratios(middle["with_capture"], middle["plain"])
    maps_mb = seen.bytes / 1e6
    summary = {
        "steps": options.steps,
        "threads": threads,
        "device": str(checkpoint.device),
        **middle,
        **ratio,
        "maps_mb": round(maps_mb, 1),
        "process_grew_mb": round(grown, 1),
        "averaged": list(seen.pooled),
        "largest_difference": int(np.abs(seen.picture.astype(int) - plain.picture).max()),
        "reached": ratio["ratio_cpu"] <= MOST_RATIO and max(maps_mb, grown) <= MOST_MB,
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
