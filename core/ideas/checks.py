"""Numbers that people type: the value itself, or one plain sentence about what is wrong."""

import math
from collections.abc import Collection
from numbers import Real

from core.errors import ExplainerError


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
            f"The {name} is {_quote(value)}.", f"Give a whole number from {low:,} to {high:,}."
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
            f"The {name} is {_quote(value)}.", f"Give a number from {low:,g} to {high:,g}."
        )
    return number


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
            f"The {name} is {_quote(value)}.", f"Choose one of: {', '.join(sorted(choices))}."
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
        raise ExplainerError(f"The {name} is {_quote(value)}.", "Give true or false.")
    return value


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
        return "empty"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
