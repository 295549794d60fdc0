"""What sharing U-Net calls brings: pupils all at once, against one after another, in one run.

    python benchmarks/batching.py [--pupils 8] [--steps 20] [--repeats 3] [--threads 2]

Both ways run the built-in model on the same requests (own prompts, seeds, schedulers, guidance) by
turns. Prints one JSON object: medians in seconds, and their ratio (above 1 sharing is faster); the
same from CPU time, which other programs on the machine disturb less; and the U-Net calls.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere

from core.engine.alone import run_alone
from core.engine.batcher import Batcher
from core.engine.loaded import LoadedModel, load_model
from core.engine.request import Request

PROMPTS = ("a red apple", "a cat", "a sunflower", "a whale on a blue background", "a hamburger")
SCHEDULERS = ("ddim", "euler", "dpmpp-2m", "unipc", "ddpm")


def requests_of(pupils: int, steps: int) -> list[Request]:
    """One request a pupil, none equal to another."""
    return [
        Request(
            prompt=PROMPTS[number % len(PROMPTS)],
            scheduler=SCHEDULERS[number % len(SCHEDULERS)],
            seed=number,
            steps=steps,
            guidance=3.0 + number % 4,
        )
        for number in range(pupils)
    ]


def one_after_another(model: LoadedModel, requests: list[Request]) -> int:
    """Run each request alone; returns the U-Net calls."""
    return sum(run_alone(model.checkpoint, request).calls for request in requests)


def all_at_once(model: LoadedModel, requests: list[Request]) -> int:
    """Run all requests in one batcher; returns the U-Net calls."""
    before = model.unet.calls
    batcher = Batcher(load=lambda _: model, threaded=False)
    tickets = [batcher.submit(request, f"pupil {n}") for n, request in enumerate(requests)]
    while batcher.busy:
        batcher.tick()
    assert all(ticket.status().state == "done" for ticket in tickets)
    return model.unet.calls - before


def timed(work: Callable[[], int]) -> tuple[float, float, int]:
    """Return wall seconds, CPU seconds and what the work returns."""
    wall, cpu = time.perf_counter(), time.process_time()
    calls = work()
    return time.perf_counter() - wall, time.process_time() - cpu, calls


def main() -> None:
    """Measure both ways by turns and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pupils", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.parse_args()

    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    model = load_model("emoji128")
    requests = requests_of(options.pupils, options.steps)
    ways = {"one_after_another": one_after_another, "all_at_once": all_at_once}
    for way in ways.values():
        way(model, requests_of(2, 2))  # warm
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            found[name].append(timed(lambda way=way: way(model, requests)))
    medians = {
        name: {
            "wall_s": round(statistics.median(wall for wall, _, _ in runs), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu, _ in runs), 3),
            "unet_calls": runs[0][2],
        }
        for name, runs in found.items()
    }
    apart, together = medians["one_after_another"], medians["all_at_once"]
    summary = {
        "pupils": options.pupils,
        "steps": options.steps,
        "threads": torch.get_num_threads(),
        "device": str(model.checkpoint.device),
        **medians,
        "ratio_wall": round(apart["wall_s"] / together["wall_s"], 2),
        "ratio_cpu": round(apart["cpu_s"] / together["cpu_s"], 2),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
