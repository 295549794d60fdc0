"""Compare, two prompts, branch and from a picture: what each look computes and says."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

PAGE = "pages/6_generation.py"
GRID = '[["steps",[1,2]],["scheduler",["ddim","euler"]]]'

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest, part: str) -> dict[str, Any]:  # Any: JSON
    """What the component that holds a part was given."""
    given = [json.loads(component.proto.json)[0] for component in at.get("bidi_component")]
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
    at = open_page(PAGE, look="Compare a grid", grid=GRID, steps="2")
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
    assert data["cells"][1]["stored"]  # it was the run on show
    assert labels(at, "download_button").count("CSV") == 1
    at.toggle[0].set_value(True).run()
    assert states(at) == ["there"] * 4


def test_a_grid_can_be_stopped_and_gone_on_with(open_page: Open) -> None:
    grid = '[["steps",[149,150]],["seed",[1,2,3]]]'
    at = open_page(PAGE, look="Compare a grid", grid=grid, steps="2")
    at.button(key="draw_grid").click().run()
    assert "coming" in states(at)
    at.button(key="stop_grid").click().run()
    assert not at.exception
    assert "empty" in states(at)
    assert "coming" not in states(at)
    assert at.button(key="draw_grid").label.startswith("Draw the ")


def test_a_cell_that_fails_says_why_in_its_place(open_page: Open) -> None:
    grid = '[["steps",[1,2]],["scheduler",["pndm","lcm"]]]'
    at = open_page(PAGE, look="Compare a grid", grid=grid.replace("1,2", "1,60"), steps="2")
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
    at.text_input(key="compare_across_steps").set_value(typed).run()
    assert not at.exception
    assert said in shown_text(at)
    at.selectbox(key="compare_down").set_value("steps").run()
    assert not at.exception
