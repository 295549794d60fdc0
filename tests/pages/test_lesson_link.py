"""A lesson's link: it opens what was seen, may hold the settings, and lets go of them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

import core.classroom
from core.classroom import Classroom, Opening, digest

HELD = "holds words and settings as they are"
CODE = "QRS234"
GENERATION, NOISING = "pages/6_generation.py", "pages/5_noising.py"
Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """The class that the process is open for."""
    made = Classroom(Opening(CODE, digest("A" * 20), "http://127.0.0.1:1"))
    monkeypatch.setattr(core.classroom, "_found", [made])
    return made


def link_in(at: AppTest) -> dict[str, str]:
    """What the link at the foot says; nothing of it is said twice."""
    pairs = parse_qsl(urlsplit(str(at.code[-1].value)).query)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_a_link_holds_every_setting_until_it_is_let_go_of(
    open_page: Open, shown_text: Text
) -> None:
    at = open_page(GENERATION, lock="1", steps="2", prompt="a blue car", look="Guidance")
    assert HELD in shown_text(at)
    boxes = [*at.text_input, *at.slider, *at.select_slider, *at.number_input, *at.selectbox]
    of_the_run = {"Your words", "Steps", "Guidance w", "Seed", "Scheduler", "Not this", "Model"}
    assert of_the_run <= {one.label for one in boxes if one.disabled}
    at.button(key="let_go").click().run()
    assert HELD not in shown_text(at)
    assert "lock" not in at.query_params
    next(one for one in at.slider if one.label == "Steps").set_value(3).run()
    assert at.session_state["running_example"].steps == 3


def asks_for_three_steps() -> None:
    """A page on which a component, which nothing can disable, asks for another run."""
    from dataclasses import replace

    from core.ui.address import begin_page
    from core.ui.all_pages import follow_all_pages
    from core.ui.running_example import running_example, set_running_example, show_summary

    follow_all_pages(begin_page("one", ()))
    set_running_example(replace(running_example(), steps=3))
    show_summary()


@pytest.mark.parametrize("held", [True, False])
def test_whatever_asks_for_another_run_is_told_that_this_one_is_held(
    shown_text: Text, held: bool
) -> None:
    at = AppTest.from_function(asks_for_three_steps)
    if held:
        at.query_params["lock"] = "1"
    at.run()
    assert (at.session_state["running_example"].steps == 3) != held
    assert ("Let go of them first." in shown_text(at)) == held


def test_what_is_held_stays_held_on_other_pages_and_the_look_is_free(
    open_page: Open, shown_text: Text
) -> None:
    at = open_page(lock="1", steps="2", level="maths")
    at.switch_page(NOISING).run()
    assert HELD in shown_text(at)
    assert at.query_params["lock"] == "1"
    assert at.query_params["level"] == "maths"
    groups: Any = at.get("button_group")  # Any: Streamlit's test class of pills
    next(one for one in groups if one.key.startswith("ask_look")).set_value("In numbers").run()
    assert at.query_params["look"] == "In numbers"


def test_a_nonsense_lock_holds_nothing(open_page: Open, shown_text: Text) -> None:
    at = open_page(NOISING, lock="yes", steps="2")
    assert HELD not in shown_text(at)
    assert "lock" not in at.query_params


def test_the_link_at_the_foot_opens_the_same_page(open_page: Open, shown_text: Text) -> None:
    seen = {"steps": "2", "level": "first", "look": "In numbers", "looks": "on", "t": "400"}
    at = open_page(NOISING, **seen, foot="link", walked="tokens", present="on")
    link = link_in(at)
    assert link == {"prompt": "a red apple", **{n: at.query_params[n] for n in seen if n in link}}
    assert {"steps", "level", "look", "t"} <= link.keys()
    at.toggle(key="link_holds").set_value(True).run()
    assert link_in(at) == {**link, "lock": "1"}
    other = open_page(NOISING, **link_in(at))
    assert HELD in shown_text(other)
    assert other.session_state["running_example"] == at.session_state["running_example"]
    assert {one: other.query_params[one] for one in link if one != "prompt"} == {
        one: text for one, text in link.items() if one != "prompt"
    }


def test_a_belief_that_would_change_the_run_cannot_be_tried_while_it_is_held(
    open_page: Open,
) -> None:
    for held, page in ((True, GENERATION), (False, GENERATION), (True, NOISING)):
        at = open_page(page, steps="2", foot="cards", **({"lock": "1"} if held else {}))
        links = [one.proto for one in at.get("page_link") if one.proto.label == "Try it"]
        assert links
        assert {link.disabled for link in links} == {held and page == GENERATION}


def test_in_a_class_what_its_teacher_locks_stands_above_a_link(
    open_page: Open, shown_text: Text, room: Classroom
) -> None:
    at = open_page(NOISING, join=CODE, lock="1", steps="7", foot="link")
    assert str(at.code[-1].value).startswith("http://127.0.0.1:1/")
    assert link_in(at)["join"] == CODE
    assert at.session_state["running_example"].steps == 7
    room.set_rules((("steps", 4),), True, frozenset())
    at.run()
    assert at.session_state["running_example"].steps == 4
    at.button(key="let_go").click().run()
    assert HELD not in shown_text(at)
    assert at.session_state["running_example"].steps == 4
