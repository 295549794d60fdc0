"""The timesteps page: heat map, switches and looks, computed for real."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.engine.works.times import TimeWork
from core.ideas.timestep import EmbeddingSettings, compute_frequencies
from core.models.catalog import builtin_folder
from core.models.time_facts import read_time_facts
from core.ui.runs import find

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/3_timesteps.py"
OWN = read_time_facts(builtin_folder()).settings

Open = Callable[..., AppTest]


def drawn(at: AppTest) -> dict:
    """What the heat map was given."""
    (found,) = [part for part in at.get("bidi_component") if '"frequencies"' in part.proto.json]
    return json.loads(found.proto.json)[0]


def widget(kind: list, label: str) -> object:
    return next(part for part in kind if part.label == label)


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_models_own_embedding(open_page: Open, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "How does the network know what time it is?"
    data = drawn(at)
    np.testing.assert_allclose(data["frequencies"], compute_frequencies(OWN))
    assert (data["last"], data["start"], data["visits"]) == (999, 500, [])


def test_second_turn_marks_the_timesteps_of_the_run(open_page: Open) -> None:
    at = open_page(PAGE, steps="4").run()
    assert not at.exception
    assert drawn(at)["visits"] == [751, 501, 251, 1]
    assert drawn(at)["run"] == "Your run: DDIM, 4 U-Net calls"
    heun = open_page(PAGE, steps="4", scheduler="heun").run()
    assert len(drawn(heun)["visits"]) == 7


def test_switches_change_the_map_and_the_link(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE)
    widget(at.slider, "Dimension").set_value(320).run()
    widget(at.select_slider, "Max period P").set_value(1000.0).run()
    widget(at.radio, "Order").set_value("Sines first").run()
    widget(at.select_slider, "Frequency shift δ").set_value(1.0).run()
    assert not at.exception
    chosen = EmbeddingSettings(320, 1000.0, False, 1.0)
    np.testing.assert_allclose(drawn(at)["frequencies"], compute_frequencies(chosen))
    assert not drawn(at)["cosFirst"]
    told = {name: at.query_params[name] for name in ("period", "first", "shift")}
    assert told == {"period": "1000", "first": "sin", "shift": "1"}
    assert widget(at.selectbox, "As in").value == "other"


@pytest.mark.parametrize("name", ["ddpm", "dit"])
def test_preset_sets_every_switch(open_page: Open, name: str) -> None:
    at = open_page(PAGE)
    widget(at.selectbox, "As in").set_value(name).run()
    assert not at.exception
    assert widget(at.selectbox, "As in").value == name
    assert 2 * len(drawn(at)["frequencies"]) == widget(at.slider, "Dimension").value
    widget(at.selectbox, "As in").set_value("own").run()
    assert 2 * len(drawn(at)["frequencies"]) == OWN.dim


def test_link_sets_the_switches(open_page: Open, shown_text: Callable[[AppTest], str]) -> None:
    at = open_page(PAGE, dim="320")
    assert widget(at.slider, "Dimension").value == 320
    assert "**71 of 160 clocks never go round** in 1,000 timesteps." in shown_text(at)


def test_going_back_undoes_a_switch(open_page: Open) -> None:
    at = open_page(PAGE, dim="320")
    widget(at.slider, "Dimension").set_value(128).run()
    assert at.query_params["dim"] == "128"
    at.query_params["dim"] = "320"  # what Back does
    at.run()
    assert widget(at.slider, "Dimension").value == 320


def test_a_slider_is_newer_than_the_address_that_comes_with_it(open_page: Open) -> None:
    at = open_page(PAGE, dim="320")
    for dim in (128, 64):
        at.query_params["dim"] = "320"  # the browser has not yet drawn what was written
        widget(at.slider, "Dimension").set_value(dim).run()
        assert widget(at.slider, "Dimension").value == dim


def test_page_says_what_the_network_does_with_t(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    assert "how much noise to expect" in shown_text(open_page(PAGE))


def test_clocks_are_a_chart_with_the_whole_table_behind_a_toggle(open_page: Open) -> None:
    at = open_page(PAGE)
    assert not at.dataframe
    at.toggle(key="ask_table_clocks").set_value(True).run()
    assert len(at.dataframe[0].value) == OWN.dim // 2
    assert list(at.dataframe[0].value)[-2:] == ["turns in 1,000 timesteps", "goes round"]


def test_narrow_embedding_takes_its_shift_along(open_page: Open) -> None:
    at = open_page(PAGE, dim="64", shift="8")
    widget(at.slider, "Dimension").set_value(4).run()
    assert not at.exception
    assert widget(at.select_slider, "Frequency shift δ").value == 1.0


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"dim": "0"}, "The embedding dimension is 0."),
        ({"dim": "7"}, "The embedding dimension is 7, which is odd."),
        ({"dim": "2000"}, "This page draws 4 to 1,024."),
        ({"dim": "9" * 400}, "The embedding dimension is"),
        ({"dim": "many"}, "The embedding dimension is 'many'."),
        ({"period": "0"}, "The max period is 0."),
        ({"period": "-5"}, "The max period is -5."),
        ({"first": "tan"}, "The order of sines and cosines is 'tan'."),
        ({"shift": "4000"}, "The frequency shift is 4000"),
        ({"period": "0.001", "shift": "47.99", "dim": "96"}, "no finite embedding"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str], query: dict[str, str], says: str
) -> None:
    at = open_page(PAGE, **query)
    assert not at.exception
    assert says in shown_text(at)
    assert 2 * len(drawn(at)["frequencies"]) == OWN.dim


def test_presets_stand_side_by_side(open_page: Open) -> None:
    at = open_page(PAGE)
    at.button_group(key="ask_look").set_value("Side by side").run()
    assert not at.exception
    assert len(at.get("image")) == 6
    at.toggle(key="ask_table_presets").set_value(True).run()
    assert len(at.dataframe[0].value) == 6


def test_formulas_come_with_their_code(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE)
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    assert "def embed_timesteps(" in shown_text(at)
    assert len(at.latex) >= 3


def test_model_that_is_not_here_is_told_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, model="someone/no-such-model")
    assert not at.exception
    assert "is not on this machine." in shown_text(at)


def test_likeness_follows_the_switches(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, dim="320")
    at.button_group(key="ask_look").set_value("How alike").run()
    assert not at.exception
    assert "times 160: every row has length √160" in shown_text(at)
    (found,) = [
        part
        for part in at.get("bidi_component")
        if '"alike"' in part.proto.json and '"frequencies"' not in part.proto.json
    ]
    assert json.loads(found.proto.json)[0]["alike"][0] == 1


def test_what_is_told_is_the_models_own(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE)
    assert "are all the network is told of the time" in shown_text(at)
    widget(at.radio, "Order").set_value("Sines first").run()
    assert "are what these settings would tell a network" in shown_text(at)


@pytest.mark.parametrize("query", [{"period": "0.001", "dim": "16", "shift": "7.3"}, {"dim": "4"}])
def test_likeness_is_shown_for_any_settings(open_page: Open, query: dict[str, str]) -> None:
    at = open_page(PAGE, **query)
    at.button_group(key="ask_look").set_value("How alike").run()
    assert not at.exception
    assert at.get("vega_lite_chart")


def test_link_keeps_every_digit(open_page: Open) -> None:
    at = open_page(PAGE, period="1234567.25").run()
    assert at.query_params["period"] == "1234567.25"
    assert widget(at.select_slider, "Max period P").value == 1234567.25


def test_network_is_asked_only_when_chosen(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE)
    assert find(TimeWork()) is None
    at.button_group(key="ask_look").set_value("In the network").run()
    assert not at.exception
    assert "become **" in shown_text(at)
    assert "the first and the last by 0.33 before" in shown_text(at)  # as How alike says
    at.toggle(key="ask_table_time-blocks").set_value(True).run()
    blocks = at.dataframe[0].value
    assert blocks["block"][0] == "down 0, block 0"
    answer = find(TimeWork())
    assert answer is not None
    assert len(blocks) == len(answer.blocks)


def test_a_chart_is_read_as_a_table_under_its_own_words(open_page: Open) -> None:
    name = {"table_presets-alike": "on"}
    at = open_page("pages/3_timesteps.py", look="Side by side", **name)
    assert not at.exception
    (table,) = [one.value for one in at.dataframe]
    assert list(table.columns) == ["of", "how far apart, timesteps", "cosine similarity"]
    assert table["cosine similarity"].max() == 1
    assert at.toggle(key="ask_table_presets-alike").value
