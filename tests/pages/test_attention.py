"""The attention page: what is sent to the browser, and what each look computes and says."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.lessons.attention.words import say_percent

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/7_attention.py"

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest) -> dict[str, Any]:  # Any: JSON
    """What the component was given."""
    (text,) = [part.proto.json for part in at.get("bidi_component") if part.proto.json]
    return json.loads(text)[0]


@pytest.fixture
def open_run(open_page: Open) -> Open:
    """Open the page on a short run, which is computed at its second turn."""

    def opened(**query: str) -> AppTest:
        at = open_page(PAGE, **({"steps": "2"} | query))
        return at if drawn(at)["picture"] else at.run()

    return opened


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_tokens_of_the_prompt(open_page: Open, way: tuple) -> None:
    at = open_page(*way, prompt="a page just opened")
    assert not at.exception
    assert at.title[0].value == "Which places listened to which word?"
    labels = [entry["label"] for entry in drawn(at)["entries"]]
    assert labels == ["⟨start⟩", "a", "page", "just", "opened", "⟨end⟩", "⟨padding⟩ × 71"]
    assert drawn(at)["picture"] == ""


def test_first_paint_needs_no_torch() -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_file({str(ROOT / PAGE)!r}, default_timeout=60).run()\n"
        "assert not at.exception and len(at.get('bidi_component')) == 2\n"
        "print(sorted({'torch', 'diffusers', 'transformers'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_second_turn_brings_maps_that_add_up_to_one(open_run: Open) -> None:
    at = open_run()
    assert not at.exception
    data = drawn(at)
    assert data["picture"].startswith("data:image/png;base64,")
    assert [step["call"] for step in data["steps"]] == [1, 2]
    assert [layer["size"] for layer in data["layers"]] == [
        "16×16", "8×8", "4×4", "8×8", "8×8", "16×16", "16×16",
    ]  # fmt: skip
    for layer in data["layers"]:
        bytes_ = np.frombuffer(base64.b64decode(layer["maps"]), np.uint8).astype(float)
        maps = data["top"] * (bytes_ / 255) ** 2
        maps = maps.reshape(2 + 1, 4, len(data["entries"]), layer["rows"], layer["columns"])
        np.testing.assert_allclose(maps.sum(axis=2), 1, atol=0.02)
    assert data["entries"][data["first"]]["kind"] == "word"


def test_prompt_whose_maps_are_easy_to_read_is_one_press_away(open_run: Open) -> None:
    at = open_run()
    at.button_group(key="prompt_to_try").set_value("a whale on a yellow background").run()
    at = at if drawn(at)["picture"] else at.run()
    assert not at.exception
    data = drawn(at)
    entry = data["entries"][data["first"]]
    assert entry["label"] == "whale"  # what it opens on
    assert at.query_params["prompt"] == "a whale on a yellow background"
    assert not [group for group in at.button_group if group.key == "prompt_to_try"]


def test_picture_that_is_not_square_has_maps_that_are_not(open_run: Open) -> None:
    data = drawn(open_run(height="64", width="96"))
    assert data["aspect"] == 1.5
    assert (data["layers"][0]["rows"], data["layers"][0]["columns"]) == (8, 12)


def test_prompt_without_words_has_maps_of_start_end_and_padding(open_run: Open) -> None:
    at = open_run(prompt=" ")
    assert not at.exception
    assert [entry["kind"] for entry in drawn(at)["entries"]] == ["start", "end", "padding"]


def test_hostile_prompt_stays_text(open_run: Open, shown_text: Text) -> None:
    at = open_run(prompt="<img src=x onerror=alert(1)> ![a](http://x.y/z) :red[b] \u202e $x$")
    assert not at.exception
    for part in at.markdown:
        assert "onerror" not in part.value
        assert "http" not in part.value


def test_run_that_fails_is_told_and_not_asked_for_again(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, height="1024", width="1024", steps="2").run()
    assert not at.exception
    assert "are too many for this model" in shown_text(at)
    assert [button.label for button in at.button] == ["Try again"]
    at.run()
    assert [button.label for button in at.button] == ["Try again"]


def test_another_model_is_looked_at_the_same_way(
    open_run: Open, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(tiny_folder))
    at = open_run(model=str(tiny_folder), prompt="a tiny model")
    assert not at.exception
    assert [layer["size"] for layer in drawn(at)["layers"]] == ["8×8", "4×4", "8×8", "8×8"]


def test_heads_are_those_of_the_level_that_is_chosen(
    open_run: Open,
    shown_text: Text,
    write_pipeline: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "sd2"
    write_pipeline(folder, unet={"attention_head_dim": [2, 4]})  # as Stable Diffusion 2 says it
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(folder))
    at = open_run(model=str(folder))
    assert not at.exception
    heads = [(layer["size"], layer["heads"]) for layer in drawn(at)["layers"]]
    assert heads == [("8×8", 2), ("4×4", 4), ("8×8", 2), ("8×8", 2)]
    both = "4 layers and the 2 or 4 heads of each layer. Maps of 8×8 and 4×4 places"
    assert f"Mean over all places, {both}" in shown_text(at)
    choose(at, "Numbers")
    assert f"Mean over 2 U-Net calls, {both}" in shown_text(at)
    for place, said in (
        ("8×8: 3 layers", "Mean over 2 U-Net calls, 3 layers and 2 heads."),
        ("4×4, middle", "Mean over 2 U-Net calls and 4 heads."),
        ("8×8, way down", "Mean over 2 U-Net calls and 2 heads."),
    ):
        at.selectbox(key="ask_layers").set_value(place).run()
        assert not at.exception
        assert said in shown_text(at)


def test_model_that_is_not_here_is_told_in_a_sentence(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, model="someone/no-such-model")
    assert not at.exception
    assert "is not on this machine." in shown_text(at)


def choose(at: AppTest, look: str) -> AppTest:
    at.button_group(key="ask_look").set_value(look).run()
    assert not at.exception
    return at


def test_budget_says_who_gets_how_much(open_run: Open, shown_text: Text) -> None:
    at = open_run()
    assert "goes to your words" in shown_text(at)
    data = drawn(at)
    shares = np.mean(
        [
            np.frombuffer(base64.b64decode(layer["shares"]), "<f4")
            .reshape(3, 4, len(data["entries"]))[-1]
            .mean(axis=0)
            for layer in data["layers"]
        ],
        axis=0,
    )  # as the hero has them when it opens: of all layers and heads, over all calls
    assert f"{say_percent(shares[-1])} to the padding" in shown_text(at)
    at.toggle(key="ask_table_attention-budget").set_value(True).run()
    table = at.dataframe[0].value
    assert list(table["call"]) == [1, 2]
    sums = table[["start", "word", "end", "padding"]].sum(axis=1)
    np.testing.assert_allclose(sums, 1, atol=2e-3)
    spec = json.loads(at.get("vega_lite_chart")[0].proto.spec)
    assert spec["encoding"]["y"]["stack"] == "zero"


def test_choices_keep_their_keys_from_one_server_to_the_next(open_run: Open) -> None:
    at = choose(open_run(), "Two words")
    keys = [box.key for box in at.main.selectbox]
    assert keys == ["ask_one", "ask_other", "ask_layers"]
    at = choose(at, "A phrase")
    assert [box.key for box in at.multiselect] == ["ask_phrase"]
    at = choose(at, "Turn a word up")
    assert [box.key for box in at.main.selectbox] == ["ask_turned"]


def test_two_words_are_shown_on_one_scale(open_run: Open, shown_text: Text) -> None:
    at = choose(open_run(), "Two words")
    assert len(at.get("image")) == 3
    assert at.selectbox(key="ask_layers").value == "All 7 layers"
    outline = at.toggle(key="ask_outline")
    assert outline.label == "Outline: the picture; the map has 16×16 places"
    assert outline.value
    before = [image.proto.imgs[0].url for image in at.get("image")]
    at.toggle(key="ask_outline").set_value(False).run()
    assert not set(before) & {image.proto.imgs[0].url for image in at.get("image")}
    at.selectbox(key="ask_layers").set_value("8×8: 3 layers").run()
    assert "8×8 places" in at.toggle(key="ask_outline").label
    assert "Both maps end at" in shown_text(at)
    assert "correlate with" in shown_text(at)


def test_phrase_adds_up_what_its_tokens_get(open_run: Open, shown_text: Text) -> None:
    at = choose(open_run(prompt="a red apple on a table"), "A phrase")
    assert "a red apple" in [part.value for part in at.text]
    assert "the map has 16×16 places" in at.toggle(key="ask_outline").label
    whole = float(at.metric[0].value.rstrip(" %"))
    at.multiselect[0].set_value([1]).run()
    assert 0 < float(at.metric[0].value.rstrip(" %")) < whole
    at.multiselect[0].set_value([]).run()
    assert "Choose at least one token." in shown_text(at)


def test_strongest_word_takes_its_places(open_run: Open, shown_text: Text) -> None:
    at = choose(open_run(), "Strongest word")
    assert "however narrowly it wins" in shown_text(at)
    shares = [int(part.value.split(": ")[1].rstrip(" %")) for part in at.text if "%" in part.value]
    assert len(shares) == len(at.get("image"))
    assert sum(shares) == pytest.approx(100, abs=2)
    nowhere = [part.value for part in at.text if part.value.startswith("Strongest nowhere: ")]
    assert len(nowhere) == (len(shares) < 3)


def test_word_is_turned_up_and_shown_beside(open_run: Open, shown_text: Text) -> None:
    at = choose(open_run(prompt="a red apple on a table"), "Turn a word up")
    assert at.selectbox[0].value == 2  # the apple, before where it lies
    assert len(at.get("image")) == 2
    first = shown_text(at)
    at.slider(key="ask_factor").set_value(1.0).run()
    assert not at.exception
    assert "0.0 of 255 apart on average" in shown_text(at)
    assert "0.0 of 255 apart on average" not in first


def test_word_is_swapped_beside_the_new_words_alone(open_run: Open, shown_text: Text) -> None:
    at = choose(open_run(), "Swap a word")
    assert len(at.get("image")) == 3
    assert "a red apple  →  a red panda" in [part.value for part in at.text]
    at.text_input(key="ask_new").set_value(" ").run()
    assert not at.exception
    assert "There is no new word." in shown_text(at)


def test_prompt_without_words_cannot_be_turned_up(open_run: Open, shown_text: Text) -> None:
    at = choose(open_run(prompt=" "), "Turn a word up")
    assert "There are no words in the prompt." in shown_text(at)


def test_gradients_share_out_the_push_beside_the_attention(
    open_run: Open, shown_text: Text
) -> None:
    at = choose(open_run(), "By gradient")
    assert "adds up to" in shown_text(at)
    proto = at.get("vega_lite_chart")[0].proto
    assert "share of the push" in proto.spec
    whole = float(shown_text(at).split("adds up to ")[1].split("%")[0])
    assert whole == pytest.approx(100, abs=15)


def test_every_token_is_in_the_table(open_run: Open) -> None:
    at = choose(open_run(), "Numbers")
    table = at.dataframe[0].value
    assert list(table["token"]) == ["⟨start⟩", "a", "red", "apple", "⟨end⟩", "⟨padding⟩ × 72"]
    assert table["share"].sum() == pytest.approx(1, abs=2e-3)
    labels = [button.proto.label for button in at.get("download_button")]
    assert labels == ["CSV", "Map (PNG)", "All maps (NPZ)"]


def test_formulas_come_with_their_code(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, steps="2")
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    for code in ("def attend(", "def reweight(", "def replace_weights(", "class WatchedAttention"):
        assert code in shown_text(at)


def test_a_weighted_word_is_drawn_by_three_recipes(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="(word:1.3)", steps="2").run()
    assert not at.exception
    text = shown_text(at)
    changes = {
        name: re.findall(rf"\| {name} \| [^|]+\| ([\d.]+)\s% \| ([\d.]+)\s% \| ([\d.]+) \|", text)
        for name in ("Scaled", "Scaled, mean restored", "Away from no words")
    }
    assert changes["Scaled"][0][:2] == ("30.0", "0.0")
    assert float(changes["Scaled, mean restored"][0][1]) > 0
    assert changes["Away from no words"][0][1] == "0.0"
    assert all(float(found[0][2]) > 0 for found in changes.values())
