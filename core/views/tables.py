"""Tables to look at, and as files."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.views.numbers import minus, short
from core.words import in_english, tr

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

LETTER, AROUND, WIDEST = 7, 18, 480  # CSS pixels of a table's letter, around a cell, of a column
DIGITS = 6  # of a number in a cell

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

    Those of a column have as many places after the point as the one with most of them.

    Args:
        rows: all with the keys of the first; what is missing is None.
    """
    import pandas as pd  # late: files are written without it

    frame = pd.DataFrame(headed(rows))
    columns = {name: [row[key] for row in rows] for name, key in zip(frame, rows[0], strict=True)}
    table = frame.style
    table.format({name: _writer(values) for name, values in columns.items()})
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
    cells = {key: [row[key] for row in rows] for key in columns}
    numbers = {key for key, found in cells.items() if all(_is_number(one) for one in found)}
    sides = ("--:" if key in numbers else "---" for key in columns)
    written = [[_writer(found)(one) for one in found] for found in cells.values()]
    lines = [map(tr, columns), sides, *zip(*written, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_of(rows: Sequence[Mapping[str, object]]) -> str:
    """Write rows as CSV.

    A spreadsheet would run text that begins like a formula, so such a cell gets an apostrophe.
    Spaces that keep a number and its unit together on a page are plain ones here.

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


def _writer(values: Iterable[object]) -> Callable[[object], str]:
    """Return what writes the cells of a column: its numbers alike, unless they lie far apart.

    Args:
        values: of the whole column.
    """
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    texts = [f"{number:.{DIGITS}g}" for number in numbers]
    places = max((len(text.partition(".")[2]) for text in texts), default=0)
    widest = max((len(f"{abs(number):.0f}") for number in numbers), default=0)
    alike = widest + places <= DIGITS + 1 and not any("e" in text for text in texts)

    def write(value: object) -> str:
        if value is None or value != value:  # pandas' own of None
            return "–"
        if not isinstance(value, float):
            return str(value)
        return minus(f"{value:.{places}f}") if alike else short(value, DIGITS)

    return write


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _safe(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.replace("\N{NO-BREAK SPACE}", " ")
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
