"""What the labs tell is handed to the browser whole, and nothing else."""

import base64
import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image

from core.ideas.flow import mean_velocity, measure_detour
from core.labs.points_data import make_points
from core.labs.points_field import COUNTS, FLOWING, NO_CLASS, SIZES, Field, nearest, sample
from core.labs.points_settings import (
    DRAWN,
    FLOW,
    NOISE,
    SHOWN,
    STRAIGHT,
    WALKERS,
    PointSettings,
)
from core.labs.points_settings import STEPS as STEPS_IN_ALL
from core.labs.word_settings import RANK, SIDE, WordSettings
from core.lessons.training.flow_data import (
    CHOSEN,
    LINES,
    MEAN_STEPS,
    data_of,
    film_data,
    mean_walk,
    told_walk,
    walked,
)
from core.lessons.training.points_data import (
    field_of,
    paths_data,
    points_data,
    points_rows,
    start_of,
)
from core.lessons.training.reach_data import (
    fresh_apart,
    ratio_at_one,
    reach_chart,
    reach_rows,
)
from core.lessons.training.word_data import (
    SMOOTH,
    WAYS,
    explain,
    last_pictures,
    say_measures,
    say_missing,
    say_what_learns,
    way_rows,
    word_data,
    word_rows,
)

STEPS = [{"kind": "step", "step": at, "loss": 1 / at, "seconds": 0.1 * at} for at in (1, 2, 4)]
START = {"kind": "start", "points": "", "labels": [], "times": [19, 999], "grid": 15}
LOOK = {"kind": "look", "step": 4, "field": "AA==", "drawn": "", "apart": 0.1234}


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def field() -> Field:
    draw = np.random.default_rng(0)
    shapes = [s for a, b in itertools.pairwise(SIZES) for s in ((a, b), (b,))]
    return Field(tuple((0.1 * draw.normal(size=shape)).astype(np.float32) for shape in shapes))


def test_plane_shows_the_shape_before_and_the_newest_look_after() -> None:
    before = points_data(PointSettings(), [], going=False, drawn=())
    assert len(floats(before["points"])) == 2 * len(before["labels"]) == 2 * SHOWN
    assert before["look"] is None
    assert before["editable"] is False
    older = {**LOOK, "step": 1}
    after = points_data(PointSettings(), [START, *STEPS, older, LOOK], going=True, drawn=())
    assert json.loads(json.dumps(after)) == after
    assert after["look"]["step"] == 4
    assert after["curve"] == [[1, 1.0], [2, 0.5], [4, 0.25]]
    assert after["times"] == [19, 999]
    (kept, noise), (later, more) = after["weights"]
    assert 1 > kept > later > 0
    assert 0 < noise < more < 1
    assert kept**2 + noise**2 == pytest.approx(1, abs=1e-3)
    flow = points_data(PointSettings(goal=FLOW), [START, *STEPS, LOOK], going=True, drawn=())
    assert flow["flow"] is True
    assert flow["times"] == [0.02, 1.0]
    assert flow["weights"] == [[pytest.approx(1 - 19 / 999, abs=1e-4), 0.019], [0, 1]]
    assert points_data(PointSettings(goal=STRAIGHT), [], True, ())["steps"] == 2 * STEPS_IN_ALL
    assert points_rows([*STEPS, LOOK])[-1] == {"step": 4, "loss": 0.25}


@pytest.mark.parametrize("going", [True, False])
def test_own_points_can_be_changed_until_the_training_goes_on(going: bool) -> None:
    own = ((0.5, -1.0, 1), (0.0, 2.0, 0))
    data = points_data(PointSettings(DRAWN), [], going=going, drawn=own)
    assert data["editable"] is not going
    assert floats(data["points"]).tolist() == [0.5, -1.0, 0.0, 2.0]
    assert data["labels"] == [1, 0]


