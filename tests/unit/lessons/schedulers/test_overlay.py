"""What the overlay hands to the browser: the plans' own numbers on every axis."""

import json

import numpy as np
import pytest

from core.engine.request import Request
from core.lessons.schedulers.overlay_data import (
    OPENING,
    SPACED,
    level_rows,
    opening,
    overlay_data,
    overlay_paths,
    places,
    requests_of,
)
from core.models.schedulers.plans import plan_run
from core.models.schedulers.table import SCHEDULERS
from core.views.theme import PAGE, contrast

SD15 = {
    "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
    "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True,
    "steps_offset": 1, "timestep_spacing": "leading",
}  # fmt: skip


def curves(steps: int = 20, scheduler: str = "ddim", params: tuple = ()) -> dict[str, dict]:
    paths = overlay_paths(SD15, steps, scheduler, params)
    data = json.loads(json.dumps(overlay_data(SD15, paths, scheduler, steps), allow_nan=False))
    return {curve["id"]: curve for curve in data["curves"]}


def test_every_scheduler_has_a_curve_with_its_calls() -> None:
    found = curves()
    assert set(found) == {*SCHEDULERS, *(spaced.id for spaced in SPACED)}
    assert set(OPENING) <= set(found)
    assert (found["ddim"]["calls"], found["heun"]["calls"], found["pndm"]["calls"]) == (20, 39, 21)
    for name, curve in found.items():
        assert len(curve["t"]) == len(curve["step"]) == curve["calls"], name
        for axis in ("place", "sigma", "alpha", "db"):
            assert len(curve[axis]) == curve["calls"] + 1, name


def test_axes_say_the_same_level() -> None:
    curve = curves()["heun"]
    sigma = np.array(curve["sigma"])
    np.testing.assert_allclose(curve["alpha"], 1 / (1 + sigma**2), rtol=1e-5)
    np.testing.assert_allclose(curve["db"][:-1], -20 * np.log10(sigma[:-1]), atol=1e-3)
    assert curve["sigma"][-1] == 0
    assert curve["db"][-1] is None  # an infinite ratio
    assert curves()["ddim"]["db"][-1] == pytest.approx(30.7, abs=0.1)  # ends at t = 0


def test_every_curve_has_an_ink_of_its_own() -> None:
    inks = [(one["hue"], tuple(one["dash"])) for one in curves().values()]
    assert len(set(inks)) == len(inks)
    for hue, _ in inks:  # lines on the light page and on the dark one
        assert min(contrast(hue, page) for page in PAGE.values()) > 2


def test_three_curves_are_on_show_and_the_runs_own_is_the_first() -> None:
    assert opening("ddim") == ("ddim", "euler-a", "dpmpp-2m use_karras_sigmas")
    assert opening("euler-a") == ("euler-a", "dpmpp-2m use_karras_sigmas", "ddim")
    run = Request(prompt="a cat", seed=3, scheduler="heun", params=(("use_karras_sigmas", True),))
    asked = requests_of(run)
    assert asked[0] == run
    assert [(one.scheduler, one.params) for one in asked[1:]] == [
        ("euler-a", ()), ("dpmpp-2m", (("use_karras_sigmas", True),)),
    ]  # fmt: skip
    assert {(one.seed, one.prompt, one.steps) for one in asked} == {(3, "a cat", 20)}


def test_pictures_are_told_with_how_far_they_are_apart() -> None:
    grey, paler = (np.full((8, 8, 3), shade, np.uint8) for shade in (100, 104))
    data = overlay_data(SD15, overlay_paths(SD15, 5, "ddim"), "ddim", 5, (grey, None, paler))
    assert (data["pictures"], data["sheet"]["count"]) == ([0, None, 1], 2)
    assert data["apart"] == [0, None, 4]


def test_own_settings_move_only_the_runs_curve() -> None:
    plain, chosen = curves(), curves(params=(("timestep_spacing", "trailing"),))
    assert chosen["ddim"]["t"][0] == 999
    assert chosen["euler"] == plain["euler"]


def test_what_cannot_be_drawn_says_why() -> None:
    lcm = curves(steps=60)["lcm"]
    assert lcm["calls"] == 0
    assert lcm["note"] == "The number of LCM steps is 60. Give a whole number from 1 to 50."


def test_a_second_question_stands_where_its_noise_level_is() -> None:
    heun, kdpm2 = (places(plan_run(SCHEDULERS[name], SD15, {}, 3)) for name in ("heun", "kdpm2"))
    assert heun == [0, 1, 1, 2, 2]
    np.testing.assert_allclose(kdpm2, [0, 0.5, 1, 1.5, 2])
    assert places(plan_run(SCHEDULERS["pndm"], SD15, {}, 3)) == [0, 1, 1, 2]


def test_the_table_of_curves_says_what_each_call_of_those_on_show_is_given() -> None:
    found = curves()
    rows = level_rows(list(found.values()), ("euler-a", "heun"))
    assert [row["scheduler"] for row in rows] == ["Euler ancestral"] * 20 + ["Heun"] * 39
    plan = plan_run(SCHEDULERS["euler-a"], SD15, {}, 20)
    np.testing.assert_allclose([row["sigma"] for row in rows[:20]], plan.sigmas[:20], rtol=1e-6)
    shares = [row["noise, share of the power"] + row["alpha_bar"] for row in rows]
    np.testing.assert_allclose(shares, 1, atol=1e-6)
    sigmas = np.array([row["sigma"] for row in rows])
    np.testing.assert_allclose([row["s"] for row in rows], sigmas / (1 + sigmas), atol=1e-6)
    every = level_rows(list(found.values()), ("tea",))
    assert {row["scheduler"] for row in every} == {one["title"] for one in found.values()}
