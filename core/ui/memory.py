"""How much memory a thing holds on to: what a session keeps is bounded by it."""

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np


def held_bytes(value: object) -> int:
    """Count the bytes of a thing and of all that is inside it, each part once.

    Dataclasses, tuples, lists, sets and dicts are opened, however deep they lie. An array counts as
    all of the array that it is a view of, for that is what stays in memory.

    Args:
        value: anything; parts of other kinds count as themselves alone.
    """
    total, seen, waiting = 0, set[int](), [value]
    while waiting:
        part = waiting.pop()
        while isinstance(part, np.ndarray) and isinstance(part.base, np.ndarray):
            part = part.base
        if id(part) in seen:
            continue
        seen.add(id(part))  # stays its own: whatever is here is held by ``value``
        numbers = getattr(part, "nbytes", None)  # of arrays, also those of torch
        total += numbers if isinstance(numbers, int) else sys.getsizeof(part)
        if isinstance(part, Mapping):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, tuple | list | set | frozenset):
            waiting += part
        elif is_dataclass(part) and not isinstance(part, type):
            waiting += [getattr(part, field.name) for field in fields(part)]
    return total
