"""The door for what comes from outside: the value itself, or a plain sentence about what is wrong.

Links, files, boxes and browsers can say anything. Text and JSON are brought into one form here,
so that nothing behind has to ask again whether a text can be written or a number be counted with.
"""

import json
import math
import re
from collections.abc import Collection
from numbers import Real
from typing import Any

from core.errors import ExplainerError
from core.words import tr

MAX_TEXT = 20_000  # characters of a prompt; 75 tokens are read, the rest is shown as cut
LONGEST_WHOLE = 20  # digits; a longer number is out of every range here
# What a box of one line cannot show: it drops the first two, and shows the others as nothing.
UNSEEN = re.compile(r"\r\n|[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def check_text(value: object, name: str) -> str:
    """Take any text as a box of one line can show it.

    A line break, a tab or a control character becomes a space, which the tokenizer reads alike;
    halves of surrogate pairs, which have no meaning, become U+FFFD.

    Args:
        value: what was typed.
        name: what it is, for the sentence.

    Raises:
        ExplainerError: it is no text, or too long.
    """
    if not isinstance(value, str):
        raise ExplainerError(tr("The {name} is not text.", name=name), tr("Type it as words."))
    if len(value) > MAX_TEXT:
        raise ExplainerError(
            tr("The {name} has {length:,} characters.", name=name, length=len(value)),
            tr("Keep it under {most:,}.", most=MAX_TEXT),
        )
    return UNSEEN.sub(" ", _paired(value))


def read_json(data: bytes | str) -> Any:  # Any: what JSON holds
    """Read JSON from outside: with a byte order mark or without, as deep and long as it may be.

    Args:
        data: UTF-8, UTF-16 or text; nothing about it is trusted.

    Returns:
        The value. Its texts hold no halves of surrogate pairs, and a whole number too long for
        any range is a float.

    Raises:
        ValueError: it is no JSON, or nested too deep.
    """
    if isinstance(data, bytes):
        data = data.decode(json.detect_encoding(data))
    text = data.removeprefix("\ufeff")
    try:
        return _paired(json.loads(text, parse_int=_whole_or_float))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def check_whole(value: object, name: str, low: int, high: int) -> int:
    """Return a whole number within its limits.

    Args:
        value: what was given; 3 and 3.0 are whole, True, "3", 1.5 and None are not.
        name: what it is, as the sentence should call it, such as "number of steps".
        low: smallest value allowed.
        high: largest value allowed.

    Raises:
        ExplainerError: it is not a whole number from ``low`` to ``high``.
    """
    number = _as_number(value)
    if number is None or not number.is_integer() or not low <= number <= high:
        raise ExplainerError(
            tr("The {name} is {value}.", name=name, value=_quote(value)),
            tr("Give a whole number from {low:,} to {high:,}.", low=low, high=high),
        )
    return int(number)


def check_real(value: object, name: str, low: float, high: float) -> float:
    """Return a number within its limits, both included.

    Args:
        value: what was given; True, "3", NaN and None are no numbers.
        name: what it is, as the sentence should call it.
        low: smallest value allowed.
        high: largest value allowed.

    Raises:
        ExplainerError: it is not a number from ``low`` to ``high``.
    """
    number = _as_number(value)
    if number is None or not low <= number <= high:
        raise ExplainerError(
            tr("The {name} is {value}.", name=name, value=_quote(value)),
            tr("Give a number from {low:,g} to {high:,g}.", low=low, high=high),
        )
    return number


def say_number(number: float) -> str:
    """Write a number with all its digits and no others, as a link and a browser write it.

    Args:
        number: a finite one.
    """
    return repr(float(number)).removesuffix(".0")


def check_choice(value: object, name: str, choices: Collection[str]) -> str:
    """Return one of the names on offer.

    Args:
        value: what was given.
        name: what it is, as the sentence should call it.
        choices: the names allowed.

    Raises:
        ExplainerError: it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise ExplainerError(
            tr("The {name} is {value}.", name=name, value=_quote(value)),
            tr("Choose one of: {choices}.", choices=", ".join(sorted(choices))),
        )
    return value


def check_switch(value: object, name: str) -> bool:
    """Return True or False, and nothing that only looks like it.

    Args:
        value: what was given.
        name: what it is, as the sentence should call it.

    Raises:
        ExplainerError: it is neither True nor False.
    """
    if not isinstance(value, bool):
        raise ExplainerError(
            tr("The {name} is {value}.", name=name, value=_quote(value)), tr("Give true or false.")
        )
    return value


def _paired(value: Any) -> Any:  # Any: what JSON holds
    """Join or replace halves of surrogate pairs in every text of a value."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_paired(part) for part in value]
    if isinstance(value, dict):
        return {_paired(name): _paired(part) for name, part in value.items()}
    return value


def _whole_or_float(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_WHOLE else float(digits)


def _as_number(value: object) -> float | None:
    """Return a finite float, or None where the value is no such number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # an int beyond 1e308
        return None
    return number if math.isfinite(number) else None


def _quote(value: object) -> str:
    """Return the value as a person would recognise it, cut to a readable length."""
    if value is None:
        return tr("empty")
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
