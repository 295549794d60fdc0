"""What is shown of the training is what ships of it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.training import card
from core.training.history import LOGS, ORDER, read_goals, read_report, read_stages

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Logs, card and report of the built-in model, to be damaged."""
    source = builtin_folder()
    shutil.copytree(source / LOGS, tmp_path / LOGS)
    for name in ("MODEL_CARD.md", "evaluation.json"):
        shutil.copy(source / name, tmp_path / name)
    return tmp_path


def test_stages_are_those_of_the_trainer() -> None:
    stages = read_stages(builtin_folder())
    assert [stage.name for stage in stages] == list(ORDER)
    assert set(ORDER) == set(card.STAGES)
    trained = read_report(builtin_folder())["trained_steps"]
    for stage in stages:
        assert stage.steps[-1] == trained[stage.name]
        assert (np.diff(stage.steps) > 0).all()
        batch, what = card.STAGES[stage.name][1:]
        assert stage.each == f"{batch} {what}"
        assert stage.losses["loss"].shape == stage.steps.shape
        assert stage.losses["loss"][-1] < stage.losses["loss"][0]
        assert not {"step", "rate", "seconds"} & set(stage.losses)


def test_turns_are_those_of_the_trainer_as_far_as_it_came() -> None:
    for stage in read_stages(builtin_folder()):
        turned = card.TURNS.get(stage.name, {}).items()
        assert stage.turns == tuple((step, what) for step, what in turned if step < stage.steps[-1])


def test_hours_are_those_of_the_card() -> None:
    table = (builtin_folder() / "MODEL_CARD.md").read_text()
    for stage in read_stages(builtin_folder()):
        begins = f"| {stage.name} | {stage.steps[-1]:,} | "
        (line,) = [row for row in table.splitlines() if row.startswith(begins)]
        assert f"| {stage.hours:.1f} | {stage.device} |" in line


def test_goals_are_those_of_the_evaluation() -> None:
    found = read_goals(builtin_folder())
    expected = card.bars(read_report(builtin_folder()))
    assert [(goal.what, goal.wanted, goal.measured, goal.reached) for goal in found] == [
        (bar.name, bar.wanted, bar.measured, bar.reached) for bar in expected
    ]


def test_stretch_trained_twice_is_shown_once_and_counted_twice(folder: Path) -> None:
    rows = ["step,rate,loss,seconds", "10,1,5,3600", "20,1,4,3600", "30,1,3,3600", "20,1,2,3600"]
    (folder / LOGS / "unet.csv").write_text("\n".join([*rows, "30,1,1,3600"]) + "\n")
    (stage,) = [stage for stage in read_stages(folder) if stage.name == "unet"]
    assert stage.steps.tolist() == [10, 20, 30]
    assert stage.losses["loss"].tolist() == [5, 2, 1]
    assert stage.hours == 5


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("training/unet.csv", "step,rate,loss,seconds\n1,x,2,3\n"),
        ("training/unet.csv", "step,rate,loss,seconds\n1,1e-3,nan,3\n"),
        ("training/unet.csv", ""),
        ("training/unet.csv", None),
        ("training/turns.json", None),
        ("training/turns.json", '{"unet": ["x"]}'),
        ("MODEL_CARD.md", "# nothing"),
        ("MODEL_CARD.md", "| stage | a |\n| --- | --- |\n| text |\n"),
    ],
)
def test_damaged_log_is_told(folder: Path, file: str, text: str | None) -> None:
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    with pytest.raises(ExplainerError, match="training log of this model is damaged"):
        read_stages(folder)


def test_damaged_card_and_report_are_told(folder: Path) -> None:
    (folder / "MODEL_CARD.md").write_text("| stage |\n| --- |\n")
    with pytest.raises(ExplainerError, match="card of this model is damaged"):
        read_goals(folder)
    (folder / "evaluation.json").write_text(json.dumps([1]))
    with pytest.raises(ExplainerError, match="evaluation of this model is damaged"):
        read_report(folder)


@pytest.mark.parametrize("name", ["core.training.history", "core.training.milestones"])
def test_reading_imports_no_torch(name: str) -> None:
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60)
    assert ran.returncode == 0
