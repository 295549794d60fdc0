"""Tables to look at, and as files."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.views.numbers import minus
from core.words import in_english, tr

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

LETTER, AROUND, WIDEST = 7, 18, 480  # CSS pixels of a table's letter, around a cell, of a column
Row = dict[str, object]  # of a table: a value for the name of every column


def headed(rows: Sequence[Mapping[str, object]]) -> list[Row]:
    """Return rows to look at, under headings in the reader's language; a file keeps the English.

    Args:
        rows: with the names of their columns, which ``tr_later`` marks where there are words in,
            and ``tr`` says where a name holds a value.
    """
    return [{tr(name): value for name, value in row.items()} for row in rows]


def written(rows: Sequence[Mapping[str, object]]) -> "Styler":
    """Return rows as a table to look at: numbers keep their order, and have a real minus sign.

    Args:
        rows: all with the keys of the first.
    """
    import pandas as pd  # late: files are written without it

    table = pd.DataFrame(headed(rows)).style
    table.format(_write, na_rep="–")
    return table


def text_widths(rows: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """Return how wide columns of words are, which Streamlit would measure at the first rows.

    Args:
        rows: all with the keys of the first.

    Returns:
        CSS pixels, by the heading in the reader's language.
    """
    found: dict[str, int] = {}
    for name in rows[0]:
        texts = [value for row in rows if isinstance(value := row[name], str)]
        if len(texts) == len(rows):
            found[tr(name)] = min(WIDEST, AROUND + LETTER * max(map(len, (tr(name), *texts))))
    return found


def table_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return rows as a Markdown table, which breaks its lines and is seen whole.

    Args:
        rows: our own words and numbers, never what was typed.
        columns: which of their keys.
    """
    heads = [f"| {' | '.join(map(tr, columns))} |", f"| {' | '.join('---' for _ in columns)} |"]
    return "\n".join(
        [*heads, *(f"| {' | '.join(_write(row[key]) for key in columns)} |" for row in rows)]
    )


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
    writer.writerow({name: in_english(name) for name in rows[0]})
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _write(value: object) -> str:
    return minus(f"{value:.6g}") if isinstance(value, float) else str(value)


def _safe(value: object) -> object:
    begins = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if begins else value
