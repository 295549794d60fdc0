"""The small model of faces: what it says of its variance, and what that is worth."""

import numpy as np
import pytest
import torch

from core.models.pixel_model import (
    VARIANCES,
    PixelModel,
    cosine_alpha_bar,
    draw_with_variances,
    finish,
    load_held_out,
    load_pixel_model,
    read_variances,
    spread_steps,
)
from core.training.pixels import build_pixel_model


@pytest.fixture(scope="module")
def shipped() -> PixelModel:
    return load_pixel_model()


def test_held_out_faces_are_whole_bytes(shipped: PixelModel) -> None:
    faces = load_held_out()
    assert faces.shape[1:] == (3, shipped.side, shipped.side)
    levels = (faces + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)


def totals_of(model: PixelModel, count: int, pictures: int) -> dict[str, float]:
    reading = finish(read_variances(model, load_held_out()[:pictures], count))
    totals = {variance: reading.total(variance) for variance in VARIANCES}
    assert all(np.isfinite(total) and total > 0 for total in totals.values())
    return totals


def test_learned_variance_costs_fewest_bits_with_many_steps(shipped: PixelModel) -> None:
    totals = totals_of(shipped, 100, 4)
    assert totals["learned"] < min(totals["fixed small"], totals["fixed large"])


def test_smallest_variance_costs_most_bits_with_few_steps(shipped: PixelModel) -> None:
    totals = totals_of(shipped, 4, 8)
    assert totals["fixed small"] > totals["learned"] > totals["fixed large"]


def test_untrained_model_costs_more(shipped: PixelModel) -> None:
    torch.manual_seed(0)
    faces = load_held_out()[:4]
    trained = finish(read_variances(shipped, faces, 10)).total("learned")
    assert trained < finish(read_variances(build_pixel_model(), faces, 10)).total("learned")


def test_choice_lies_between_the_two_bounds(shipped: PixelModel) -> None:
    reading = finish(read_variances(shipped, load_held_out()[:8], 20))
    assert (reading.beta_tilde[1:] <= reading.beta[1:]).all()
    assert reading.v.min() > -0.1
    assert reading.v.max() < 1.1
    assert np.ptp(reading.v) > 0.01  # it was learned: it is not one number for all times


def test_reading_is_the_same_for_the_same_seed(shipped: PixelModel) -> None:
    faces = load_held_out()[:2]
    first, second = (finish(read_variances(shipped, faces, 5, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first.bits["learned"], second.bits["learned"])


def test_drawing_begins_alike_and_differs_by_the_variance_only(shipped: PixelModel) -> None:
    pictures = finish(draw_with_variances(shipped, 8, each=2))
    assert pictures.shape == (3, 2, shipped.side, shipped.side, 3)
    assert pictures.dtype == np.uint8
    assert not np.array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures, finish(draw_with_variances(shipped, 8, each=2)))


@pytest.mark.parametrize("count", [2, 3, 10, 999, 1000])
def test_steps_rise_from_the_first_timestep_to_the_last(count: int) -> None:
    steps = spread_steps(count)
    assert (int(steps[0]), int(steps[-1]), len(steps)) == (0, 999, count)
    assert (steps.diff() > 0).all()


@pytest.mark.parametrize("count", [0, 1, 1001])
def test_walks_that_cannot_be_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="expected 2 to 1000"):
        spread_steps(count)


def test_schedule_is_the_cosine() -> None:
    alpha_bar = cosine_alpha_bar()
    assert alpha_bar.dtype == torch.float64
    t = (torch.arange(500, dtype=torch.float64) + 1) / 1000
    wanted = torch.cos((t + 0.008) / 1.008 * torch.pi / 2) ** 2
    start = np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    torch.testing.assert_close(alpha_bar[:500], wanted / start, rtol=1e-9, atol=0)
