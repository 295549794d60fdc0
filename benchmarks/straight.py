"""How near a flow of points comes to its data in few steps, before and after it is straightened.

    python -m benchmarks.straight [--shapes 3] [--seeds 3] [--short]

Prints one JSON object: for every shape and seed the mean distance of what is drawn to the data in
1, 2, 4, 8 and 50 steps, of a network that names noise (DDIM) and of both flows, each trained as the
page trains it; and the ratio that the page states, of one step of the straightened flow to one of
DDIM.
"""

import json
import time
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks._measuring import Arguments
from core.labs.points import train
from core.labs.points_data import make_points
from core.labs.points_field import FLOWING, Reach, measure_reach
from core.labs.points_settings import FLOW, NOISE, SHAPES, STEPS, STRAIGHT, PointSettings
from core.labs.points_worker import DRAWN

COUNTED = ("two moons", "rings", "letters", "spiral")


def measure(shape: str, seed: int, steps: int) -> dict[str, object]:
    """Train all three on one shape, and say how near each comes and how long it took."""
    data, _ = make_points(PointSettings(shape, seed=seed))
    noise = np.random.default_rng(seed).standard_normal((DRAWN, 2)).astype(np.float32)
    found: dict[str, Reach] = {}
    seconds: dict[str, float] = {}
    for goal in (NOISE, STRAIGHT):
        settings = PointSettings(shape, seed=seed, steps=steps, goal=goal)
        began = time.process_time()
        for now in train(settings):
            if now.step % steps == 0:
                named = FLOW if goal == STRAIGHT and now.step == steps else goal
                seconds[named] = round(time.process_time() - began, 1)
                sampler = "DDIM" if goal == NOISE else FLOWING
                found[named] = measure_reach(now.field, sampler, noise, data)
                began = time.process_time()
    ratio = found[STRAIGHT]["apart"][0] / found[NOISE]["apart"][0]
    return {"ratio_at_one_step": ratio, "processor_s": seconds, **found}


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = Arguments(__doc__)
    parser.add_count("shapes", 3, 1, "shapes, of two moons, rings, letters, spiral")
    parser.add_count("seeds", 3, 1, "seeds of each")
    parser.add_count("steps", STEPS, 20, "of every training")
    options = parser.read(argv)
    assert set(COUNTED) < set(SHAPES)
    torch.set_num_threads(1)  # as the lab's own process has
    every = {
        f"{shape}, seed {seed}": measure(shape, seed, options.steps)
        for shape in COUNTED[: options.shapes]
        for seed in range(options.seeds)
    }
    ratios = [float(str(one["ratio_at_one_step"])) for one in every.values()]
    print(json.dumps({"worst_ratio_at_one_step": max(ratios), **every}, indent=1))


if __name__ == "__main__":
    main()
