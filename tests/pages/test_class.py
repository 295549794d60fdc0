"""A class on the pages: a door, what is set, the teacher's desk; and nothing of it without one."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

import core.classroom
from core.classroom import Classroom, Opening, digest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ABCDEFGHJKLMNPQRSTUV"
CODE = "QRS234"
PAGES = ["Home.py", *sorted(f"pages/{file.name}" for file in (ROOT / "pages").glob("[0-9]*.py"))]
Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """The class that the process is open for."""
    made = Classroom(Opening(CODE, digest(TOKEN), "http://127.0.0.1:1"))
    monkeypatch.setattr(core.classroom, "_found", [made])
    return made


def give(at: AppTest, box: str, text: str) -> AppTest:
    at.text_input(key=f"class_{box}_typed").set_value(text)
    return next(one for one in at.button if one.label == "Go on").click().run()


@pytest.fixture
def desk(open_page: Open, room: Classroom) -> AppTest:
    return give(open_page("pages/teacher.py"), "token", TOKEN)


@pytest.mark.parametrize("file", PAGES)
def test_who_was_not_let_in_sees_the_box_for_the_code_alone(
    open_page: Open, room: Classroom, file: str
) -> None:
    at = open_page(file, steps="3", join="QRS235")
    assert [one.value for one in at.title] == ["What is your class’s code?"]
    assert not at.get("bidi_component")
    assert len(at.text_input) == len(at.button) == 1
    assert not at.sidebar.children


def test_a_wrong_code_is_told_and_the_next_has_to_wait(
    open_page: Open, shown_text: Texts, room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = give(open_page("pages/3_timesteps.py"), "code", "WRONG2")
    assert "This code is wrong." in shown_text(at)
    give(at, "code", CODE)
    assert "too soon" in shown_text(at)
    waits = []
    for _ in range(9):
        waits.append(at.session_state["class_wrong"][1])
        at.session_state["class_wrong"] = (at.session_state["class_wrong"][0], 0.0)
        give(at, "code", "WRONG2")
    from core.ui.class_frame import MOST_WAIT_S

    tries, until = at.session_state["class_wrong"]
    assert tries == 10
    assert until - waits[-1] < 2 * MOST_WAIT_S
    at.session_state["class_wrong"] = (tries, 0.0)
    give(at, "code", "qrs 234")
    assert at.title[0].value != "What is your class’s code?"
    assert "class_wrong" not in at.session_state


def test_a_link_lets_in_and_the_address_keeps_the_code(open_page: Open, room: Classroom) -> None:
    at = open_page("pages/3_timesteps.py", join=CODE, steps="7")
    assert at.get("bidi_component")
    assert at.query_params["join"] == CODE
    assert at.query_params["steps"] == "7"
    other = open_page("pages/3_timesteps.py", join=CODE)
    assert at.session_state["class_name"] != other.session_state["class_name"]


def test_what_is_set_is_taken_once_and_what_is_locked_always(
    open_page: Open, room: Classroom
) -> None:
    at = open_page("pages/3_timesteps.py", join=CODE, steps="7", prompt="two dogs")
    room.set_rules((("steps", 4), ("scheduler", "euler")), False, frozenset())
    at.run()
    example = at.session_state["running_example"]
    assert (example.steps, example.scheduler, example.prompt) == (4, "euler", "two dogs")
    at.query_params["steps"] = "9"  # theirs again
    at.run()
    assert at.session_state["running_example"].steps == 9
    room.set_rules((("steps", 4),), True, frozenset())
    at.run()
    assert at.session_state["running_example"].steps == 4
    at.query_params["steps"] = "9"
    at.run()
    assert at.session_state["running_example"].steps == 4
    assert at.query_params["steps"] == "4"


def test_what_does_not_go_with_what_is_locked_goes(open_page: Open, room: Classroom) -> None:
    at = open_page("pages/3_timesteps.py", join=CODE, scheduler="lcm", steps="3")
    room.set_rules((("steps", 60),), True, frozenset())
    at.run()
    example = at.session_state["running_example"]
    assert (example.steps, example.scheduler) == (60, "ddim")


def test_a_closed_page_says_so_and_opens_again(open_page: Open, room: Classroom) -> None:
    at = open_page("pages/3_timesteps.py", join=CODE)
    room.set_rules((), False, frozenset({"timesteps"}))
    at.session_state["class_page"] = "timesteps"  # the navigation's part, see the browser test
    from core.ui import class_rules

    assert not at.exception
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_rules, "go_to", lambda _: None)
        from core.ui import navigation

        patch.setattr(navigation, "go_to", lambda _: None)
        at.run()
        assert at.title[0].value == "This page is closed for now"
        assert not at.get("bidi_component")
        room.clear()
        at.run()
        assert at.get("bidi_component")


def asks(which: str, locked: bool = True) -> str:
    """Ask the engine in a session that was let in, or was not; returns why not, or ""."""

    def script(which: str) -> None:
        import streamlit as st

        from core.engine.request import FilmRequest, Request
        from core.engine.works.attention import AttentionWork
        from core.engine.works.grid import GridWork
        from core.engine.works.own_sigmas import OwnSigmasWork
        from core.errors import ExplainerError
        from core.ui.class_rules import check_asked

        right, wrong = Request(prompt="x", steps=4), Request(prompt="x", steps=5)
        works = {
            "right": right, "wrong": wrong, "film": FilmRequest(wrong),
            "look": AttentionWork(wrong.model, wrong), "right look": AttentionWork("m", right),
            "grid": GridWork(wrong.model, (right, wrong)), "stranger": right,
            "sigmas": OwnSigmasWork(right.model, right, (9.0, 1.0, 0.0)),
        }  # fmt: skip
        if which != "stranger":
            st.session_state["class_name"] = "calm owl"
        try:
            check_asked(works[which])
            st.text("let through")
        except ExplainerError as error:
            st.text(error.what)

    at = AppTest.from_function(script, default_timeout=60, args=(which,)).run()
    assert not at.exception
    return at.text[0].value


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("right", "let through"), ("right look", "let through"),
        ("wrong", "set the number of steps to 4"), ("film", "set the number of steps to 4"),
        ("look", "set the number of steps to 4"), ("grid", "set the number of steps to 4"),
        ("sigmas", "set how pictures are walked to"), ("stranger", "This is a class."),
    ],
)  # fmt: skip
def test_what_is_locked_holds_for_everything_that_is_asked(
    room: Classroom, which: str, said: str
) -> None:
    room.set_rules((("steps", 4),), True, frozenset())
    assert said in asks(which)
    room.set_rules((("steps", 4),), False, frozenset())
    assert asks(which) == ("This is a class." if which == "stranger" else "let through")


def test_all_that_is_asked_of_the_engine_goes_through_one_door() -> None:
    asking = {
        file.name
        for folder in ("ui", "lessons")
        for file in (ROOT / "core" / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "submit"
    }
    assert asking == {"runs.py"}
    code = (ROOT / "core" / "ui" / "runs.py").read_text("utf-8")
    assert code.index("check_asked(work)") < code.index(".submit(work")


def test_desk_is_behind_the_token(open_page: Open, shown_text: Texts, room: Classroom) -> None:
    at = open_page("pages/teacher.py", join=CODE)
    assert at.title[0].value == "The teacher’s page"
    give(at, "token", CODE)
    assert "This token is wrong." in shown_text(at)
    assert not at.metric
    give(at, "token", TOKEN)
    assert "too soon" in shown_text(at)
    assert not at.metric
    at.session_state["class_wrong"] = (1, 0.0)
    give(at, "token", TOKEN.lower())
    assert not at.exception, at.exception
    assert at.title[0].value == "Your class"
    assert CODE in shown_text(at)
    assert TOKEN not in shown_text(at) + str(at.query_params)


@pytest.mark.parametrize(("standing", "said"), [((1, 0, 0.0), "–"), ((0, 0, 0.0), "0 s")])
def test_desk_names_no_seconds_before_it_knows_them(
    desk: AppTest,
    monkeypatch: pytest.MonkeyPatch,
    standing: tuple[int, int, float],
    said: str,
) -> None:
    there = SimpleNamespace(standing=lambda: standing)
    monkeypatch.setattr("core.lessons.teacher.desk.woken", lambda: there)
    desk.run()
    assert next(one.value for one in desk.metric if one.label == "Done in about") == said


def test_desk_sets_and_clears(desk: AppTest, room: Classroom) -> None:
    box = {one.label: one for one in desk.selectbox}
    box["Steps"].set_value(10)
    box["Scheduler"].set_value("euler")
    box["Size"].set_value(64)
    next(one for one in desk.toggle if one.label.startswith("Lock")).set_value(True)
    pages = desk.get("button_group")[0]
    pages.set_value([url for url in pages.value if url != "unet"])
    next(one for one in desk.button if one.label == "Set for everybody").click().run()
    state = room.state
    wanted = {"steps": 10, "scheduler": "euler", "height": 64, "width": 64}
    assert dict(state.settings) == wanted
    assert state.locked
    assert state.closed == {"unet"}
    next(one for one in desk.button if one.label == "Clear everything").click().run()
    assert (room.state.settings, room.state.closed) == ((), frozenset())
    assert {one.value for one in desk.selectbox} == {"free"}


def test_desk_refuses_what_does_not_go_together(
    desk: AppTest, room: Classroom, shown_text: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.lessons.teacher import rules

    monkeypatch.setattr(rules, "STEPS", (4, 60))
    monkeypatch.setattr(rules, "offered_schedulers", lambda: ["ddim", "tcd"])
    desk.run()
    box = {one.label: one for one in desk.selectbox}
    box["Steps"].set_value(60)
    box["Scheduler"].set_value("tcd")
    next(one for one in desk.button if one.label == "Set for everybody").click().run()
    assert room.state.settings == ()
    assert "steps" in shown_text(desk)


def test_board_shows_words_as_text_and_hides(desk: AppTest, room: Classroom) -> None:
    import io

    from PIL import Image

    packed = io.BytesIO()
    Image.new("RGB", (32, 32)).save(packed, "WEBP")
    name = room.new_name(lambda: True)
    room.pin(name, "1", "a **blue** <b>ball</b>", packed.getvalue())
    desk.run()
    assert "a **blue** <b>ball</b>" in [one.value for one in desk.text]
    desk.toggle(key="desk_board").set_value(True).run()  # the board alone
    assert not desk.selectbox
    next(one for one in desk.button if one.label == "Hide").click().run()
    assert room.state.board == ()
    assert "Hide" not in [one.label for one in desk.button]


def test_a_teacher_may_do_what_is_locked(open_page: Open, room: Classroom) -> None:
    room.set_rules((("steps", 4),), True, frozenset())
    at = open_page("pages/3_timesteps.py", join=CODE, steps="9")
    assert at.session_state["running_example"].steps == 4
    at.session_state["class_teacher"] = True
    at.query_params["steps"] = "9"
    at.run()
    assert not at.exception
    assert at.session_state["running_example"].steps == 9
    next(one for one in at.button if one.label == "Everybody look here").click().run()
    pointed = room.state.pointed
    assert pointed is not None
    assert dict(pointed.query)["steps"] == "9"
    assert dict(pointed.query)["prompt"] == "a red apple"  # also where it is at its start


def test_a_class_leaves_no_runs_on_disk(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.engine import client

    assert client._make_engine()._results._store is None
    monkeypatch.setattr(core.classroom, "_found", [None])
    assert client._make_engine()._results._store is not None


def test_without_a_class_nothing_of_it_is_there(open_page: Open, shown_text: Texts) -> None:
    at = open_page("pages/teacher.py")
    assert at.title[0].value == "No class is open"
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "for file in ('Home.py', 'pages/3_timesteps.py'):\n"
        "    at = AppTest.from_file(file, default_timeout=60).run()\n"
        "    assert not at.exception\n"
        "    kept = at.session_state._state.filtered_state\n"
        "    kept = [key for key in kept if key.startswith('class_')]\n"
        "    assert not kept, kept\n"
        "    assert 'class' not in str([one.label for one in at.button]), at.button\n"
        "found = [name for name in sys.modules if 'class_frame' in name or 'segno' in name]\n"
        "assert not found, found"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
