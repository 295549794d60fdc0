import json

import pytest

from core.engine.request import Request
from core.lessons.home.pipeline_data import pipeline_map
from core.lessons.home.stations_data import empty_map, stations
from core.models.catalog import builtin_folder
from core.models.tokens import load_tokenizer, read_pad_id, tokenize
from core.views.run import Run, quick_frames

NAMES = ["text", "tokens", "hidden", "noise", "schedule", "unet", "latents", "vae", "picture"]


@pytest.fixture
def drawn(run: Run) -> dict:
    folder = builtin_folder() / "tokenizer"
    tokenizer = load_tokenizer(folder)
    tokens = tokenize(tokenizer, run.request.prompt, read_pad_id(folder, tokenizer))
    return pipeline_map(run, quick_frames(run), tokens, 192)


def test_stations_stand_in_the_order_of_the_pipeline() -> None:
    assert [station.name for station in stations(Request())] == NAMES


def test_empty_map_has_the_words_and_nothing_computed() -> None:
    drawn = empty_map(Request(prompt="a <b>red</b> apple"))
    looks = [station["look"] for station in drawn["stations"]]
    assert looks[0] == {"words": "a <b>red</b> apple"}
    assert looks[1:] == [None] * 8
    assert drawn["places"] == []


def test_what_clip_makes_of_words_is_told_on_the_tokens_page() -> None:
    (meaning,) = [one for one in empty_map(Request())["stations"] if one["title"] == "Meaning"]
    assert meaning["page"] == "tokens"


def test_map_of_no_words_says_so() -> None:
    assert empty_map(Request(prompt="  "))["stations"][0]["look"] == {"words": "(no words)"}


def test_map_is_json(drawn: dict) -> None:
    assert json.loads(json.dumps(drawn, allow_nan=False))["times"] == "3 times"


def test_every_station_has_a_look(drawn: dict) -> None:
    assert [station["name"] for station in drawn["stations"]] == NAMES
    assert all(station["look"] for station in drawn["stations"])


def test_every_station_moves_to_the_same_places(drawn: dict) -> None:
    looks = {station["name"]: station["look"] for station in drawn["stations"]}
    places = len(drawn["places"])
    assert places == 4
    assert {looks[name]["sheet"]["count"] for name in ("unet", "latents", "picture")} == {places}
    assert looks["schedule"]["curve"] == [0.99, 0.6, 0.1, 0.0]
    assert looks["noise"]["sheet"]["count"] == 1  # where it starts stays as it is


def test_tokens_are_those_of_the_prompt(drawn: dict) -> None:
    tokens = drawn["stations"][1]
    assert tokens["look"]["chips"] == [
        {"text": "a", "id": "320"}, {"text": "red", "id": "736"}, {"text": "apple", "id": "3055"},
    ]  # fmt: skip
    assert tokens["line"] == "word pieces: 3 of 75 places"


def test_sizes_are_those_of_the_run(drawn: dict) -> None:
    looks = {station["name"]: station["look"] for station in drawn["stations"]}
    assert looks["vae"] == {"before": "24 numbers", "after": "24 × 16 pixels"}
    assert looks["hidden"] == {"before": "77 tokens", "after": "192 numbers each"}


def test_colours_are_explained(drawn: dict) -> None:
    assert "±3" in drawn["how"]
