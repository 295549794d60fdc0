"""Finished work: the newest in memory, runs and films on disk as well; imports no torch."""

import logging
import queue
import sys
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from core.engine.request import FilmRequest, Request, key
from core.engine.store import Store
from core.engine.work import Result, Work
from core.host import host

LOG = logging.getLogger(__name__)
WAITING = 16  # results that wait to be written at most; what is more is not written


class Results:
    """Results by what was asked and what decides the answer; safe to share between threads."""

    def __init__(self, store: Store | None = None) -> None:
        """Start with what the store holds; without one, nothing outlives this process."""
        self._store = store
        self._stamps: dict[str, str] = {}
        self._recent = Recent(host().results)
        self._lock = threading.Lock()  # guards the writer alone
        self._unwritten: queue.Queue[tuple[str, Any]] = queue.Queue(WAITING)
        self._writer: threading.Thread | None = None

    def stamp(self, model: str, stamp: str) -> None:
        """Tell what decides a model's results beside the work: weights, number type, libraries.

        Without it nothing is found.
        """
        self._stamps[model] = stamp

    def find(self, work: Work[Result]) -> Result | None:
        """Return what became of a work, or None; what is damaged counts as missing."""
        stamp = self._stamp_of(work)
        if stamp is None:
            return None
        recent = self._recent.get((stamp, work))
        if recent is not None:
            return recent
        if self._store is None or not isinstance(work, Request | FilmRequest):
            return None
        name = key(work, stamp)
        content = self._store.get(name)
        if content is None:
            return None
        try:
            found: Any = _read(work, content)
        except ValueError as error:  # whole, yet not what this version writes
            LOG.warning("stored run %s is computed again: %s", name[:12], error)
            return None
        self._recent.keep((stamp, work), found)
        return found

    def keep(self, work: Work[Any], value: Any) -> None:  # Any: the work's own result
        """Keep finished work; a disk that fails costs the store, never the work."""
        stamp = self._stamp_of(work)
        if stamp is None:
            return
        self._recent.keep((stamp, work), value)
        if self._store is None or not isinstance(work, Request | FilmRequest):
            return
        with self._lock:
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._write, name="results", daemon=True)
                self._writer.start()
        try:
            self._unwritten.put_nowait((key(work, stamp), value))
        except queue.Full:
            LOG.warning("the disk is slow: a finished run is kept in memory only")

    def flush(self) -> None:
        """Wait until all that is to be written is written."""
        self._unwritten.join()

    def _write(self) -> None:
        assert self._store is not None
        while True:
            name, value = self._unwritten.get()
            try:
                self._store.put(name, value.to_bytes())
            except Exception:  # nothing here may end the thread: the run itself is there
                LOG.exception("a finished run was not written")
            finally:
                self._unwritten.task_done()

    def _stamp_of(self, work: Work[Any]) -> str | None:
        return self._stamps.get(work.model) if work.weights else ""


def _read(work: Request | FilmRequest, content: bytes) -> Any:
    if isinstance(work, FilmRequest):
        from core.engine.film import film_from_bytes

        return film_from_bytes(content)
    from core.engine.trace import from_bytes

    return from_bytes(content)


class Recent:
    """The newest of many things by name, within a number of bytes; safe to share."""

    def __init__(self, most: int) -> None:
        """Start empty; the newest is kept whatever number of bytes it has."""
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
        """Keep a value, which is never changed afterwards, and let the oldest go that are too much.

        The name counts as well, with all that it holds.
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

    Dataclasses, tuples, lists, sets and dicts are opened, however deep they lie; other parts count
    as themselves alone. An array counts as all of the array that it is a view of, for that is what
    stays in memory.
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
