import base64
import dataclasses
import json

import numpy as np
import pytest

from core.ideas.guidance import guide
from core.ideas.prediction import x0_from_eps
from core.lessons.generation.guidance_data import (
    angles,
    guidance_data,
    guidance_rows,
    packed,
    say_rescaled,
    share_at_limit,
    speckle,
)
from core.views.run import Run


def unpacked(part: dict, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.frombuffer(base64.b64decode(part["values"]), "<i2").reshape(shape)
    return whole * part["unit"]


def test_angles_are_those_of_long_vectors() -> None:
    first = np.array([[[1.0, 0.0]], [[1.0, 0.0]], [[1.0, 1.0]], [[0.0, 0.0]]])
    second = np.array([[[0.0, 2.0]], [[3.0, 0.0]], [[1.0, 0.0]], [[1.0, 0.0]]])
    assert angles(first, second) == pytest.approx([90, 0, 45, 90])


def test_what_travels_gives_the_runs_own_numbers_back(run: Run) -> None:
    drawn = guidance_data(run, True)
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn
    shape = run.eps.shape
    given, uncond, cond = (unpacked(drawn[name], shape) for name in ("given", "uncond", "cond"))
    np.testing.assert_allclose(given, run.path[:-1], atol=2e-4)
    np.testing.assert_allclose(guide(uncond, cond, drawn["weight"]), run.eps, atol=3e-3)


def test_packed_keeps_four_digits_and_takes_zeros() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4)) * 40
    np.testing.assert_allclose(unpacked(packed(values), (3, 4)), values, atol=values.max() / 3e4)
    assert (unpacked(packed(np.zeros((2, 2))), (2, 2)) == 0).all()


def test_large_run_sends_fewer_calls(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.lessons.generation.guidance_data.MOST_NUMBERS", 2 * run.path[0].size)
    drawn = guidance_data(run, True)
    assert len(drawn["places"]) == len(drawn["alphaBars"]) == 2
    assert drawn["places"][-1]["text"].startswith("After 2 of 3 steps")


def test_run_without_guidance_has_nothing_to_take_apart(run: Run) -> None:
    alone = dataclasses.replace(run, eps_uncond=None)
    for told in (guidance_rows, lambda one: guidance_data(one, True)):
        with pytest.raises(ValueError, match="expected another than 1"):
            told(alone)


def test_table_measures_every_call(run: Run) -> None:
    rows = guidance_rows(run)
    assert run.eps_uncond is not None
    added = run.eps_cond[1] - run.eps_uncond[1]
    assert rows[1]["rms of difference"] == pytest.approx(np.sqrt((added**2).mean()), abs=1e-3)
    assert rows[2]["std of the estimate"] == pytest.approx(run.x0[2].std(), abs=1e-3)
    assert len(rows) == 3


def test_spread_of_the_estimate_grows_with_the_weight(run: Run) -> None:
    assert run.eps_uncond is not None
    spreads = [
        x0_from_eps(run.path[0], guide(run.eps_uncond[0], run.eps_cond[0], w), 0.4).std()
        for w in (1, 5, 12)
    ]
    assert spreads[0] < spreads[1] < spreads[2]


def test_limits_and_colours_of_pictures() -> None:
    grey = np.full((4, 4, 3), 128, np.uint8)
    hot = grey.copy()
    hot[0, :, 0] = 255
    hot[0, :, 1] = 0
    assert share_at_limit(grey) == 0
    assert share_at_limit(hot) == pytest.approx(8 / 48)


def test_what_rescaling_did_is_said_as_measured() -> None:
    plain, white = np.full((4, 4, 3), 128, np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert "more room" in say_rescaled(white, plain, True)
    assert "0.0\xa0% of the colour values are at the limit instead of 100.0\xa0%" in say_rescaled(
        white, plain, True
    )
    assert "no better here" in say_rescaled(plain, white, True)
    assert say_rescaled(None, white, True) == ""


def test_noise_that_rescaling_leaves_is_called_noise() -> None:
    hot = np.full((16, 16, 3), 255, np.uint8)
    hot[:8] = 0
    specks = np.random.default_rng(0).integers(60, 200, (16, 16, 3), np.uint8)
    said = say_rescaled(hot, specks, True)  # fewer values at the limit, and ruined all the same
    assert "noise stays in the picture" in said
    assert "more room" not in said
    assert f"{speckle(specks):.1f} of 255 instead of {speckle(hot):.1f}" in said
    assert "predict v" in said
    assert "predict v" not in say_rescaled(hot, specks, False)


def test_speckle_is_the_mean_step_to_the_next_pixel() -> None:
    stripes = np.zeros((4, 4, 3), np.uint8)
    stripes[:, ::2] = 100
    assert speckle(stripes) == pytest.approx(50)  # 100 across, 0 down
    assert speckle(np.full((4, 4, 3), 9, np.uint8)) == 0
