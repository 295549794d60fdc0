"""Two runs side by side: their distance by hand, one map of colours, and what a branch says."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.engine.request import Request
from core.lessons.generation.branch_data import Branched, changed, say_branch, say_start
from core.lessons.generation.two_runs_data import Pair, join, other_prompt, pair_data, pair_rows
from core.views.run import Run, in_colours, linear_colours


def test_words_to_compare_with_are_never_the_runs_own() -> None:
    first = other_prompt("a cat")
    assert first == "a green apple"
    assert other_prompt(first) not in (first, "")


def moved(run: Run, by: float) -> Run:
    """A run whose latents are all larger by a number from the second place on."""
    path, x0 = run.path.copy(), run.x0 + by
    path[1:] += by * np.arange(1, len(path))[:, None, None, None] / (len(path) - 1)
    return replace(run, path=path, x0=x0, request=replace(run.request, prompt="two dogs"))


def rest(run: Run, call: int) -> Run:
    """The calls of a run from one of them on, as the engine gives a future."""
    rows = {
        name: getattr(run, name)[call:]
        for name in ("steps", "timesteps", "sigmas", "alpha_bars", "path", "eps", "eps_cond", "x0")
    }
    return replace(run, **rows, eps_uncond=None)


def frames(sheet: dict) -> np.ndarray:
    """The frames of a sheet without loss, (n, h, w, 3)."""
    packed = base64.b64decode(sheet["url"].split(",")[1])
    whole = np.asarray(Image.open(io.BytesIO(packed)).convert("RGB"))
    height, width, columns = sheet["height"], sheet["width"], sheet["columns"]
    return np.stack(
        [
            whole[at // columns * height :, at % columns * width :][:height, :width]
            for at in range(sheet["count"])
        ]
    )


def test_distances_are_root_mean_squares_place_by_place(run: Run) -> None:
    pair = Pair(run, moved(run, 3.0))
    np.testing.assert_allclose(pair.of_latents, [0, 1, 2, 3], atol=1e-6)
    np.testing.assert_allclose(pair.of_estimates, [3, 3, 3, 3], atol=1e-6)
    assert pair.parted == 2  # 2 of 3 is the first that is at least half
    assert Pair(run, run).parted is None
    rows = pair_rows(pair)
    assert [row["distance of the noisy latents"] for row in rows] == [0, 1, 2, 3]
    assert rows[0]["timestep t"] == 951.0
    assert rows[-1]["timestep t"] is None


def test_both_runs_have_the_colours_of_one_map(run: Run) -> None:
    other = moved(run, 0.5)
    data = pair_data(Pair(run, other), ("<b>one</b>", "two"))
    json.dumps(data, allow_nan=False)
    colours = linear_colours(run, other)
    for shown, told in zip((run, other), data["runs"], strict=True):
        np.testing.assert_array_equal(frames(told["given"]), in_colours(shown.path, *colours))
        np.testing.assert_array_equal(frames(told["guess"]), in_colours(shown.x0, *colours))
    assert data["runs"][0]["title"] == "<b>one</b>"
    assert len(data["places"]) == len(data["latents"]) == len(data["estimates"]) == 4
    assert data["pictures"]["count"] == 2
    swapped = pair_data(Pair(other, run), ("", ""))
    assert swapped["id"] != data["id"]


def test_colours_of_several_runs_fit_all_their_pictures(run: Run) -> None:
    one = linear_colours(run)
    both = linear_colours(run, run)
    for alone, together in zip(one, both, strict=True):
        np.testing.assert_allclose(alone, together, atol=1e-8)


def test_a_future_is_joined_to_the_calls_before_it(run: Run) -> None:
    whole = moved(run, 1.0)
    pair = join(run, rest(whole, 2), 2)
    assert pair.same_levels
    assert pair.branch == 2
    np.testing.assert_array_equal(pair.second.path[:2], run.path[:2])
    np.testing.assert_array_equal(pair.second.path[2:], whole.path[2:])
    np.testing.assert_array_equal(pair.second.x0, [*run.x0[:2], whole.x0[2]])
    assert join(run, rest(run, 1), 1).of_latents.max() == 0


def test_another_schedulers_future_is_shown_where_it_is_nearest_in_noise(run: Run) -> None:
    """The future makes five calls where two were left; each place takes the one nearest in log."""
    draw = np.random.default_rng(1)
    sigmas = run.sigmas[1] * np.array([1.1, 0.8, 0.55, 0.25, 0.02])
    shape = (5, 4, 2, 3)
    future = replace(
        rest(run, 1), sigmas=sigmas, alpha_bars=1 / (1 + sigmas**2), timesteps=np.arange(5.0),
        path=draw.normal(size=(6, 4, 2, 3)), x0=draw.normal(size=shape),
        eps=draw.normal(size=shape), eps_cond=draw.normal(size=shape),
    )  # fmt: skip
    pair = join(run, future, 1)
    wanted = [int(np.abs(np.log(sigmas / sigma)).argmin()) for sigma in run.sigmas[1:]]
    assert wanted == [0, 3]
    assert not pair.same_levels
    assert pair.parted is None
    np.testing.assert_array_equal(pair.second.x0[1:], future.x0[wanted])
    np.testing.assert_array_equal(pair.second.path[-1], future.path[-1])
    assert len(pair.second.path) == len(run.path)
    data = pair_data(pair, ("", ""))
    assert data["latents"] is None
    assert len(data["estimates"]) == 4
    assert pair_rows(pair)[1]["distance of the noisy latents"] is None


OWN = Request(prompt="a red apple", guidance=5.0, scheduler="ddim", steps=3)


@pytest.mark.parametrize(
    ("changes", "share", "named"),
    [
        ({}, 0.0, "nothing changed"),
        ({"prompt": "**x**"}, 0.0, "other words"),
        ({"negative": "x", "guidance": 2.5}, 0.0, "another “not this”, w = 2.5"),
        ({"scheduler": "dpmpp-2m"}, 0.25, "DPM++ 2M, 25\xa0% fresh noise"),
    ],
)
def test_changes_are_named_without_repeating_what_was_typed(
    changes: dict, share: float, named: str
) -> None:
    assert changed(OWN, replace(OWN, **changes), share) == named


def test_what_became_of_a_change_is_said_with_its_numbers(run: Run) -> None:
    pair = join(run, rest(moved(run, 1.0), 1), 1)
    assert "The first of 3 calls is shared" in say_branch(pair, "other words")
    assert f"{pair.of_estimates[-1]:.2f} apart" in say_branch(pair, "other words")
    same = join(run, rest(run, 1), 1)
    assert "nothing was changed" in say_branch(same, "nothing changed")
    assert "nothing was changed" not in say_branch(same, "w = 3")


def test_what_was_lost_is_said_and_what_was_not_is_not(run: Run) -> None:
    pair = join(run, rest(run, 1), 1)
    level = float(run.alpha_bars[1])
    kept = say_start(pair, Branched(run, 1, level, True), OWN)
    assert "remembers" in kept
    assert "lost" not in kept
    anew = {
        name: say_start(pair, Branched(run, 1, level, False), replace(OWN, scheduler=name))
        for name in ("heun", "dpmpp-2m", "euler-a")
    }
    assert "at its step 2 of 3" in anew["heun"]
    assert "at the same σ" in anew["heun"]
    assert "is lost" not in anew["heun"]
    assert "is lost" in anew["dpmpp-2m"]
    assert "fresh noise of its own" in anew["euler-a"]
    away = say_start(pair, Branched(run, 1, 0.5, False), OWN)
    assert "σ = 1 in place of 1.22" in away


def from_noise(run: Run, alpha_bars: list[float]) -> Run:
    """A run of other noise levels; no signal is an infinite sigma."""
    levels = np.array(alpha_bars)
    with np.errstate(divide="ignore"):
        return replace(run, alpha_bars=levels, sigmas=np.sqrt((1 - levels) / levels))


@pytest.mark.parametrize(
    ("own", "other", "same", "picked"),
    [
        ([0.0, 0.4, 0.9], [0.0, 0.4, 0.9], True, [0, 1, 2]),
        ([0.0, 0.4, 0.9], [2.0**-24, 0.4, 0.9], True, [0, 1, 2]),  # Euler's pure noise
        ([0.0, 0.4, 0.9], [0.01, 0.4, 0.9], False, [0, 1, 2]),
        ([0.01, 0.4, 0.9], [0.0, 0.05, 0.4], False, [1, 2, 2]),
        ([0.0, 0.4, 0.9], [0.0, 0.0, 0.9], False, [0, 2, 2]),
        ([0.01, 0.4, 1.0], [0.0, 0.4, 1.0], False, [1, 1, 2]),
    ],
    ids=range(6),
)
def test_runs_that_begin_at_pure_noise_are_joined_in_finite_numbers(
    run: Run, own: list[float], other: list[float], same: bool, picked: list[int]
) -> None:
    first, future = from_noise(run, own), from_noise(moved(run, 1.0), other)
    pair = join(first, future, 0)
    assert pair.same_levels == same
    np.testing.assert_array_equal(pair.second.x0, future.x0[picked])
    json.dumps([pair_data(pair, ("", "")), pair_rows(pair)], allow_nan=False)


def test_start_at_pure_noise_is_said_without_a_number_that_is_none(run: Run) -> None:
    pair = join(from_noise(run, [0.0, 0.4, 0.9]), rest(run, 0), 0)
    said = {
        level: say_start(pair, Branched(run, 0, level, False), OWN) for level in (0.0, 2.0**-24)
    }
    assert "at the same σ = ∞ (only noise)." in said[0.0]
    assert "σ = 4,096 in place of ∞ (only noise)." in said[2.0**-24]
    there = join(run, rest(from_noise(run, [0.0, 0.4, 0.9]), 0), 0)
    assert "σ = ∞ (only noise) in place of 9.95." in say_start(
        there, Branched(run, 0, 0.0, False), OWN
    )
    assert not any("inf" in one or "nan" in one for one in said.values())
