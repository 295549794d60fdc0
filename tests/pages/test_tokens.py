"""The tokens page: pieces, tables and masks of the running example, computed for real."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from core.lessons.tokens.looks import LOOKS
from core.ui.closer import Closer

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/1_tokens.py"
HTML = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![x](http://example.org/x.png) "
    "[y](javascript:alert(1)) :red[y] $\\frac{1}{0}$ :material/home:"
)

Open = Callable[..., AppTest]


def switch_of(at: AppTest) -> Any:  # Any: Streamlit's toggle
    """The first switch of the look on show, behind the one of its question."""
    return next(one for one in at.toggle if one.key not in ("ask_live", "ask_look_asked"))


def box(at: AppTest, label: str) -> Any:  # Any: Streamlit's text input
    return next(part for part in at.text_input if part.label == label)


def pieces(at: AppTest) -> dict:
    """What the component that draws the prompt in place was given."""
    drawn = [part.proto.json for part in at.get("bidi_component")]
    (found,) = [given for given in drawn if '"padding"' in given and '"about"' not in given]
    return json.loads(found)[0]


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_pieces_of_the_running_example(open_page: Open, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "What does the model read of your prompt?"
    assert [word["text"] for word in pieces(at)["words"]] == ["a", "red", "apple"]
    assert at.button_group(key="ask_look").value == "Meaning"


def positions(at: AppTest) -> dict:
    """What the strip was given."""
    (found,) = [part for part in at.get("bidi_component") if '"about"' in part.proto.json]
    return json.loads(found.proto.json)[0]


def test_all_positions_are_a_strip_with_tables_and_tensors_behind_a_toggle(
    open_page: Open,
) -> None:
    at = open_page(PAGE, look="All positions")
    strip = positions(at)["positions"]
    kinds = ["start", *["word"] * 3, "end", *["padding"] * 72]
    assert [cell["kind"] for cell in strip] == kinds
    assert [cell["text"] for cell in strip[:5]] == ["start", "a", "red", "apple", "end"]
    assert strip[3]["said"] == (
        "Position 3: apple</w>, id 3055, your words. Padding mask 1; read: yes."
    )
    assert not at.dataframe
    assert not at.code
    at.toggle(key="ask_tables_prompt").set_value(True).run()
    table, unique = (part.value for part in at.dataframe)
    assert len(table) == 77
    assert list(table["id"][:5]) == [49406, 320, 736, 3055, 49407]
    assert list(table["padding mask"]) == [1] * 5 + [0] * 72
    assert len(unique) == 5
    assert at.code[0].value.startswith("tensor([[49406, 320, 736, 3055, 49407, 49407")


def test_typing_changes_pieces_table_and_link(open_page: Open) -> None:
    at = open_page(PAGE, look="All positions")
    at.toggle(key="ask_tables_prompt").set_value(True).run()
    box(at, "Your words").set_value("unbelievableness").run()
    assert [part["text"] for part in pieces(at)["words"][0]["pieces"]] == [
        "unbeliev", "ab", "leness",
    ]  # fmt: skip
    assert list(at.dataframe[0].value["id"][1:4]) == [11383, 596, 36551]
    assert at.query_params["prompt"] == "unbelievableness"


@pytest.mark.parametrize(
    "prompt",
    [HTML, "nul \0 byte", "a\u202eb", "\u200b\u200d", "👩‍👩‍👧‍👦" * 60, "e" + "\u0301" * 5000,
     "مرحبا بالعالم", "{{7*7}} %s%n", "<|endoftext|> cat", "cat " * 4_000, "\x1b[31m", ""],
    ids=range(12),
)  # fmt: skip
def test_awkward_words_are_text(open_page: Open, prompt: str) -> None:
    at = open_page(PAGE, look="All positions")
    box(at, "Your words").set_value(prompt).run()
    assert not at.exception
    assert len(positions(at)["positions"]) == 77
    for kind in ("markdown", "caption", "title", "toggle", "download_button", "button_group"):
        for part in at.get(kind):
            told = getattr(part.proto, "body", "") + getattr(part.proto, "label", "")
            assert not [mark for mark in ("alert", "👩", "{{", "مر", "[31m") if mark in told]


def test_html_entities_are_said_to_be_read_as_typed(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    said = "your words are read as typed"
    assert said in shown_text(open_page(PAGE, prompt="salt &amp; pepper"))
    assert said not in shown_text(open_page(PAGE, prompt="salt & pepper"))


def test_model_that_is_not_here_is_told_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, model="someone/no-such-model")
    assert not at.exception
    assert "is not on this machine." in shown_text(at)


def test_another_pad_id_is_said_from_the_models_own_files(
    open_page: Open,
    shown_text: Callable[[AppTest], str],
    write_pipeline: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "sd2"
    write_pipeline(folder, pad_token="!")
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(folder))
    at = open_page(PAGE, model=str(folder), look="All positions")
    assert not at.exception
    assert "This model pads with id 0" in shown_text(at)
    at.toggle(key="ask_tables_prompt").set_value(True).run()
    assert list(at.dataframe[0].value["id"][4:6]) == [49407, 0]


def test_a_folder_that_is_exchanged_while_the_app_runs_is_read_anew(
    open_page: Open,
    shown_text: Callable[[AppTest], str],
    write_pipeline: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, pad_token in enumerate((None, "!")):
        folder = tmp_path / str(number) / "exchanged"
        write_pipeline(folder, pad_token=pad_token)
        monkeypatch.setenv("GLASSBOX_FOLDERS", str(folder))
        at = open_page(PAGE, model=str(folder), look="All positions")
        assert ("This model pads with id 0" in shown_text(at)) == (pad_token == "!")


def test_a_second_tokenizer_is_said_from_the_models_own_files(
    open_page: Open,
    shown_text: Callable[[AppTest], str],
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "two"
    shutil.copytree(tiny_folder, folder)
    index = folder / "model_index.json"
    parts = json.loads(index.read_text("utf-8"))
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(folder))
    said = "This model has 2 tokenizers and text encoders; shown is the first."
    assert said not in shown_text(open_page(PAGE, model=str(folder), look="All positions"))
    index.write_text(json.dumps(parts | {"tokenizer_2": ["transformers", "CLIPTokenizer"]}))
    at = open_page(PAGE, model=str(folder), look="All positions")
    assert said in shown_text(at)
    at.button_group(key="ask_look").set_value("No words").run()
    assert said in shown_text(at)
    at.button_group(key="ask_look").set_value("Inside the encoder").run()
    assert "**layer 2, the last but one**, of each text encoder, with no layer norm" in shown_text(
        at
    )


def test_positions_are_the_models_own(
    open_page: Open,
    write_pipeline: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "short"
    write_pipeline(folder, text={"max_position_embeddings": 20})
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(folder))
    at = open_page(PAGE, model=str(folder), prompt="cat " * 30, look="All positions")
    assert (pieces(at)["room"], pieces(at)["used"]) == (18, 18)
    assert len(positions(at)["positions"]) == 20


def test_another_model_reads_with_its_own_encoder(
    open_page: Open, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(tiny_folder))
    at = open_page(PAGE)
    [box] = [box for box in at.sidebar.selectbox if box.label == "Model"]
    box.set_value(tiny_folder.name).run()
    assert not at.exception
    at.button_group(key="ask_look").set_value("Inside the encoder").run()
    assert not at.exception
    assert "of 3" in grids(at)[1]["title"]  # layers of the tiny text encoder


def grids(at: AppTest) -> list[dict]:
    """What the component that draws grids was given."""
    for part in at.get("bidi_component"):
        if '"grids"' in part.proto.json:
            return json.loads(part.proto.json)[0]["grids"]
    return []


def cells(grid: dict) -> list[list[int]]:
    numbers = np.frombuffer(base64.b64decode(grid["cells"]), "<u2").astype(int)
    return numbers.reshape(-1, len(grid["columns"])).tolist()


def chart_values(at: AppTest, number: int = 0) -> list[dict]:
    (data,) = at.get("vega_lite_chart")[number].proto.datasets
    return convert_arrow_bytes_to_pandas_df(data.data.data).to_dict("records")


def pictures(at: AppTest) -> list[str]:
    return [part.proto.imgs[0].url for part in at.get("image")]


def open_look(open_page: Open, look: str, **query: str) -> AppTest:
    at = open_page(PAGE, **{"steps": "2", **query})
    at.button_group(key="ask_look").set_value(look).run()
    assert not at.exception
    return at


def test_masks_stand_side_by_side_and_the_causal_one_is_applied(open_page: Open) -> None:
    at = open_look(open_page, "The mask")
    padding, applied = grids(at)
    assert cells(padding) == [[65_535] * 5 + [0] * 72] * 77
    assert cells(applied) == [[65_535] * (at + 1) + [0] * (76 - at) for at in range(77)]
    assert not pictures(at)


def test_the_switch_passes_the_mask_and_computes_anew(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_look(open_page, "The mask")
    switch_of(at).set_value(True).run()
    assert not at.exception
    _, applied = grids(at)
    assert cells(applied)[76] == [65_535] * 5 + [0] * 72
    moved = [row["position"] for row in chart_values(at) if row["change"] > 0]
    assert moved
    assert min(moved) >= 5  # padding alone
    assert len(set(pictures(at))) == 2
    assert "72 of 72 padding outputs moved, and 0 of the 5 others." in shown_text(at)


def test_a_changed_word_moves_nothing_before_it(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_look(open_page, "The mask", prompt="a red apple on a table")
    rows = chart_values(at)
    assert [row["change"] > 0 for row in rows] == [False] * 6 + [True] * 71
    at.main.selectbox[0].set_value(1).run()
    assert [row["change"] > 0 for row in chart_values(at)] == [False] * 2 + [True] * 75
    box(at, "becomes").set_value("RED").run()
    assert "Nothing moved" in shown_text(at)


def test_inside_shows_layers_heads_and_states(open_page: Open) -> None:
    at = open_look(open_page, "Inside the encoder")
    attention, states = grids(at)
    assert len(attention["rows"]) == 5
    assert all(not any(row[place + 1 :]) for place, row in enumerate(cells(attention)))
    assert len(states["bars"]) == 5
    switch_of(at).set_value(True).run()
    attention, states = grids(at)
    assert len(attention["rows"]) == len(states["rows"]) == 77
    before = attention["cells"]
    at.main.selectbox[0].set_value(1).run()
    assert grids(at)[0]["cells"] != before
    at.slider[0].set_value(1).run()
    assert "layer 1" in grids(at)[0]["title"]


def test_an_earlier_layer_draws_another_picture(open_page: Open) -> None:
    at = open_look(open_page, "Inside the encoder")
    next(part for part in at.slider if "clip skip" in part.label).set_value(1).run()
    assert not at.exception
    assert len(set(pictures(at))) == 2


def test_meaning_maps_compares_and_blends(open_page: Open) -> None:
    at = open_look(open_page, "Meaning")
    placed = {row["text"]: row for row in chart_values(at)}
    assert placed["a red apple"]["kind"] == "your prompt"
    at.toggle(key="ask_table_cosines").set_value(True).run()
    table = at.dataframe[0].value
    assert len(table) == len(placed)
    assert all(table[name][at] == 1 for at, name in enumerate(placed))
    (grid,) = grids(at)
    assert sorted(grid["rows"]) == sorted(placed)
    assert grid["rows"] == grid["columns"]
    top = cells(grid)[0][1:]
    assert top[0] == max(top)  # beside the prompt stands what is most like it
    assert not pictures(at)  # five runs, only where somebody asks for them
    at.toggle(key="ask_melting").set_value(True).run()
    assert len(set(pictures(at))) == 5
    box(at, "Axis, left").set_value("dog").run()
    assert next(r for r in chart_values(at) if r["text"] == "dog")["across"] == -1


def test_an_axis_between_a_word_and_itself_is_refused(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_look(open_page, "Meaning", steps="1")
    box(at, "Axis, left").set_value("Animal ").run()
    assert "the same at both ends of an axis: left and right." in shown_text(at)
    assert not at.get("vega_lite_chart")
    assert grids(at)


def test_words_that_fill_every_place_leave_no_padding_to_count(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_look(open_page, "The mask", prompt="cat " * 75)
    switch_of(at).set_value(True).run()
    assert not at.exception
    said = shown_text(at)
    assert "Your words fill all 75 places" in said
    assert "0 of 0" not in said
    assert "listen to padding, of the negative prompt." in said


def test_texts_that_are_not_placed_are_counted(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_look(open_page, "Meaning", steps="1")
    assert "left out" not in shown_text(at)
    words = [f"word {'abcdefghijklmnopqrstuvwxyz'[at]}" for at in range(26)]
    at.text_area[0].set_value(", ".join([*words, "", "word a"])).run()
    assert not at.exception
    assert len(grids(at)[0]["rows"]) == 24
    assert "3 left out" in shown_text(at)


def test_a_link_opens_the_look_that_was_seen(open_page: Open) -> None:
    at = open_page(PAGE, look="No words")
    assert box(at, "Not this")
    at.button_group(key="ask_look").set_value("Meaning").run()
    assert "look" not in at.query_params
    at.button_group(key="ask_look").set_value("No words").run()
    assert at.query_params["look"] == "No words"
    assert open_page(PAGE, look="../x").button_group(key="ask_look").value == "Meaning"


def test_going_back_undoes_a_look_and_the_words(open_page: Open) -> None:
    at = open_page(PAGE, look="No words")
    at.button_group(key="ask_look").set_value("The mask").run()
    box(at, "Your words").set_value("two dogs").run()
    del at.query_params["prompt"]  # what Back does: the address alone is another one
    at.run()
    assert box(at, "Your words").value == "a red apple"
    assert at.query_params["look"] == "The mask"
    at.query_params["look"] = "No words"
    at.run()
    assert box(at, "Not this")
    assert at.query_params["look"] == "No words"
    at.run()
    assert box(at, "Not this")
    del at.query_params["look"]
    at.run().run()  # the engine is woken after the first paint
    assert grids(at)[0]["title"] == "Cosine of every two"


def test_a_link_brings_its_way_of_reading(open_page: Open) -> None:
    at = open_look(open_page, "The mask", padding_mask="true")
    assert switch_of(at).value
    assert len(set(pictures(at))) == 2
    at = open_look(open_page, "Inside the encoder", clip_skip="1")
    assert len(set(pictures(at))) == 2


def test_no_words_have_the_same_table(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_look(open_page, "No words")
    at.toggle(key="ask_tables_negative").set_value(True).run()
    table = at.dataframe[0].value
    assert list(table["id"]) == [49406] + [49407] * 76
    assert list(table["padding mask"]) == [1, 1] + [0] * 75
    box(at, "Not this").set_value("blurry").run()
    assert at.dataframe[0].value["piece"][1] == "blurry</w>"
    assert at.dataframe[0].value["what it is"][1] == "the negative prompt"
    assert "of the negative prompt" in positions(at)["about"]
    box(at, "Not this").set_value("cat " * 75 + "dog").run()
    assert "these are 76. Cut off:" in shown_text(at)
    assert "dog" in shown_text(at)


@pytest.mark.parametrize(
    ("w", "says"),
    [("5", "At w = 5 it walks from this second answer through the first, and on"),
     ("0.5", "At w = 0.5 it walks from this second answer part of the way"),
     ("0", "At w = 0 it stays at this second answer"), ("1", "nobody asks this")],
)  # fmt: skip
def test_guidance_is_said_as_it_is(
    open_page: Open, shown_text: Callable[[AppTest], str], w: str, says: str
) -> None:
    assert says in shown_text(open_look(open_page, "No words", guidance=w))


@pytest.mark.parametrize("look", ["The mask", "Inside the encoder", "Meaning", "No words"])
@pytest.mark.parametrize("prompt", ["", HTML + "\u202e\x00 👩‍👩‍👧‍👦, =cmd|x " + "cat " * 90])
def test_awkward_words_pass_through_every_look(open_page: Open, look: str, prompt: str) -> None:
    at = open_look(open_page, look, steps="1")
    box(at, "Your words").set_value(prompt).run()
    assert not at.exception
    assert not [part for part in at.markdown if "alert" in part.value or "👩" in part.value]
    assert not [part for part in at.caption if "alert" in part.value or "👩" in part.value]


@pytest.mark.parametrize("look", LOOKS.looks, ids=lambda look: look.title)
def test_formulas_and_their_code(open_page: Open, look: Closer) -> None:
    at, formulas = open_look(open_page, look.title), look.load().FORMULAS
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    assert len(at.get("latex")) == len(formulas)
    for function in formulas:
        assert any(f"def {function.__name__}(" in part.value for part in at.code)


def test_what_is_typed_on_is_newer_than_the_address_that_comes_with_it(open_page: Open) -> None:
    at = open_page(PAGE, prompt="a red")
    for typed in ("a red c", "a red car"):
        at.query_params["prompt"] = "a red"  # the browser has not yet drawn what was written
        box(at, "Your words").set_value(typed).run()
        assert box(at, "Your words").value == typed
        assert at.query_params["prompt"] == typed


def test_every_layer_has_its_picture(open_page: Open, shown_text: Callable[[AppTest], str]) -> None:
    at = open_page(PAGE, look="Inside the encoder", every_layer="on", steps="2")
    assert not at.exception
    layers = len(at.get("image"))
    assert layers > 4
    assert "From left to right the text has gone through more layers" in shown_text(at)
