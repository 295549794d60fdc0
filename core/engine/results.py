"""Finished work: the newest in memory for the whole process, runs and films on disk as well."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from core.engine.film import film_from_bytes
from core.engine.recent import Recent
from core.engine.request import FilmRequest, Request, key
from core.engine.store import Store
from core.engine.trace import from_bytes
from core.engine.work import Result, Work

LOG = logging.getLogger(__name__)
IN_MEMORY = 300_000_000  # bytes of results and of what was asked, the newest
WAITING = 16  # results that wait to be written at most; what is more is not written
ON_DISK: dict[type, Callable[[bytes], Any]] = {Request: from_bytes, FilmRequest: film_from_bytes}


class Results:
    """Results by what was asked and what decides the answer; safe to share between threads."""

    def __init__(self, store: Store | None = None) -> None:
        """Start with what the store holds.

        Args:
            store: None keeps nothing beyond this process.
        """
        self._store = store
        self._stamps: dict[str, str] = {}
        self._recent = Recent(IN_MEMORY)
        self._lock = threading.Lock()  # guards the writer alone
        self._unwritten: queue.Queue[tuple[str, Any]] = queue.Queue(WAITING)
        self._writer: threading.Thread | None = None

    def stamp(self, model: str, stamp: str) -> None:
        """Tell what decides a model's results beside the work; without it nothing is found.

        Args:
            model: its id.
            stamp: weights, number type and libraries.
        """
        self._stamps[model] = stamp

    def find(self, work: Work[Result]) -> Result | None:
        """Return finished work, or None; what is damaged counts as missing.

        Args:
            work: validated.
        """
        stamp = self._stamp_of(work)
        if stamp is None:
            return None
        recent = self._recent.get((stamp, work))
        if recent is not None:
            return recent
        read = ON_DISK.get(type(work))
        if read is None or self._store is None:
            return None
        name = key(work, stamp)  # type: ignore[arg-type]  # of those on disk
        content = self._store.get(name)
        if content is None:
            return None
        try:
            found = read(content)
        except ValueError as error:  # whole, yet not what this version writes
            LOG.warning("stored run %s is computed again: %s", name[:12], error)
            return None
        self._recent.keep((stamp, work), found)
        return found

    def keep(self, work: Work[Any], value: Any) -> None:  # Any: the work's own result
        """Keep finished work; a disk that fails costs the store, never the work.

        Args:
            work: validated.
            value: its result.
        """
        stamp = self._stamp_of(work)
        if stamp is None:
            return
        self._recent.keep((stamp, work), value)
        if self._store is None or type(work) not in ON_DISK:
            return
        with self._lock:
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._write, name="results", daemon=True)
                self._writer.start()
        try:
            self._unwritten.put_nowait((key(work, stamp), value))  # type: ignore[arg-type]  # as above
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
