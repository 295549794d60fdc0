"""Keeping the newest of many things within a number of bytes; imports no torch."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


class Recent:
    """The newest of many things by name, within a number of bytes; safe to share."""

    def __init__(self, most: int) -> None:
        """Start empty.

        Args:
            most: bytes of all names and values; the newest is kept however large it is.
        """
        self._most = most
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> Any | None:
        """Return what is kept under a name, which is the newest then; None where nothing is."""
        with self._lock:
            if name not in self._held:
                return None
            self._held.move_to_end(name)
            return self._held[name][0]

    def keep(self, name: Hashable, value: Any) -> None:
        """Keep a value, and let the oldest go that are too much.

        Args:
            name: counted as well, with all that it holds.
            value: never changed afterwards.
        """
        size = held_bytes((name, value))
        with self._lock:
            self._bytes += size - self._held.get(name, (None, 0))[1]
            self._held[name] = (value, size)
            self._held.move_to_end(name)
            while len(self._held) > 1 and self._bytes > self._most:
                _, (_, gone) = self._held.popitem(last=False)
                self._bytes -= gone


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
