"""Every choice of every page stands in its address: a link shows what was seen, Back undoes it."""

import importlib
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest

from core.engine.request import Request

KEEPER = "glassbox_places_en"
ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]
PAGES = {
    file.stem.split("_", 1)[1]: f"pages/{file.name}"
    for file in ROOT.glob("pages/[0-9]*.py")
    if not file.stem.endswith("check")  # nothing is chosen there
}
LOOKS = [
    (page, look.title)
    for page in sorted(PAGES)
    for look in importlib.import_module(f"core.lessons.{page}.looks").LOOKS.looks
]
KINDS = ("toggle", "slider", "select_slider", "selectbox", "text_input", "text_area", "radio",
         "number_input", "multiselect", "button_group")  # fmt: skip
# Widgets whose value no link holds, by the beginning of their key, and why.
NOT_IN_LINKS = {
    "prompt_to_try": "a press: the prompt takes it over",
    "scheduler_settings_typed": "a press: the settings take it over",
    "card_": "a press: what a run says to a belief is read, not shared",
    "answer_": "an answer is the visitor's own; a link says which pages are done",
    "link_holds": "it is about the link itself",
    "unet_call_waits": "nothing can be asked while there is no run",
}
OF_THE_RUN = (*(field.name for field in fields(Request)), "plain_", "scheduler_")  # test_home.py


def asked(at: AppTest) -> list[Any]:  # Any: of every kind of widget
    """All widgets that hold a value."""
    return [widget for kind in KINDS for widget in at.get(kind)]


def name_of(widget: Any) -> str:
    """The name of a widget's choice in the address."""
    name, _, turn = widget.key.removeprefix("ask_").rpartition("_")
    return name if turn.isdigit() else widget.key.removeprefix("ask_")


def chosen(at: AppTest) -> dict[str, object]:
    """What every widget of the page's own shows, by name."""
    return {
        name_of(one): one.value
        for one in asked(at)
        if (one.key or "").startswith("ask_") and not getattr(one, "disabled", False)
    }


def own(widget: Any) -> bool:
    """Whether a choice is the page's own, and can be made."""
    name = name_of(widget)
    return (
        (widget.key or "").startswith("ask_")
        and name not in ("look", "live")  # they show others in place of these: test_live.py
        and not getattr(widget, "disabled", False)
        and not any(
            name == run or (run.endswith("_") and name.startswith(run)) for run in OF_THE_RUN
        )
    )


def other_than_now(widget: Any) -> object:
    """Another value that a widget can have."""
    kind, now = widget.type, widget.value
    if kind in ("toggle", "checkbox"):
        return not now
    if kind in ("slider", "number_input"):
        return widget.min if now != widget.min else type(now)(widget.min + (widget.step or 1))
    if kind in ("text_input", "text_area"):
        return "two cats, 3"
    if kind == "select_slider":
        numbers = [type(now)(float(option.replace(",", ""))) for option in widget.options]
        return next(number for number in numbers if number != now)
    if kind == "multiselect":
        return [widget.options[-1]]
    if kind == "button_group":
        many = isinstance(now, list)
        return [widget.options[-1]] if many else next(o for o in widget.options if o != now)
    return next((option for option in widget.options if option != str(now)), now)


def opened(open_page: Open, page: str, **query: str) -> AppTest:
    """A page, with what is computed after its first paint."""
    at = open_page(PAGES[page], **query).run()
    assert not at.exception
    return at


@pytest.mark.parametrize(("page", "look"), LOOKS)
def test_every_choice_is_in_the_link_and_back_undoes_it(
    open_page: Open, page: str, look: str
) -> None:
    start = {"steps": "2", "look": look}
    at = opened(open_page, page, **start)
    first, link = chosen(at), dict(at.query_params)
    for widget in asked(at):
        key = widget.key or ""
        named = key.startswith("ask_") or any(key.startswith(one) for one in NOT_IN_LINKS)
        assert named, f"“{widget.label}” is in no link"
    for widget in filter(own, asked(at)):
        widget.set_value(other_than_now(widget))
    at.run()
    assert not at.exception
    seen = chosen(at)
    again = opened(open_page, page, **dict(at.query_params))
    found = chosen(again)
    assert found == seen
    for name in [name for name in at.query_params if name not in link]:
        del at.query_params[name]
    at.run()
    assert chosen(at) == first


BAD = ("nan", "1e309", "../../x", "-1", "9" * 5_000, "[" * 5_000, "", "\u0663", '["x", "x"]')


@pytest.mark.parametrize("page", sorted(PAGES))
def test_what_nobody_can_choose_is_where_it_begins(open_page: Open, page: str) -> None:
    for look in (look for of, look in LOOKS if of == page):
        at = opened(open_page, page, steps="2", look=look)
        first = chosen(at)
        names = [name_of(one) for one in filter(own, asked(at)) if one.type not in TEXTS]
        below_0 = [name_of(one) for one in asked(at) if getattr(one, "min", None) is not None
                   and one.min <= -1]  # fmt: skip
        for bad in BAD[: 3 if look in SLOW else None]:
            for name in names:
                if not (bad == "-1" and name in below_0):
                    at.query_params[name] = bad
            at.run()
            assert not at.exception
            assert chosen(at) == first, bad


TEXTS = ("text_input", "text_area")
SLOW = ("The proof", "Learned variance", "Swap a word", "By gradient")


def test_a_click_is_newer_than_all_of_the_address_that_comes_with_it(open_page: Open) -> None:
    at = opened(open_page, "noising", look="What is left")
    at.select_slider(key="ask_copies").set_value(16).run()
    before = dict(at.query_params)
    at.number_input(key="ask_noise").set_value(7).run()
    at.query_params.clear()
    at.query_params.update(before)  # the browser has not yet drawn what was written
    at.selectbox(key="ask_compared").set_value("linear").run()
    assert at.number_input(key="ask_noise").value == 7
    assert at.query_params["noise"] == "7"


def tell(at: AppTest, places: object) -> AppTest:
    """Have the browser tell of places, as it may tell anything."""
    keeper = next(
        one for one in at.get("bidi_component") if one.proto.component_name.startswith(KEEPER)
    )
    states = WidgetStates()
    name = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{keeper.proto.id}__events"
    told = json.dumps([{"event": "places", "value": places}])
    states.widgets.add(id=name, json_trigger_value=told)
    return at._run(states)


def test_a_place_told_by_the_browser_is_kept_in_the_address(open_page: Open) -> None:
    at = opened(open_page, "noising")
    for told in ({"t": "12"}, {"t": "../x\u0663"}, {"../": "1"}, {"t": ["1"]}, "t", {"u": 3}):
        tell(at, told)
        assert not at.exception
        assert at.query_params["t"] == "12"
    tell(at, {"t": None})
    assert "t" not in at.query_params
