"""Answers for people: tables and lines, safe to print on any terminal."""

from collections.abc import Mapping, Sequence
from typing import Any


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:  # Any: JSON
    """Return rows as aligned lines under a line of names; numbers stand on the right.

    Args:
        rows: what to show.
        columns: which of their entries, in order.
    """
    cells = [[plain(row[name]) for name in columns] for row in rows]
    widths = [
        max([len(name), *(len(line[at]) for line in cells)]) for at, name in enumerate(columns)
    ]
    right = [rows and all(_is_number(row[name]) for row in rows) for name in columns]

    def line(texts: Sequence[str]) -> str:
        fitted = [
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(texts, widths, right, strict=True)
        ]
        return "  ".join(fitted).rstrip()

    return [line(columns), *map(line, cells)]


def say(value: Any, indent: str = "") -> list[str]:  # Any: what JSON holds
    """Return any answer as lines: names and values, lists on one line.

    Args:
        value: the answer, or a part of it.
        indent: of its lines.
    """
    if isinstance(value, dict):
        lines = []
        for name, inner in value.items():
            nested = isinstance(inner, dict) or (
                isinstance(inner, list | tuple) and any(isinstance(row, dict) for row in inner)
            )
            lines += (
                [f"{indent}{name}:", *say(inner, indent + "  ")]
                if nested
                else [f"{indent}{name}: {plain(inner)}"]
            )
        return lines
    if isinstance(value, list | tuple):
        return [line for row in value for line in (*say(row, indent), *([""] if row else []))]
    return [f"{indent}{plain(value)}"]


def plain(value: Any) -> str:  # Any: what JSON holds
    """Return a value as text that a terminal only shows: it obeys escapes, so none reach it.

    Args:
        value: of an answer. Numbers that are not whole keep five figures.
    """
    if isinstance(value, list | tuple):
        text = " ".join(map(str, value))
    elif isinstance(value, bool) or value is None:
        text = {True: "yes", False: "no", None: "-"}[value]
    else:
        text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
