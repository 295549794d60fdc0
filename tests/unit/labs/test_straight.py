"""A straightened flow needs one step where others need many: three shapes, three seeds.

Trained for a tenth of the page's steps; with ``GLASSBOX_EVERY=1`` as long as on the page, which
takes minutes, as ``benchmarks/straight.py`` does.
"""

import os
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from core.ideas.flow import measure_detour
from core.labs import points as lab_points
from core.labs.points import train
from core.labs.points_data import make_points
from core.labs.points_field import FLOWING, Field, nearest, sample
from core.labs.points_settings import NOISE, STRAIGHT, PointSettings
from core.labs.points_settings import STEPS as ON_THE_PAGE

EVERY = os.environ.get("GLASSBOX_EVERY") == "1"
# Steps of each training, points of a batch, and the share of DDIM's distance that is left at most.
STEPS, BATCH, MOST = (ON_THE_PAGE, lab_points.BATCH, 0.25) if EVERY else (400, 256, 0.75)
SHAPES = ("two moons", "rings", "letters")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as the worker has
    yield
    torch.set_num_threads(before)


def one_step(field: Field, sampler: str, data: np.ndarray, seed: int) -> float:
    """How far what is drawn in one step is from the data, on average."""
    noise = np.random.default_rng(seed).standard_normal((300, 2)).astype(np.float32)
    return float(nearest(sample(field, sampler, 1, noise)[-1], data).mean())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_one_step_of_a_straightened_flow_comes_nearer_than_one_of_ddim(
    shape: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_points, "BATCH", BATCH)
    data, _ = make_points(PointSettings(shape, seed=seed))
    *_, noise = train(PointSettings(shape, seed=seed, steps=STEPS, goal=NOISE))
    straightened = PointSettings(shape, seed=seed, steps=STEPS, goal=STRAIGHT)
    flow, straight = (now.field for now in train(straightened) if now.step in (STEPS, 2 * STEPS))
    ddim = one_step(noise.field, "DDIM", data, seed)
    before, after = (one_step(field, FLOWING, data, seed) for field in (flow, straight))
    assert after <= MOST * ddim
    assert after < before / 2
    start = np.random.default_rng(seed).standard_normal((100, 2)).astype(np.float32)
    bent, even = (measure_detour(sample(field, FLOWING, 50, start)) for field in (flow, straight))
    assert bent > 1.3
    assert even < 1.05
