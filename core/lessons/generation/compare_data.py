"""A grid over two settings: its axes as typed and in a link, its cells for the browser."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, NotRequired, TypedDict

import numpy as np

from core.engine.request import MAX_GUIDANCE, MAX_SEED, Request
from core.engine.works.grid import MOST_CELLS, Cell
from core.errors import ExplainerError
from core.ideas.checks import check_real, check_text, check_whole, say_number
from core.models.catalog import without_paths
from core.models.schedulers.names import find_scheduler
from core.models.schedulers.table import SCHEDULERS
from core.views.browser import SheetData
from core.views.strips import photo_sheet
from core.views.tables import Row
from core.words import tr, tr_later, tr_many

Value = str | int | float

FIELDS = {
    "scheduler": tr_later("Scheduler"),
    "steps": tr_later("Steps"),
    "guidance": tr_later("Guidance w"),
    "seed": tr_later("Seed"),
    "prompt": tr_later("Words"),
}
STEPS, SEED = tr_later("steps"), tr_later("seed")  # in a sentence
MOST_STEPS = 150
LONGEST_LABEL = 60  # characters of a prompt beside its row


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a grid.

    Attributes:
        field: of the request, one of ``FIELDS``.
        values: that it takes, each once.
    """

    field: str
    values: tuple[Value, ...]

    @property
    def title(self) -> str:
        """What people call it, in English."""
        return FIELDS[self.field]


def first_values(field: str, request: Request) -> tuple[Value, ...]:
    """Return values to begin with.

    Args:
        field: one of ``FIELDS``.
        request: the running example.
    """
    values: dict[str, tuple[Value, ...]] = {
        "scheduler": ("ddim", "euler", "heun", "dpmpp-2m"),
        "steps": (5, 10, 20),
        "guidance": (1.0, 3.0, 5.0, 7.5),
        "seed": tuple(min(request.seed + more, MAX_SEED) for more in range(4)),
        "prompt": tuple(dict.fromkeys((request.prompt, "a green apple", "a cat"))),
    }
    return tuple(dict.fromkeys(values[field]))


def read_values(field: str, typed: str | Sequence[object]) -> tuple[Value, ...]:
    """Read the values of an axis.

    Args:
        field: one of ``FIELDS``.
        typed: numbers with commas between them, prompts one a line, or a list of values; nothing
            about it is trusted.

    Returns:
        The values, each once, in their order.

    Raises:
        ExplainerError: there is none, there are too many, or one is wrong.
    """
    if isinstance(typed, str):
        parts = typed.splitlines() if field == "prompt" else typed.replace(";", ",").split(",")
        typed = [part.strip() for part in parts if part.strip()]
    if not typed:
        raise ExplainerError(
            tr("There are no values for {setting}.", setting=tr(FIELDS[field])),
            tr("Give at least one of them."),
        )
    if len(typed) > MOST_CELLS:
        raise ExplainerError(
            tr(
                "There are {typed} values for {setting}.",
                typed=len(typed),
                setting=tr(FIELDS[field]),
            ),
            tr("Give at most {most_cells}.", most_cells=MOST_CELLS),
        )
    return tuple(dict.fromkeys(_read(field, value) for value in typed))


def write_values(axis: Axis) -> str:
    """Write the values of an axis as ``read_values`` reads them.

    Args:
        axis: not one of schedulers, which are chosen and not typed.
    """
    if axis.field == "prompt":
        return "\n".join(str(value) for value in axis.values)
    return ", ".join(say_number(value) for value in axis.values if not isinstance(value, str))


def check_axes(across: Axis, down: Axis) -> None:
    """Refuse axes that make no grid.

    Args:
        across: values from left to right.
        down: values from top to bottom.

    Raises:
        ExplainerError: both are of one setting, or there are too many pictures.
    """
    if across.field == down.field:
        raise ExplainerError(
            tr("Both axes are {setting}.", setting=tr(across.title)), tr("Choose two settings.")
        )
    count = len(across.values) * len(down.values)
    if count > MOST_CELLS:
        raise ExplainerError(
            tr(
                "{columns} × {rows} are {count} pictures.",
                columns=len(across.values),
                rows=len(down.values),
                count=count,
            ),
            tr("Take values out until there are at most {most_cells}.", most_cells=MOST_CELLS),
        )


def cells_of(request: Request, across: Axis, down: Axis) -> tuple[Request, ...]:
    """Return one request a cell, row by row.

    Args:
        request: what all of them share.
        across: values from left to right.
        down: values from top to bottom.
    """
    cells = []
    for low in down.values:
        for right in across.values:
            cell = replace(request, **{across.field: right, down.field: low})
            if cell.scheduler != request.scheduler:
                cell = replace(cell, params=())  # those are settings of the other one
            cells.append(cell)
    return tuple(cells)


