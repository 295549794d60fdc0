"""The walk: questions first, answers explained, progress kept; beliefs, levels, the check."""

import importlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ExplainerError
from core.ui.navigation import WALK
from core.views.lesson import LEVELS, PAGES, lesson_of

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]
FILES = {entry.url: f"pages/{entry.file}" for entry in WALK} | {"home": "Home.py"}


def pills(at: AppTest) -> Any:  # Any: Streamlit's test class of pills
    """The options of the question on show."""
    (found,) = [one for one in at.get("button_group") if str(one.key).startswith("answer_")]
    return found


@pytest.mark.parametrize("page", ["home", *PAGES])
def test_questions_are_asked_first_and_each_answer_is_explained(
    page: str, open_page: Open, shown_text: Text
) -> None:
    at = open_page(FILES[page], walk="on", steps="2")
    assert not at.exception
    lesson = lesson_of(page)
    for number in range(len(lesson.own)):
        assert f"question {number + 1} of {len(lesson.own)}" in shown_text(at)
        group = pills(at)
        assert group.value is None
        before = len(at.text)
        group.set_value(group.options[number % 2]).run()
        assert not at.exception
        assert len(at.text) >= before + 2
        assert pills(at).disabled
        if number + 1 < len(lesson.own):
            at.button(key=f"next_{page}").click().run()
    assert at.query_params["walked"] == page
    assert at.query_params["walk"] == "on"


def test_answers_are_kept_over_a_reload_for_the_run_that_they_are_of(
    open_page: Open, shown_text: Text
) -> None:
    at = open_page(FILES["noising"], walk="on", steps="2")
    chosen = pills(at).options[1]
    pills(at).set_value(chosen).run()
    said = {name: text for name, text in at.query_params.items() if isinstance(text, str)}
    said |= {name: text[0] for name, text in at.query_params.items() if not isinstance(text, str)}
    again = open_page(FILES["noising"], **said)
    assert "question 2 of 3" in shown_text(again)
    pills(again).set_value(pills(again).options[0]).run()
    again.button(key="before_noising").click().run()
    assert pills(again).value == chosen
    assert "question 1 of 3" in shown_text(open_page(FILES["noising"], **{**said, "steps": "3"}))
    for wrong in ("nonsense", said["answered"].replace("-1", "-9"), "00000000.noising-half"):
        at = open_page(FILES["noising"], **{**said, "answered": wrong})
        assert not at.exception
        assert ("answered" in at.query_params) == wrong.endswith("-9")  # of an option there is none
    assert "answered" not in at.query_params


def test_a_page_without_the_walk_asks_at_its_foot(open_page: Open, shown_text: Text) -> None:
    at = open_page(FILES["noising"], steps="2")
    assert "question 1" not in shown_text(at)
    assert f"To remember.** {lesson_of('noising').remember}" in shown_text(at)
    at = open_page(FILES["noising"], steps="2", foot="predict")
    assert "question 1 of 3" in shown_text(at)
    at = open_page(FILES["noising"], foot="words")
    assert "decibels" in shown_text(at)
    at = open_page(FILES["noising"], foot="mistake")
    assert "torch" in shown_text(at)


@pytest.mark.parametrize(
    ("page", "look"), [("schedulers", "As a flow"), ("training", "Train on points")]
)
def test_a_look_has_its_question_which_the_walk_does_not_wait_for(
    page: str, look: str, open_page: Open, shown_text: Text
) -> None:
    at = open_page(FILES[page], steps="2", look=look)
    assert not at.exception
    at.toggle(key="ask_look_asked").set_value(True).run()
    assert not at.exception
    assert at.query_params["look_asked"] == "on"
    group = pills(at)
    group.set_value(group.options[0]).run()
    assert not at.exception
    assert len(at.text) >= 3  # the question, and why
    assert pills(at).disabled
    assert "walked" not in at.query_params
    assert "question 1 of" not in shown_text(at)


def test_a_belief_is_met_when_it_is_asked_for(open_page: Open, shown_text: Text) -> None:
    at = open_page(FILES["noising"], steps="2", foot="cards")
    assert "t = 0 is the noisy end." in shown_text(at)
    assert "other way round" not in shown_text(at)
    at.toggle(key="card_noising_0").set_value(True).run()
    assert "It is the other way round: at t = 0 there is 0.029" in shown_text(at)
    (link,) = [one.proto for one in at.get("page_link") if one.proto.label == "Try it"]
    assert parse_qs(urlparse(f"?{link.query_string}").query)["t"] == ["0"]


