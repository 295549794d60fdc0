"""What the labs tell is handed to the browser whole, and nothing else."""

import base64
import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image

from core.labs.points_field import SIZES, Field, sample
from core.labs.points_settings import DRAWN, SHOWN, PointSettings
from core.labs.word_settings import SIDE, WordSettings
from core.lessons.training.points_data import (
    WALKERS,
    field_of,
    paths_data,
    points_data,
    points_rows,
)
from core.lessons.training.word_data import SMOOTH, word_data, word_rows

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
    assert 1 > after["kept"][0] > after["kept"][1] > 0
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
    for walk in data["walks"]:
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