def say_value(field: str, value: Value) -> str:
    """Say one value of an axis in a few letters.

    Args:
        field: one of ``FIELDS``.
        value: of it.
    """
    if field == "scheduler":
        return SCHEDULERS[str(value)].title
    if field == "steps":
        return tr_many(int(value), "{count} step", "{count} steps")
    if field == "prompt":
        words = str(value) or tr("(no words)")
        return words if len(words) <= LONGEST_LABEL else f"{words[: LONGEST_LABEL - 1]}…"
    return (
        f"w = {say_number(float(value))}" if field == "guidance" else tr("seed {seed}", seed=value)
    )


class CellData(TypedDict):
    """One cell of a grid.

    Attributes:
        state: the rest is there or failed alone.
        picture: number of its frame on the sheet.
        calls: of the U-Net, in words.
        seconds: it took, in words; empty where it was there already.
        own: whether it is the running example.
        what: went wrong.
        fix: what to try.
    """

    state: Literal["there", "failed", "coming", "empty"]
    picture: NotRequired[int]
    calls: NotRequired[str]
    seconds: NotRequired[str]
    own: NotRequired[bool]
    what: NotRequired[str]
    fix: NotRequired[str]


class CornerData(TypedDict):
    """The names of both settings."""

    across: str
    down: str


class CompareData(TypedDict):
    """What the component shows of a grid.

    Attributes:
        across: labels of the columns.
        down: labels of the rows.
        corner: what they are.
        cells: row by row.
        sheet: all pictures that are there; None without any.
    """

    across: list[str]
    down: list[str]
    corner: CornerData
    cells: list[CellData]
    sheet: SheetData | None


def compare_data(
    across: Axis,
    down: Axis,
    cells: Sequence[Cell | None],
    own: Request,
    running: bool,
) -> CompareData:
    """Return what the component shows.

    Args:
        across: values from left to right.
        down: values from top to bottom.
        cells: row by row, None where there is none yet.
        own: the running example, whose cell is marked.
        running: whether those that are not there are on their way.
    """
    pictures = [cell.picture for cell in cells if cell is not None and cell.picture is not None]
    numbers = iter(range(len(pictures)))
    told: list[CellData] = []
    for cell in cells:
        if cell is None:
            told.append({"state": "coming" if running else "empty"})
        elif cell.error is not None:
            what, fix = map(without_paths, (cell.error.what, cell.error.fix))
            told.append({"state": "failed", "what": what, "fix": fix})
        else:
            calls = tr_many(cell.calls, "{count} call", "{count} calls")
            told.append(
                {
                    "state": "there",
                    "picture": next(numbers),
                    "calls": calls,
                    "seconds": "" if cell.stored else f"{cell.seconds:.2f} s",
                    "own": cell.request == own,
                }
            )
    return {
        "across": [say_value(across.field, value) for value in across.values],
        "down": [say_value(down.field, value) for value in down.values],
        "corner": {"across": tr(across.title), "down": tr(down.title)},
        "cells": told,
        "sheet": photo_sheet(np.stack(pictures)).as_json() if pictures else None,
    }


def compare_rows(across: Axis, down: Axis, cells: Sequence[Cell | None]) -> list[Row]:
    """Return the grid as a table, one row a cell that is there.

    Args:
        across: values from left to right.
        down: values from top to bottom.
        cells: row by row.
    """
    places = [(low, right) for low in down.values for right in across.values]
    return [
        {
            down.title: low,
            across.title: right,
            tr_later("U-Net calls"): cell.calls,
            tr_later("seconds"): None if cell.stored else round(cell.seconds, 4),
            tr_later("was there already"): cell.stored,
            tr_later("what went wrong"): ""
            if cell.error is None
            else without_paths(cell.error.what),
        }
        for (low, right), cell in zip(places, cells, strict=True)
        if cell is not None
    ]


def _read(field: str, value: object) -> Value:
    if field == "prompt":
        return check_text(value, tr("prompt"))
    if field == "scheduler":
        return find_scheduler(value).name
    number: object = value
    if isinstance(value, str):
        with suppress(ValueError):  # what is no number is told with what was typed
            number = float(value)
    if field == "guidance":
        return check_real(number, tr("guidance"), 0, MAX_GUIDANCE)
    low, high = (1, MOST_STEPS) if field == "steps" else (0, MAX_SEED)
    return check_whole(number, tr(STEPS if field == "steps" else SEED), low, high)
