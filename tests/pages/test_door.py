"""No page ends because of what a link or a browser says, and none tells where files lie."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
PAGES = ["Home.py", *(f"pages/{file.name}" for file in
         sorted((Path(__file__).resolve().parents[2] / "pages").glob("*.py")))]  # fmt: skip
HUGE = "9" * 401
HOSTILE = {
    "huge": {
        "params": f'[["steps_offset", {HUGE}]]', "seed": HUGE, "steps": HUGE, "guidance": HUGE,
        "height": HUGE, "clip_skip": HUGE, "share": HUGE, "strength": HUGE, "dim": HUGE,
        "period": HUGE, "shift": HUGE, "branch_call": HUGE, "branch_seed": HUGE, "down": "seed",
        "of_seed": HUGE, "of_steps": HUGE, "call": HUGE, "off": f"skip {HUGE}",
    },
    "halves": {
        "params": '[["\\ud800", "\\ud800"]]', "branch_words": "\ufffd\n", "branch_not": "\0",
        "of_prompt": "\ufffd\n\0", "blend": "\ufffd", "share": "0.5",
    },
    "shapes": {
        "params": '[["eta", [[]]], {}]', "scheduler": "nothing", "of_scheduler": "[" * 5000,
        "of_guidance": "[[[], {}], 3]", "edits": "[" * 5000, "points": "1.2.3_nan",
        "padding_mask": "[]", "look": "[]", "picture": "{}", "model": "/",
        "other": "a\nb\0c", "prompt": "a\r\nb\tc", "negative": "\u2028", "first": "[]",
        "period": "nan", "shift": "1e400", "dim": "-inf", "box": "[]",
        "call": HUGE, "off": "{}",
    },
}  # fmt: skip


@pytest.mark.parametrize("file", PAGES)
@pytest.mark.parametrize("link", HOSTILE)
def test_a_page_opens_whatever_its_link_says(open_page: Open, file: str, link: str) -> None:
    at = open_page(file, **HOSTILE[link])
    assert not at.exception
    assert at.title


LOOKS = [
    ("Home.py", ""), ("pages/8_unet.py", ""), ("pages/8_unet.py", "Who looks where"),
    ("pages/2_latents.py", "Surgery"), ("pages/6_generation.py", "Compare a grid"),
    ("pages/9_training.py", "Train on points"),
]  # fmt: skip
EVENTS = ("open", "pick", "skip", "chosen", "edit", "drawn", "place", "places")
FORGED = [[], {}, [[]], {"a": {}}, "\ud800", "x", -1, 10**30, 1e308, True, [1], [1, 2, 3],
          ["a", None], [-1, 10**30],
          {"gains": [[]] * 4, "order": [{}] * 4}, [[[], {}, 3]]]  # fmt: skip


def tell(at: AppTest, value: object) -> AppTest:
    """Have every component tell a value with every event, as a browser that is not ours may."""
    states = WidgetStates()
    for part in at.get("bidi_component"):
        told = json.dumps(dict.fromkeys(EVENTS, value))
        states.widgets.add(id=part.proto.id, json_value=told)
        events = json.dumps([{"event": event, "value": value} for event in EVENTS])
        name = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{part.proto.id}__events"
        states.widgets.add(id=name, json_trigger_value=events)
    return at._run(states)


@pytest.mark.parametrize(("file", "look"), LOOKS)
def test_a_page_goes_on_whatever_a_browser_says_of_its_components(
    open_page: Open, file: str, look: str
) -> None:
    at = open_page(file, steps="2", **({"look": look} if look else {}))
    if look == "Who looks where":
        at.button_group(key="ask_look").set_value(look)
    at.run()
    assert at.get("bidi_component")
    for value in FORGED:
        tell(at, value)
        assert not at.exception, value
        assert at.title


def test_what_a_browser_says_arrives(open_page: Open) -> None:
    at = open_page("Home.py")
    before = at.title[0].value
    tell(at, "tokens")
    assert not at.exception
    assert at.title[0].value != before


def test_where_an_offered_folder_lies_is_told_nowhere(
    open_page: Open,
    shown_text: Callable[[AppTest], str],
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLASSBOX_FOLDERS", str(tiny_folder))
    for query in ({"model": "tiny-sd"}, {"model": str(tiny_folder)}):
        at = open_page("pages/1_tokens.py", **query)
        assert not at.exception
        assert at.query_params["model"] == "tiny-sd"
        assert "model: tiny-sd" in shown_text(at)
        assert str(tiny_folder.parent) not in shown_text(at)


def test_where_a_damaged_folder_lies_is_told_nowhere(
    open_page: Open,
    shown_text: Callable[[AppTest], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "same").mkdir(parents=True)
        (tmp_path / place / "same" / "model_index.json").write_text("{")
    monkeypatch.setenv("GLASSBOX_FOLDERS", f"{tmp_path / 'one/same'}:{tmp_path / 'two/same'}")
    for file in PAGES:
        for name in ("same", "same 2"):
            at = open_page(file, model=name).run()
            assert not at.exception
            assert str(tmp_path) not in shown_text(at)