def test_a_first_look_is_asked_for_no_belief_of_those_who_know_more(
    open_page: Open, shown_text: Text
) -> None:
    deeper = [card.claim for card in lesson_of("training").cards if card.deeper]
    assert deeper
    for level in LEVELS:
        at = open_page(FILES["training"], level=level, foot="cards")
        assert [one in shown_text(at) for one in deeper] == [level != "first"] * len(deeper)
        assert "It puts together pictures that it has stored." in shown_text(at)


def look_box(at: AppTest) -> Any:  # Any: as above
    """The box of closer looks; None where they are folded away."""
    groups: Any = at.get("button_group")
    return next((one for one in groups if str(one.key).startswith("ask_look")), None)


def hero(at: AppTest) -> str:
    """What the first component of a page shows."""
    components: Any = at.get("bidi_component")  # Any: Streamlit's class of what has none
    return next(one.proto.json for one in components if len(one.proto.json) > 1000)


def test_a_reading_level_changes_words_and_what_is_open(open_page: Open, shown_text: Text) -> None:
    leads, drawn = lesson_of("timesteps").leads, []
    for level in LEVELS:
        at = open_page(FILES["timesteps"], level=level)
        assert not at.exception
        assert leads[level] in shown_text(at)
        assert bool(at.get("latex")) == (level == "maths")
        assert (look_box(at) is None) == (level == "first")
        drawn.append(hero(at))
    assert drawn[0] == drawn[1] == drawn[2]  # no level is told anything else
    at = open_page(FILES["timesteps"], level="nonsense", walked="tokens.nonsense")
    assert leads["how"] in shown_text(at)
    assert at.query_params["walked"] == "tokens"


@pytest.mark.parametrize("page", PAGES)
def test_at_the_first_level_closer_looks_wait_behind_one_line(page: str, open_page: Open) -> None:
    looks = importlib.import_module(f"core.lessons.{page}.looks").LOOKS.looks
    at = open_page(FILES[page], level="first", steps="2")
    assert not at.exception
    (line,) = [one for one in at.toggle if one.label.endswith("of the next level")]
    assert line.label.startswith(f"Show {len(looks)} closer looks ")
    assert not line.value
    assert look_box(at) is None


def test_looks_that_were_opened_stay_open_whichever_is_chosen(open_page: Open) -> None:
    at = open_page(FILES["timesteps"], level="first", look="How alike")  # a link names one
    assert look_box(at).value == "How alike"
    look_box(at).set_value("All the clocks").run()  # the first, which no address names
    assert look_box(at).value == "All the clocks"
    assert "look" not in at.query_params
    next(one for one in at.toggle if one.label.endswith("of the next level")).set_value(False).run()
    assert look_box(at) is None
    at.selectbox(key="ask_level").set_value("how").run()
    assert look_box(at).value == "All the clocks"


def test_looks_stay_open_where_a_link_names_one_that_is_not_there(
    open_page: Open, shown_text: Text
) -> None:
    at = open_page(FILES["timesteps"], level="first", look="Tea leaves")
    for _ in range(2):
        assert "This page has no look called “Tea leaves”." in shown_text(at)
        assert look_box(at).value == "All the clocks"
        at.run()
    next(one for one in at.toggle if one.label.endswith("of the next level")).set_value(False).run()
    assert look_box(at) is None


def test_the_front_page_tells_how_far_one_is_and_makes_worksheet_and_key(
    open_page: Open, shown_text: Text
) -> None:
    at = open_page(steps="2", walked="tokens.noising")
    assert "2 of 9 pages done" in shown_text(at)
    at.button(key="begin_walk").click().run()
    assert at.query_params["walk"] == "on"
    at.button(key="make_worksheet").click().run()
    assert not at.exception
    assert {one.proto.label for one in at.get("download_button")} == {"Worksheet", "Key"}


def test_presenting_is_in_the_link_and_ends(open_page: Open) -> None:
    at = open_page(FILES["noising"], present="on")
    assert not at.exception
    at.button(key="end_presenting").click().run()
    assert "present" not in at.query_params


def test_the_machine_is_checked(open_page: Open, shown_text: Text) -> None:
    at = open_page(FILES["check"])
    assert not at.exception
    assert any("agree, with" in one.value for one in at.success)
    assert "This process holds" in shown_text(at)


def test_a_question_that_cannot_be_asked_says_why(
    open_page: Open, shown_text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise ExplainerError("Nobody can be asked now.", "Try again.")

    monkeypatch.setattr("core.ui.walk.live_run", lambda: refuse(None))
    at = open_page(FILES["noising"], walk="on", steps="2")
    assert not at.exception
    assert "Nobody can be asked now." in shown_text(at)
