"""How the built-in model was trained, read back from what ships with it; imports no torch.

The logs hold the losses, the card says what every step saw and on what it ran, and what was wanted
beside what was measured. Nothing of it is written down here a second time.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.words import tr

ORDER = ("text", "pairs", "vae", "decoder", "whole", "tower", "unet", "judge")
NOT_LOSSES = ("step", "rate", "seconds")
REPORT, CARD, LOGS = "evaluation.json", "MODEL_CARD.md", "training"
TURNS_FILE = "turns.json"  # beside the logs
SHEET, ARRANGED_SHEET, NEAREST_SHEET = "contact_sheet.webp", "arranged.webp", "nearest.webp"
RESTORE = tr("Put the model's folder back as it was shipped: git checkout core/weights.")


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Stage:
    """One stage's log.

    Attributes:
        name: of the stage, as in ``python -m core.training``.
        steps: step at the end of every window of the log, (n,), rising.
        losses: mean of each logged number over the window, (n,) each, by column.
        rates: learning rate at the end of every window, (n,).
        seconds: time that each window took, (n,).
        each: what every step saw, in words.
        device: what it ran on, in words.
        turns: what changed on the way, by the step from which on it was so, rising.
    """

    name: str
    steps: NDArray[np.int64]
    losses: dict[str, NDArray[np.float64]]
    rates: NDArray[np.float64]
    seconds: NDArray[np.float64]
    each: str
    device: str
    turns: tuple[tuple[int, str], ...] = ()

    @property
    def hours(self) -> float:
        """Time of the whole stage."""
        return float(self.seconds.sum()) / 3600


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the card: what is measured, what it should reach, what it reached."""

    what: str
    wanted: str
    measured: str
    reached: bool


def read_stages(folder: Path) -> tuple[Stage, ...]:
    """Read the logs of all stages, in the order of the training.

    Args:
        folder: of the model.

    Raises:
        ExplainerError: a log or the card is missing or damaged.
    """
    try:
        table = {row["stage"]: row for row in _tables(folder)["stage"]}
        turns = dict(json.loads((folder / LOGS / TURNS_FILE).read_text(encoding="utf-8")))
        return tuple(_stage(name, folder / LOGS, table[name], turns) for name in ORDER)
    except (OSError, AttributeError, KeyError, ValueError, TypeError, IndexError) as error:
        raise ExplainerError(tr("The training log of this model is damaged."), RESTORE) from error


def read_goals(folder: Path) -> tuple[Goal, ...]:
    """Read what was wanted of the model beside what was measured.

    Args:
        folder: of the model.

    Raises:
        ExplainerError: the card is missing or damaged.
    """
    try:
        return tuple(
            Goal(row["what"], row["goal"], row["measured"], row["reached"] == "yes")
            for row in _tables(folder)["what"]
            if "goal" in row
        )
    except (OSError, KeyError, ValueError) as error:
        raise ExplainerError(tr("The card of this model is damaged."), RESTORE) from error


def read_report(folder: Path) -> dict[str, Any]:  # Any: what JSON holds
    """Read every measured figure.

    Args:
        folder: of the model.

    Raises:
        ExplainerError: the report is missing or damaged.
    """
    try:
        return dict(json.loads((folder / REPORT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ExplainerError(tr("The evaluation of this model is damaged."), RESTORE) from error


def _stage(
    name: str, folder: Path, told: dict[str, str], turns: dict[str, dict[str, str]]
) -> Stage:
    path = folder / f"{name}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = _latest(list(csv.DictReader(file)))
    columns = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    if not all(np.isfinite(values).all() for values in columns.values()):
        raise ValueError(f"{path.name} holds numbers that are not finite")
    losses = {key: values for key, values in columns.items() if key not in NOT_LOSSES}
    steps = columns["step"].astype(np.int64)
    turned = sorted((int(step), what) for step, what in turns.get(name, {}).items())
    return Stage(
        name,
        steps,
        losses,
        columns["rate"],
        columns["seconds"],
        each=told["each on"],
        device=told["by"],
        turns=tuple((step, what) for step, what in turned if step < steps[-1]),
    )


def _latest(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Leave out what was trained again after a stop; the time that it took is not lost."""
    kept: list[dict[str, str]] = []
    for row in rows:
        lost = 0.0
        while kept and int(kept[-1]["step"]) >= int(row["step"]):
            lost += float(kept.pop()["seconds"])
        kept.append({**row, "seconds": str(float(row["seconds"]) + lost)})
    return kept


def _tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Return the card's tables by the name of their first column; the first of a name stays."""
    tables: dict[str, list[dict[str, str]]] = {}
    header: list[str] = []
    for line in (folder / CARD).read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if not header:
            header = cells
            tables.setdefault(header[0], [])
        elif set(cells[0]) != {"-"}:
            tables[header[0]].append(dict(zip(header, cells, strict=True)))
    return tables
