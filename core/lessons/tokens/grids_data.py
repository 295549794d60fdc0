"""Grids of numbers for the browser: two bytes a cell, with the colours and the words to read them.

A cell is told to 1/65,535 of its grid's range: finer than the digits that are read out.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.views.colormaps import latent_colours, text_colours

Scale = Literal["shares", "signed", "mask"]


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Grid:
    """Numbers to show as cells, with their names.

    Attributes:
        title: what it is.
        values: (rows, columns), finite.
        rows: a name for each row.
        columns: a name for each column.
        down: what the rows are.
        across: what the columns are.
        says: a sentence about one cell, with {row}, {column} and {value} in it.
        scale: "shares" from 0 up, "signed" around 0, or "mask" of zeros and ones.
        top: the number at the upper end of the scale; None is the largest there is.
        note: one line below.
        bars: a number for each row, drawn beside it, or none.
        bars_title: what those are.
        square: whether cells are square; otherwise the grid is as wide as there is room.
        counted: whether rows and columns are positions, told by their number as well.
    """

    title: str
    values: NDArray[Any]  # Any: bool, integer or floating
    rows: Sequence[str]
    columns: Sequence[str]
    down: str
    across: str
    says: str
    scale: Scale = "shares"
    top: float | None = None
    note: str = ""
    bars: Sequence[float] = field(default=())
    bars_title: str = ""
    square: bool = True
    counted: bool = True


class GridData(TypedDict):
    """A grid as the browser draws it; the rest is as in ``Grid``.

    Attributes:
        cells: two bytes each in base64, its place between low and high in 65,535ths.
        colours: 256 times red, green, blue in base64.
        low: the number at the scale's lower end.
        high: the number at its upper end.
        mask: whether the cells are zeros and ones.
    """

    title: str
    cells: str
    colours: str
    low: float
    high: float
    mask: bool
    rows: list[str]
    columns: list[str]
    down: str
    across: str
    says: str
    note: str
    bars: list[float]
    barsTitle: str
    square: bool
    counted: bool


class GridsData(TypedDict):
    """Grids side by side."""

    grids: list[GridData]


def grid_data(grids: Sequence[Grid]) -> GridsData:
    """Return grids for the component that draws them.

    Args:
        grids: shown side by side where there is room.

    Raises:
        ValueError: a name or bar is missing, or a number is not finite.
    """
    return {"grids": [_one(grid) for grid in grids]}


def _one(grid: Grid) -> GridData:
    values = np.asarray(grid.values, np.float64)
    if values.shape != (len(grid.rows), len(grid.columns)):
        raise ValueError(
            f"values are {values.shape}, expected {len(grid.rows)} rows and "
            f"{len(grid.columns)} columns"
        )
    if grid.bars and len(grid.bars) != len(grid.rows):
        raise ValueError(f"there are {len(grid.bars)} bars, expected one for each row")
    if not np.isfinite(values).all():
        raise ValueError("values are not all finite")
    high = _top(grid, values)
    low = -high if grid.scale == "signed" else 0.0
    cells = np.rint(np.clip((values - low) / (high - low), 0, 1) * 65_535).astype("<u2")
    table = np.linspace(0, 1, 256)
    colours = latent_colours(2 * table - 1, 1.0) if grid.scale == "signed" else text_colours(table)
    return {
        "title": grid.title,
        "cells": _base64(cells),
        "colours": _base64(colours),
        "low": low,
        "high": high,
        "mask": grid.scale == "mask",
        "rows": list(grid.rows),
        "columns": list(grid.columns),
        "down": grid.down,
        "across": grid.across,
        "says": grid.says,
        "note": grid.note,
        "bars": [round(float(bar), 4) for bar in grid.bars],
        "barsTitle": grid.bars_title,
        "square": grid.square,
        "counted": grid.counted,
    }


def _top(grid: Grid, values: NDArray[np.float64]) -> float:
    if grid.scale == "mask":
        return 1.0
    top = grid.top if grid.top is not None else float(np.abs(values).max())
    return top or 1.0


def _base64(numbers: NDArray[np.unsignedinteger]) -> str:
    return base64.b64encode(numbers.tobytes()).decode("ascii")