def test_network_comes_back_as_it_was_told() -> None:
    layers = [[list(x.shape), base64.b64encode(x.tobytes()).decode()] for x in field().layers]
    for found, expected in zip(field_of({"layers": layers}).layers, field().layers, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_paths_are_those_of_the_samplers() -> None:
    data = paths_data(field(), 5, np.zeros((3, 2), np.float32), seed=7)
    noise = np.random.default_rng(7).standard_normal((WALKERS, 2)).astype(np.float32)
    assert data["fan"] is None
    for walk in data["walks"]:
        assert walk["steps"] == data["frames"] == 5
        assert walk["kinds"] == [NO_CLASS] * WALKERS
        places = floats(walk["places"]).reshape(6, WALKERS, 2)
        np.testing.assert_array_equal(places, sample(field(), walk["title"], 5, noise, 7))


def test_word_comes_with_its_pictures_and_a_smooth_loss() -> None:
    pixels = bytes(range(256)) * (SIDE * SIDE * 3 // 256)
    settings = WordSettings("zog", base64.b64encode(pixels).decode(), "a cat").validated()
    looks = [{"kind": "look", "step": step, "pictures": f"data:{step}"} for step in (0, 4)]
    data = word_data(settings, [*STEPS, *looks], going=False)
    assert data["prompts"] == list(settings.prompts)
    assert data["prompts"][::2] == ["a zog", "a cat"]
    assert [look["pictures"] for look in data["looks"]] == ["data:0", "data:4"]
    shown = Image.open(io.BytesIO(base64.b64decode(data["picture"].split(",")[1])))
    assert shown.tobytes() == pixels
    many = [{"kind": "step", "step": at, "loss": float(at), "seconds": 0} for at in range(1, 21)]
    rows = word_rows(many)
    assert rows[-1] == {"step": 20, "loss": 20.0, "mean": 20 - (SMOOTH - 1) / 2}
    assert rows[0]["mean"] == 1


def test_film_shows_pairs_their_mean_and_what_was_learned() -> None:
    settings = PointSettings(seed=2, goal=FLOW)
    learned = walked(field(), 3, 2)
    film = film_data(settings, {FLOW: learned, STRAIGHT: None})
    assert json.loads(json.dumps(film)) == film
    data, labels = make_points(settings)
    start = start_of(2)
    pairs, mean, flow, straight = film["walks"]
    for walk in (pairs, mean, flow):
        places = floats(walk["places"]).reshape(walk["steps"] + 1, WALKERS, 2)
        np.testing.assert_array_equal(places[0], start)
        far = ((places[-1][:, None] - data) ** 2).sum(-1)
        assert walk["kinds"] == labels[far.argmin(1)].tolist()
    ends = floats(pairs["places"]).reshape(2, WALKERS, 2)[1]
    assert nearest(ends, data).max() == 0  # straight lines to points of the data
    np.testing.assert_array_equal(floats(mean["places"]), mean_walk(data, start).ravel())
    np.testing.assert_array_equal(
        floats(flow["places"]), sample(field(), FLOWING, 3, start).ravel()
    )
    assert (flow["note"], straight["steps"], straight["places"]) == ("3 steps", 0, "")
    told = {"walk": flow["places"]}
    np.testing.assert_array_equal(told_walk(told), learned)
    blue = film_data(settings, {FLOW: None}, label=0)
    assert set(blue["walks"][0]["kinds"]) == {0}
    plain = film_data(PointSettings(seed=2, classes=False, goal=FLOW), {FLOW: None}, going=True)
    assert set(plain["walks"][1]["kinds"]) == {NO_CLASS}
    assert plain["walks"][2]["note"] == "learning…"


def test_the_mean_bends_and_ends_on_the_data() -> None:
    data, _ = data_of(PointSettings())
    start = start_of(0)
    mean = mean_walk(data, start)
    assert measure_detour(mean) > 1.05
    assert nearest(mean[-1], data).max() < 0.05
    assert nearest(mean[-1], data).mean() < fresh_apart(PointSettings())  # nearer than new ones
    step = mean[7] - mean[8]
    velocity = mean_velocity(mean[7], data, 1 - 7 / MEAN_STEPS)
    np.testing.assert_allclose(step * MEAN_STEPS, velocity, atol=1e-3)


def test_pairs_that_meet_in_a_point_are_shown_as_likely_as_they_are() -> None:
    film = film_data(PointSettings(goal=FLOW), {FLOW: None})
    fan = film["fan"]
    assert fan is not None
    data = floats(fan["data"]).reshape(-1, 2)
    picks = np.frombuffer(base64.b64decode(fan["picks"]), "<u2")
    picks = picks.reshape(fan["frames"], fan["points"], fan["count"])
    assert picks.shape == (MEAN_STEPS, CHOSEN, LINES)
    assert film["walks"][fan["pane"]]["title"] == "The mean of all pairs"
    mean = floats(film["walks"][1]["places"]).reshape(MEAN_STEPS + 1, WALKERS, 2)
    for frame in (0, 20, 36):
        s = 1 - frame / MEAN_STEPS
        shown = ((mean[frame, :CHOSEN, None] - data[picks[frame]]) / s).mean(1)
        exact = mean_velocity(mean[frame, :CHOSEN], data, s)
        assert np.abs(shown.mean(0) - exact.mean(0)).max() < 0.15  # they are its mean, but drawn
    spread = [data[picks[frame]].std(axis=1).mean() for frame in (0, 20, 36)]
    assert spread[0] > spread[1] > 3 * spread[2]  # at last it is decided


REACHED = {
    NOISE: {"apart": [0.2, 0.1, 0.1, 0.1, 0.1], "missed": [0.4] * 5, "detour": 1.3},
    FLOW: {"apart": [0.3, 0.1, 0.1, 0.1, 0.1], "missed": [0.4] * 5, "detour": 1.7},
    STRAIGHT: {"apart": [0.04, 0.1, 0.1, 0.1, 0.1], "missed": [0.1] * 5, "detour": 1.0},
}


def test_reach_stands_in_rows_and_in_a_chart() -> None:
    rows = reach_rows(REACHED)  # type: ignore[arg-type]  # plain dicts
    assert len(rows) == 3 * len(COUNTS)
    assert rows[-5] == {
        "of": "flow, straightened", "steps": 1, "drawn to data": 0.04, "data to drawn": 0.1,
    }  # fmt: skip
    assert ratio_at_one(REACHED) == pytest.approx(0.2)  # type: ignore[arg-type]  # as above
    assert ratio_at_one({NOISE: REACHED[NOISE]}) is None  # type: ignore[arg-type]  # as above
    chart = reach_chart(REACHED, 0.015).to_dict()  # type: ignore[arg-type]  # as above
    told = json.dumps(chart)
    assert json.dumps({"of": "flow", "steps": 1, "apart": 0.3}) in told
    assert json.dumps({"of": "fresh points of the shape", "apart": 0.015}) in told


def test_fresh_points_are_as_near_as_one_can_come_without_knowing_them_by_heart() -> None:
    settings = PointSettings("rings", seed=5)
    data, other = (make_points(PointSettings("rings", seed=seed))[0] for seed in (5, 6))
    assert fresh_apart(settings) == pytest.approx(nearest(other[:500], data).mean())
    assert 0.01 < fresh_apart(settings) < 0.03


def taught(learned: int, moved: float) -> list[dict]:
    """What a training of a word tells."""
    measured = {"before": 40.0, "after": 9.26, "moved": moved, "scale": 60.6}
    about = {"prompts": ["a cat", "a tree"], "drawn": 3}
    file = base64.b64encode(bytes(4 * learned)).decode("ascii")
    looks = [{"kind": "look", "step": at, "pictures": f"data:{at}"} for at in (0, 4)]
    return [
        {"kind": "start", "learned": learned, "whole": 1000},
        *STEPS,
        *looks,
        {"kind": "done", "seconds": 0.4, "file": file, "measured": measured | about},
    ]


def test_ways_stand_beside_each_other_by_what_their_trainings_told() -> None:
    tried = {"token": taught(192, 0.0), "weights": taught(500, 27.86)}
    token, weights = way_rows(tried)
    assert list(token.values()) == ["a new token’s vector", 192, 768, 3, 0.4, 40.0, 9.3, 0.0]
    assert list(weights.values())[1:3] == [500, 2000]
    assert weights["others moved"] == 27.9
    assert last_pictures(tried) == {"token": "data:4", "weights": "data:4"}
    assert say_missing(tried) == "Not tried with this word yet: a LoRA of attention."
    assert say_missing({**tried, "lora": []}) == ""
    said = say_measures(tried["token"])
    assert "what “a cat”, “a tree” draw" in said
    assert "61 apart" in said


def test_every_way_says_what_learns_and_what_came_of_it() -> None:
    pixels = base64.b64encode(bytes(SIDE * SIDE * 3)).decode()
    told = {way: say_what_learns(way) for way in WAYS}
    assert len(set(told.values())) == len(WAYS)
    assert f"rank {RANK}" in told["lora"]
    assert r"$\min_{v} L$" in told["token"]
    said = {}
    for way in WAYS:
        settings = WordSettings("zog", pixels, "a cat", way=way).validated()
        assert ("<zog>" in settings.prompt) == (way == "token")
        said[way] = explain(settings, taught(192, 0.0 if way == "token" else 12.34))
    assert "192 numbers, for 0\xa0s" in said["token"]
    assert "moved by 0." in said["token"]
    assert "by 12.3 here" in said["lora"]
    assert "by heart" in said["weights"]
    given = WordSettings("<zog>", pixels, "a cat", way="token", vectors="AAAAAA==", steps=0)
    assert "nothing was trained" in explain(given.validated(), taught(192, 0.0))


def test_time_that_is_left_goes_on_as_it_went() -> None:
    pixels = base64.b64encode(bytes(SIDE * SIDE * 3)).decode()
    settings = WordSettings("zog", pixels, "a cat", steps=44).validated()
    assert word_data(settings, [], going=True)["left"] == 0
    assert word_data(settings, STEPS, going=True)["left"] == 4  # 0.4 s for 4 of 44
