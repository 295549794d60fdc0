"""Finished work: the newest in memory, the rest in the store, found by what was asked."""

import logging
import threading
from collections import OrderedDict

from core.engine.film import Film, film_from_bytes
from core.engine.request import FilmRequest, Request, key
from core.engine.store import Store
from core.engine.trace import Trace, from_bytes

LOG = logging.getLogger(__name__)
IN_MEMORY = 64_000_000  # bytes of traces and films, the newest


class Results:
    """Traces and films by request; safe to share between threads."""

    def __init__(self, store: Store | None = None) -> None:
        """Start with what the store holds.

        Args:
            store: None keeps nothing beyond this process.
        """
        self._store = store
        self._stamps: dict[str, str] = {}
        self._recent: OrderedDict[str, tuple[Trace | Film, int]] = OrderedDict()
        self._lock = threading.Lock()

    def stamp(self, model: str, stamp: str) -> None:
        """Tell what decides a model's runs beside the request; without it nothing is found.

        Args:
            model: its id.
            stamp: weights, number type and libraries.
        """
        self._stamps[model] = stamp

    def find(self, request: Request | FilmRequest) -> Trace | Film | None:
        """Return finished work, or None; what is damaged counts as missing.

        Args:
            request: validated.
        """
        name = self._key(request)
        if name is None:
            return None
        with self._lock:
            if name in self._recent:
                self._recent.move_to_end(name)
                return self._recent[name][0]
        content = self._store.get(name) if self._store else None
        if content is None:
            return None
        film = isinstance(request, FilmRequest)
        try:
            found = film_from_bytes(content) if film else from_bytes(content)
        except ValueError as error:  # whole, yet not what this version writes
            LOG.warning("stored run %s is computed again: %s", name[:12], error)
            return None
        self._remember(name, found, len(content))
        return found

    def keep(self, request: Request | FilmRequest, value: Trace | Film) -> None:
        """Keep finished work; a disk that fails costs the store, never the work.

        Args:
            request: validated.
            value: what it gave.
        """
        name = self._key(request)
        if name is None:
            return
        content = value.to_bytes()
        self._remember(name, value, len(content))
        if self._store:
            self._store.put(name, content)

    def _key(self, request: Request | FilmRequest) -> str | None:
        run = request.request if isinstance(request, FilmRequest) else request
        stamp = self._stamps.get(run.model)
        return None if stamp is None else key(request, stamp)

    def _remember(self, name: str, value: Trace | Film, size: int) -> None:
        with self._lock:
            self._recent[name] = (value, size)
            self._recent.move_to_end(name)
            while len(self._recent) > 1 and sum(s for _, s in self._recent.values()) > IN_MEMORY:
                self._recent.popitem(last=False)
