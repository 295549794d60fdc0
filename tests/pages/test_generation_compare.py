"""Compare, two prompts, branch and from a picture: what each look computes and says."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.lessons.generation.compare import say_draw

PAGE = "pages/6_generation.py"
GRID = {"of_steps": "1, 2", "of_scheduler": '["ddim", "euler"]'}

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest, part: str) -> dict[str, Any]:  # Any: JSON
    """What the component that holds a part was given."""
    told = [component.proto.json for component in at.get("bidi_component")]
    given = [json.loads(text)[0] for text in told if text]
    (found,) = (data for data in given if part in data)
    return found


def labels(at: AppTest, kind: str) -> list[str]:
    return [part.proto.label for part in at.get(kind)]


def until(at: AppTest, done: Callable[[AppTest], bool]) -> AppTest:
    """Draw the page again and again, as the browser does while work goes on."""
    for _ in range(600):
        if done(at):
            return at
        time.sleep(0.1)
        at.run()
    raise AssertionError("it is never done")


def states(at: AppTest) -> list[str]:
    return [cell["state"] for cell in drawn(at, "corner")["cells"]]


def test_a_grid_waits_to_be_asked_for_then_fills_and_is_kept(open_page: Open) -> None:
    at = open_page(PAGE, look="Compare a grid", **GRID, steps="2")
    assert not at.exception
    assert states(at) == ["empty"] * 4
    at.button(key="draw_grid").click().run()
    assert not at.exception
    until(at, lambda at: states(at) == ["there"] * 4)
    at.run()
    assert "stop_grid" not in [button.key for button in at.button]
    data = drawn(at, "corner")
    assert data["across"] == ["1 step", "2 steps"]
    assert data["down"] == ["DDIM", "Euler"]
    assert [cell["calls"] for cell in data["cells"]] == ["1 call", "2 calls"] * 2
    assert [cell["own"] for cell in data["cells"]] == [False, True, False, False]
    assert data["cells"][1]["seconds"] == ""  # it was the run on show
    assert labels(at, "download_button").count("CSV") == 2  # of the film, and of the grid
    at.toggle(key="ask_formulas").set_value(True).run()
    assert states(at) == ["there"] * 4


def test_number_and_noun_of_a_grid_agree() -> None:
    assert [say_draw(*pair) for pair in ((1, 1), (4, 4), (1, 4), (3, 4))] == [
        "Draw the picture",
        "Draw the 4 pictures",
        "Draw the other picture",
        "Draw the other 3 pictures",
    ]


def test_a_grid_can_be_stopped_and_gone_on_with(open_page: Open) -> None:
    grid = {"of_steps": "149, 150", "down": "seed", "of_seed": "1, 2, 3"}
    at = open_page(PAGE, look="Compare a grid", **grid, steps="2")
    at.button(key="draw_grid").click().run()
    assert "coming" in states(at)
    at.button(key="stop_grid").click().run()
    assert not at.exception
    assert "empty" in states(at)
    assert "coming" not in states(at)
    assert at.button(key="draw_grid").label.startswith("Draw the ")


def test_a_cell_that_fails_says_why_in_its_place(open_page: Open) -> None:
    grid = {"of_steps": "1, 60", "of_scheduler": '["pndm", "lcm"]'}
    at = open_page(PAGE, look="Compare a grid", **grid, steps="2")
    at.button(key="draw_grid").click().run()
    until(at, lambda at: "coming" not in states(at))
    assert states(at) == ["there", "there", "there", "failed"]
    assert "60" in drawn(at, "corner")["cells"][3]["what"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("5, x", "'x'"), ("", "There are no values"), ("1,2,3,4,5,6,7,8,9", "36 pictures")],
)
def test_wrong_values_are_told_in_a_sentence(
    typed: str, said: str, open_page: Open, shown_text: Text
) -> None:
    at = open_page(PAGE, look="Compare a grid", steps="2")
    at.text_input(key="ask_of_steps").set_value(typed).run()
    assert not at.exception
    assert said in shown_text(at)
    at.selectbox(key="ask_down").set_value("steps").run()
    assert not at.exception


def test_two_prompts_from_one_noise_part(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, look="Two prompts", steps="3", other="a cat")
    assert not at.exception
    data = drawn(at, "estimates")
    assert [run["title"] for run in data["runs"]] == ["a red apple", "a cat"]
    assert data["latents"][0] == 0.0
    assert data["latents"][1] > 0
    assert data["latents"][-1] == data["estimates"][-1] > 0.1
    assert 0 < data["parted"] <= 3
    assert f"After {data['parted']} of 3 calls" in shown_text(at)
    at.text_input(key="ask_other").set_value("a red apple").run()
    assert "The results are the same." in shown_text(at)
    assert drawn(at, "estimates")["parted"] is None


def test_a_branch_shows_both_futures_and_what_was_lost(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, look="Branch", steps="4", scheduler="dpmpp-2m")
    assert not at.exception
    at.slider(key="ask_branch_call").set_value(2).run()
    data = drawn(at, "estimates")
    assert data["branch"] == 2
    assert data["runs"][1]["title"] == "From call 3 on: “a green apple”"
    assert data["latents"][:3] == [0.0] * 3
    assert data["estimates"][:2] == [0.0] * 2
    assert data["estimates"][-1] > 0.05
    assert "it remembers what it remembered" in shown_text(at)
    at.text_input(key="ask_branch_words").set_value("a red apple").run()
    assert "Both futures are the same" in shown_text(at)
    assert max(drawn(at, "estimates")["estimates"]) < 1e-5
    at.selectbox(key="ask_branch_scheduler").set_value("heun").run()
    assert not at.exception
    assert re.search(r"Heun begins anew at its step [23] of 4", shown_text(at))
    at.slider(key="ask_branch_percent").set_value(50).run()
    assert "50\xa0% fresh noise" in drawn(at, "estimates")["runs"][1]["title"]


def test_a_link_restores_a_branch(open_page: Open) -> None:
    link = {"call": "1", "words": "a cat", "guidance": "17.3", "scheduler": "heun", "percent": "10"}
    asked = {f"branch_{name}": text for name, text in {**link, "seed": "x"}.items()}
    at = open_page(PAGE, look="Branch", steps="3", **asked)
    assert not at.exception
    title = drawn(at, "estimates")["runs"][1]["title"]
    assert title == "From call 2 on: “a cat”, w = 17.3, Heun, 10\xa0% fresh noise"
    assert at.number_input(key="ask_branch_seed").value == 1


def test_words_stay_text_in_every_look(open_page: Open, shown_text: Text) -> None:
    words = "<script>alert(1)</script> ![x](http://example.org/x.png) :red[y]"
    for look, key in (("Two prompts", "ask_other"), ("Branch", "ask_branch_words")):
        at = open_page(PAGE, look=look, steps="1")
        at.text_input(key=key).set_value(words).run()
        assert not at.exception
        assert words in json.dumps(drawn(at, "estimates")["runs"])
        for kind in ("markdown", "caption"):
            assert not any("example.org" in str(part.value) for part in at.get(kind))


def test_a_run_of_one_step_can_be_branched_at_its_only_call(open_page: Open) -> None:
    at = open_page(PAGE, look="Branch", steps="1")
    assert not at.exception
    assert drawn(at, "estimates")["branch"] == 0
    assert "ask_branch_call" not in [slider.key for slider in at.slider]


@pytest.mark.parametrize(("percent", "made"), [("60", 3), ("nonsense", 3), ("1", 1), ("100", 5)])
def test_a_run_begins_at_a_picture_with_noise(
    percent: str, made: int, open_page: Open, shown_text: Text
) -> None:
    at = open_page(PAGE, look="From a picture", steps="5", strength=percent)
    assert not at.exception
    assert f"{made} of 5 steps are made" in shown_text(at)
    at.toggle(key="ask_strengths").set_value(True).run()
    assert not at.exception
