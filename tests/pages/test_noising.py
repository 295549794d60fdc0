"""The page that adds noise: what it sends to the browser, and what each look computes."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.ideas.schedule_config import read_alpha_bar
from core.models.catalog import builtin_folder
from core.models.gallery import gallery, open_picture

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/5_noising.py"
CONFIG = json.loads((builtin_folder() / "scheduler" / "scheduler_config.json").read_text())
ALPHA_BAR = read_alpha_bar(CONFIG)

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest) -> dict[str, Any]:
    """What the component was given."""
    (text,) = [part.proto.json for part in at.get("bidi_component") if part.proto.json]
    return json.loads(text)[0]


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_a_picture_that_can_be_destroyed_at_once(open_page: Open, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "How do you destroy a picture on purpose?"
    data = drawn(at)
    pixels = np.frombuffer(base64.b64decode(data["pixels"]), np.uint8)
    size = (data["width"], data["height"])
    first = open_picture(gallery()[0].name).resize(size, Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(pixels, np.asarray(first).ravel())
    np.testing.assert_allclose(data["schedules"][0]["kept"], ALPHA_BAR, atol=1e-9)
    assert data["decoded"] is None
    assert data["schedules"][1]["title"] == "cosine"  # one that looks unlike the model's own


def test_second_turn_brings_the_decoded_latents_and_the_runs_timesteps(open_page: Open) -> None:
    at = open_page(PAGE, steps="7").run()
    assert not at.exception
    data = drawn(at)
    assert data["decoded"]["times"][0] == 0
    assert 300 in data["decoded"]["times"]  # where the page opens, latents are noised as pixels
    assert data["decoded"]["times"][-1] == 999
    assert data["decoded"]["sheet"]["count"] == len(data["decoded"]["times"])
    assert len(data["visits"]) == 7
    assert "7 U-Net calls" in data["said"]


def test_new_noise_and_another_schedule_reach_the_browser(open_page: Open) -> None:
    at = open_page(PAGE)
    before = drawn(at)
    at.number_input(key="ask_noise").set_value(5).run()
    at.selectbox(key="ask_compared").set_value("linear").run()
    after = drawn(at)
    assert after["noise"] != before["noise"]
    assert after["schedules"][1]["title"] == "linear"
    assert after["schedules"][0] == before["schedules"][0]


@pytest.mark.parametrize(
    ("look", "said"),
    [("One jump or many steps", "So training need not walk the chain"),
     ("What is left", "a mean of 0.068 is left"),
     ("Your run’s steps", "asks the network 20 times"),
     ("Your run’s steps", "noised on purpose, forwards; they are not the pictures of your run")],
)  # fmt: skip
def test_every_look_says_what_it_shows(
    look: str, said: str, open_page: Open, shown_text: Text
) -> None:
    at = open_page(PAGE)
    at.button_group(key="ask_look").set_value(look).run()
    assert not at.exception
    assert said in shown_text(at)


def test_table_holds_the_weights(open_page: Open) -> None:
    at = open_page(PAGE)
    at.button_group(key="ask_look").set_value("In numbers").run()
    table = at.dataframe[0].value
    squares = table["weight of the picture"] ** 2 + table["weight of the noise"] ** 2
    np.testing.assert_allclose(squares, 1, atol=1e-4)
    np.testing.assert_allclose(table["alpha_bar"], ALPHA_BAR[table["t"]], rtol=1e-4)


def test_formulas_are_shown_with_their_code(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE)
    at.toggle[0].set_value(True).run()
    text = shown_text(at)
    assert "def add_noise" in text
    assert "def rescale_to_zero_snr" in text
