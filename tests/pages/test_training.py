"""The training page: the curves as they were, and small trainings, run for real."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.models.catalog import builtin_folder
from core.training.history import read_goals, read_stages

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/9_training.py"

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest, having: str) -> dict[str, Any]:
    """What the component with a certain field was given."""
    found = [part.proto.json for part in at.get("bidi_component")]
    (one,) = [text for text in found if having in text]
    return json.loads(one)[0]


def choose(at: AppTest, look: str) -> AppTest:
    return at.button_group(key="training_look").set_value(look).run()


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_shipped_log(open_page: Open, shown_text: Text, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "Could you train this yourself?"
    data = drawn(at, '"stages"')
    hours = 0.0
    for told, stage in zip(data["stages"], read_stages(builtin_folder()), strict=True):
        assert told["steps"] == stage.steps.tolist()
        assert told["series"][0]["values"] == pytest.approx(stage.losses["loss"], abs=1e-5)
        hours += stage.hours
    assert f"took {hours:.1f} hours" in shown_text(at)
    assert "make train" in shown_text(at)


def test_first_paint_imports_no_torch() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"at = AppTest.from_file({PAGE!r}, default_timeout=60).run(); "
        "assert not at.exception and len(at.get('bidi_component')) >= 1; "
        "sys.exit(', '.join({'torch', 'diffusers', 'transformers'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr


def test_quality_stands_beside_what_was_wanted(open_page: Open, shown_text: Text) -> None:
    at = choose(open_page(PAGE), "What came of it")
    assert not at.exception
    goals = read_goals(builtin_folder())
    table = at.dataframe[0].value
    assert table["measured"].tolist() == [goal.measured for goal in goals]
    assert f"{sum(goal.reached for goal in goals)} of {len(goals)} goals" in shown_text(at)


def test_numbers_of_all_stages(open_page: Open) -> None:
    at = choose(open_page(PAGE), "In numbers")
    assert not at.exception
    assert np.all(at.dataframe[0].value["hours"] > 0)


def test_milestones_are_shown_where_there_are_some(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training.milestones import keep_sheet
    from core.ui import training_history

    for step in (1000, 9000):
        index = {"prompts": ["a", "b"], "seed": 5, "steps": [] if step == 1000 else [1000]}
        keep_sheet(np.full((16, 32, 3), step % 256, np.uint8), index, tmp_path, step)
    monkeypatch.setattr(training_history, "MILESTONES", tmp_path)
    data = drawn(open_page(PAGE), '"stages"')
    assert data["milestones"]["steps"] == [1000, 9000]
    assert data["milestones"]["stage"] in [stage["name"] for stage in data["stages"]]
