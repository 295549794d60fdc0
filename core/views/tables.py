"""Tables to look at, and as files."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.views.numbers import minus

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

Row = dict[str, object]  # of a table: a value for the name of every column


def written(rows: Sequence[Mapping[str, object]]) -> "Styler":
    """Return rows as a table to look at: numbers keep their order, and have a real minus sign.

    Args:
        rows: all with the keys of the first.
    """
    import pandas as pd  # late: files are written without it

    table = pd.DataFrame(rows).style
    table.format(_write)
    return table


def csv_of(rows: Sequence[Mapping[str, object]]) -> str:
    """Write rows as CSV.

    A spreadsheet would run text that begins like a formula, so such a cell gets an apostrophe.

    Args:
        rows: all with the keys of the first; at least one.

    Raises:
        ValueError: there is no row, or one has a key that the first has not.
    """
    if not rows:
        raise ValueError("there are 0 rows, expected at least 1")
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _write(value: object) -> str:
    return minus(f"{value:.6g}") if isinstance(value, float) else str(value)


def _safe(value: object) -> object:
    begins = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if begins else value
