"""The U-Net page: the map from the files, then everything else from the run, computed for real."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest

from core.ideas.activations import ACTIVATIONS
from core.lessons.unet.off_data import SAYS
from core.models.catalog import builtin_folder
from core.models.loras import LORAS
from core.models.turbo import FOLDER
from core.models.unet_facts import read_unet_facts

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/8_unet.py"
FACTS = read_unet_facts(builtin_folder(), (None, None))

Open = Callable[..., AppTest]


def drawn(at: AppTest) -> dict[str, Any]:  # Any: JSON
    """What the map was given."""
    (found,) = [part for part in at.get("bidi_component") if '"boxes"' in part.proto.json]
    return json.loads(found.proto.json)[0]


@pytest.fixture
def open_run(open_page: Open) -> Open:
    """Open the page on a short run, which is computed at its second turn."""

    def opened(**query: str) -> AppTest:
        at = open_page(PAGE, **({"steps": "3"} | query))
        return at if drawn(at)["boxes"][0]["time"] else at.run()

    return opened


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_map_of_the_files(open_page: Open, way: tuple) -> None:
    at = open_page(*way, prompt="a page just opened")
    assert not at.exception
    assert at.title[0].value == "What flows through the network?"
    assert [box["name"] for box in drawn(at)["boxes"]] == [box.name for box in FACTS.boxes]
    assert drawn(at)["boxes"][0]["time"] == ""


def test_second_turn_brings_times_and_feature_maps(
    open_run: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_run()
    assert not at.exception
    data = drawn(at)
    assert all(box["time"].endswith("\xa0ms") for box in data["boxes"])
    assert data["t"] == "t = 1"  # of the timesteps 667, 334 and 1, the last
    assert len(at.get("image")) == 1 + 6  # the box, and the look that the page opens on
    assert "of the variance" in shown_text(at)


def test_another_step_is_another_call(open_run: Open) -> None:
    at = open_run()
    at.slider(key="ask_call").set_value(1).run()
    assert not at.exception
    assert drawn(at)["t"] == "t = 667"
    assert all(box["time"] for box in drawn(at)["boxes"])


def click(at: AppTest, **events: object) -> AppTest:
    """Run the page with what the map tells when it is clicked."""
    (map_,) = [part for part in at.get("bidi_component") if '"boxes"' in part.proto.json]
    states = at._tree.get_widget_states()
    name = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{map_.proto.id}__events"
    told = [{"event": event, "value": value} for event, value in events.items()]
    states.widgets.add(id=name, json_trigger_value=json.dumps(told))
    return at._run(states)


def test_click_marks_the_box_that_the_panel_shows_in_the_same_run(
    open_run: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_run()
    for name in ("mid_block.resnets.0", "conv_in", "time_embedding"):
        click(at, pick=name)
        assert not at.exception
        assert drawn(at)["chosen"] == at.query_params["box"] == name
        assert f"`{name}`" in shown_text(at)
    click(at, pick="no_such_box")
    assert drawn(at)["chosen"] == "time_embedding"


def test_click_on_a_skip_turns_to_the_look_that_shows_it_off(open_run: Open) -> None:
    at = open_run(steps="2", look="Every box in numbers")
    click(at, skip=3)
    assert not at.exception
    assert at.button_group(key="ask_look_1").value == "Switch something off"
    assert (drawn(at)["off"], at.query_params["off"]) == (3, "skip 3")
    click(at, skip=2)  # while that look is on show
    assert (drawn(at)["off"], at.query_params["off"]) == (2, "skip 2")


def test_chosen_box_is_shown_with_its_code(
    open_run: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_run()
    at.query_params["box"] = "time_embedding"
    at.run()
    at.toggle(key="ask_code").set_value(True).run()
    assert not at.exception
    assert drawn(at)["chosen"] == "time_embedding"
    assert len(at.get("image")) == 1 + 6
    assert "class TimeEmbedding(nn.Module)" in shown_text(at)


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("conv_in", "def forward(self, xt: Tensor, t: Tensor, text: Tensor"),
        ("mid_block.resnets.0", "class ResnetBlock"),
        ("mid_block.attentions.0", "def attend("),
        ("down_blocks.0.downsamplers.0", "class Downsample"),
        ("up_blocks.0.upsamplers.0", "class Upsample"),
    ],
)
def test_code_is_the_code_that_runs(
    open_page: Open, shown_text: Callable[[AppTest], str], box: str, code: str
) -> None:
    at = open_page(PAGE, steps="3")
    at.query_params["box"] = box
    at.run()
    at.toggle(key="ask_code").set_value(True).run()
    assert not at.exception
    assert code in shown_text(at)


def test_model_that_is_not_here_is_told_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, model="someone/no-such-model")
    assert not at.exception
    assert "is not on this machine." in shown_text(at)


OFFS = {
    "attention": ("The text", "attention", ""),
    "prompt": ("The text", "prompt", "prompt"),
    "time": ("The time", "time", "time"),
    "clock": ("The time", "clock", "clock 500"),
    "skip": ("A skip connection", "", "skip 0"),
}


@pytest.mark.parametrize("what", OFFS)
def test_something_is_switched_off_and_shown_beside(
    open_run: Open, shown_text: Callable[[AppTest], str], what: str
) -> None:
    part, how, link = OFFS[what]
    at = open_run(steps="2")  # the page opens on this look
    at.button_group(key="ask_off_what").set_value(part).run()
    if how:
        key = "ask_off_text" if part == "The text" else "ask_off_time"
        at.button_group(key=key).set_value(how).run()
    assert not at.exception
    said = shown_text(at)
    assert SAYS[what] in said
    assert "It moved by " in said
    assert "From the same first noise" in said
    assert len(at.get("image")) == 1 + 6
    assert drawn(at)["off"] == (0 if what == "skip" else -1)
    assert at.query_params.get("off", "") == link
    again = open_run(**dict(at.query_params))
    assert SAYS[what] in shown_text(again)
    assert drawn(again)["off"] == drawn(at)["off"]


def test_link_brings_back_look_box_and_call(open_run: Open, shown_text: Callable) -> None:
    at = open_run(look="Every box in numbers", box="mid_block.resnets.0", call="2")
    assert at.button_group(key="ask_look").value == "Every box in numbers"
    assert at.slider(key="ask_call").value == 2
    assert drawn(at)["chosen"] == "mid_block.resnets.0"
    assert drawn(at)["t"] == "t = 334"
    assert "Residual block in the middle" in shown_text(at)
    at.slider(key="ask_call").set_value(1).run()
    assert at.query_params["call"] == "1"
    assert drawn(at)["t"] == "t = 667"
    at.button_group(key="ask_look").set_value("Switch something off").run()
    assert "look" not in at.query_params  # the page opens on it


@pytest.mark.parametrize(
    "link",
    [{"call": "99"}, {"call": "0"}, {"call": "\u0663"}, {"box": "x"}, {"off": "skip 77"},
     {"off": "clock 9999999"}, {"off": "everything"}],
)  # fmt: skip
def test_link_that_names_what_is_not_there_opens_the_page(
    open_run: Open, link: dict[str, str]
) -> None:
    at = open_run(steps="2", **link)
    assert not at.exception
    assert len(at.get("image")) == 1 + 6
    assert drawn(at)["off"] == -1


def test_what_is_off_is_marked_with_its_look_alone(open_run: Open) -> None:
    at = open_run(steps="2", off="skip 1")
    assert drawn(at)["off"] == 1
    at.button_group(key="ask_look").set_value("Every box in numbers").run()
    assert drawn(at)["off"] == -1
    at.button_group(key="ask_look").set_value("Switch something off").run()
    assert at.query_params["off"] == "skip 1"
    assert drawn(at)["off"] == 1


def test_every_box_is_in_the_table(open_run: Open) -> None:
    at = open_run()
    at.button_group(key="ask_look").set_value("Every box in numbers").run()
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table["box"]) == [box.name for box in FACTS.boxes]
    assert table["weights"].sum() == FACTS.weights
    assert (table["ms"] > 0).all()


def test_activations_are_compared_and_zoomed(open_page: Open) -> None:
    at = open_page(PAGE, prompt="nothing is drawn for this", look="Why SiLU?", zoom="2")
    assert not at.exception
    function, slope = (json.loads(one.proto.spec) for one in at.get("vega_lite_chart")[:2])
    for spec in (function, slope):
        assert spec["encoding"]["x"]["scale"]["domain"] == [-2, 2]
    assert function["encoding"]["y"]["scale"]["domain"] == [-0.7, 2]
    assert slope["encoding"]["y"]["scale"]["domain"] == [-0.2, 1.2]


def test_training_runs_to_its_end_and_stops_when_told(
    open_run: Open, shown_text: Callable[[AppTest], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.lessons.unet.silu.ROUNDS", 2)
    at = open_run()
    at.button_group(key="ask_look").set_value("Why SiLU?").run()
    next(button for button in at.button if button.label == "Train all eight").click().run()
    assert not at.exception
    assert len(at.session_state["unet_lab_rounds"]) == 2
    assert [button.label for button in at.button] == ["Train again"]
    assert set(at.dataframe[0].value["activation"]) == {act.title for act in ACTIVATIONS.values()}
    at.session_state["unet_lab_rounds"] = at.session_state["unet_lab_rounds"][:1]
    at.run()
    assert len(at.session_state["unet_lab_rounds"]) == 1  # stopped: it waits to be told
    assert [button.label for button in at.button] == ["Go on"]


def test_self_attention_of_every_layer_is_shown(open_run: Open) -> None:
    at = open_run()
    at.button_group(key="ask_look").set_value("Who looks where").run()
    assert not at.exception
    (found,) = [part for part in at.get("bidi_component") if '"layers"' in part.proto.json]
    data = json.loads(found.proto.json)[0]
    attentions = [box for box in FACTS.boxes if box.kind == "attention"]
    assert [layer["name"].split(".transformer")[0] for layer in data["layers"]] == [
        box.name for box in attentions
    ]
    assert data["position"] == [side // 2 for side in FACTS.size]


@pytest.mark.parametrize(
    ("look", "codes"),
    [
        ("", ("class ResnetBlock(nn.Module)", "def attend(", "def guide(")),
        ("Why SiLU?", tuple(f"def {name}(" for name in ACTIVATIONS)),
    ],
)
def test_formulas_come_with_their_code(
    open_page: Open, shown_text: Callable[[AppTest], str], look: str, codes: tuple[str, ...]
) -> None:
    at = open_page(PAGE, steps="3")
    if look:
        at.button_group(key="ask_look").set_value(look).run()
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    assert all(code in shown_text(at) for code in codes)
    assert len(at.latex) == len(codes)


def test_run_that_fails_is_told_and_not_asked_for_again(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, height="1024", width="1024", steps="2").run()
    assert not at.exception
    assert "are too many for this model" in shown_text(at)
    assert [button.label for button in at.button] == ["Try again"]
    assert drawn(at)["boxes"][1]["shape"].endswith("×128×128")
    at.run()
    assert [button.label for button in at.button] == ["Try again"]


LORA = "What a LoRA changes"


def test_what_a_lora_changes_is_measured_and_drawn_over_its_strength(
    open_run: Open, offered_lora: str, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_run(look=LORA, steps="2", lora=offered_lora)
    assert not at.exception
    assert at.selectbox(key="ask_lora").options == [FOLDER.name, offered_lora]
    assert "Rank 2: " in shown_text(at)
    assert len(at.get("vega_lite_chart")) == 1
    assert "strengths of 0, 0.5, 1, 1.5" in at.get("image")[-1].proto.imgs[0].caption
    at.toggle(key="ask_table_lora").set_value(True).run()
    rows = at.dataframe[0].value
    assert set(rows["of"]) == {"cross-attention"}
    assert (rows["change in %"] > 0).all()


def test_the_lora_that_ships_is_shown_in_the_few_calls_that_it_is_for(
    open_run: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_run(look=LORA, steps="2")
    assert not at.exception
    assert at.selectbox(key="ask_lora").value == FOLDER.name
    assert "in 4 steps of LCM at w = 1: strengths" in at.get("image")[-1].proto.imgs[0].caption
    assert "residual block" in str(at.get("vega_lite_chart")[0].proto)


def test_where_no_lora_is_offered_the_look_says_how_to(
    open_run: Open,
    shown_text: Callable[[AppTest], str],
    monkeypatch: pytest.MonkeyPatch,
    tiny_folder: Path,
) -> None:
    monkeypatch.setenv(LORAS, "")
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(tiny_folder))
    at = open_run(look=LORA, steps="2", model=tiny_folder.name)
    assert not at.exception
    assert "No LoRA is offered here." in shown_text(at)


def test_a_lora_of_another_model_is_told(
    open_run: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shown_text: Callable[[AppTest], str],
) -> None:
    tensors = {
        f"lora_unet_conv_in.lora_{side}.weight": np.ones((2, 2), np.float32)
        for side in ("down", "up")
    }
    save_file(tensors, tmp_path / "other.safetensors")
    monkeypatch.setenv(LORAS, str(tmp_path))
    at = open_run(look=LORA, steps="2", lora="other")
    assert not at.exception
    assert "other.safetensors fits 2 × 2 weights of conv_in" in shown_text(at)
