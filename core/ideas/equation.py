"""A formula and the function that computes it, tied together so that they cannot part."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

# Any: a registry of functions with different arguments has no narrower type.
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Equation:
    """One formula as LaTeX, and where it comes from."""

    tex: str
    source: str


EQUATIONS: dict[str, Callable[..., Any]] = {}  # Any: as above


def equation(*, tex: str, source: str) -> Callable[[Function], Function]:
    """Attach a formula to the function below it and list the function in ``EQUATIONS``.

    Args:
        tex: the formula, LaTeX without dollar signs.
        source: paper and equation number, and how its convention differs from ours.

    Returns:
        A decorator that returns the function itself, with ``.equation`` set.

    Raises:
        ValueError: ``tex`` or ``source`` is empty.
    """
    if not tex.strip() or not source.strip():
        raise ValueError(f"an equation needs tex and source, got {tex!r} and {source!r}")

    def attach(function: Function) -> Function:
        function.equation = Equation(tex=tex, source=source)  # type: ignore[attr-defined]  # set here
        EQUATIONS[f"{function.__module__}.{function.__qualname__}"] = function
        return function

    return attach


def equation_of(function: Callable[..., Any]) -> Equation:  # Any: any decorated function
    """Return the formula attached to a function.

    Args:
        function: a function decorated with ``@equation``.

    Raises:
        ValueError: the function carries no formula.
    """
    found = getattr(function, "equation", None)
    if not isinstance(found, Equation):
        raise ValueError(f"{function.__qualname__} has no @equation, expected one above it")
    return found
