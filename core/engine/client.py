"""The one engine of this process, whoever asks; importing this imports no torch."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

from core.engine.looks.look import Look, Reading
from core.engine.request import FilmRequest, Request
from core.engine.ticket import Ticket
from core.errors import ExplainerError
from core.models.catalog import ROOT

if TYPE_CHECKING:
    from core.engine.film import Film
    from core.engine.trace import Trace

_lock = threading.Lock()
_engine: "EngineClient | None" = None


class EngineClient(Protocol):
    """What pages and the command line know of an engine, wherever it computes."""

    @overload
    def submit(
        self, request: Request, session: str = "", *, replace: bool = True
    ) -> "Ticket[Trace]": ...
    @overload
    def submit(
        self, request: FilmRequest, session: str = "", *, replace: bool = True
    ) -> "Ticket[Film]": ...
    @overload
    def submit(
        self, request: Look[Reading], session: str = "", *, replace: bool = True
    ) -> Ticket[Reading]: ...
    def submit(
        self,
        request: Request | FilmRequest | Look[Any],
        session: str = "",
        *,
        replace: bool = True,
    ) -> Ticket[Any]:  # Any: one of those above
        """Ask for a picture, a film or a reading; see ``Batcher.submit``."""
        ...


def engine() -> EngineClient:
    """Return the engine of this process, made when it is first asked for.

    It is kept here and not in Streamlit's caches, which any browser can clear for everybody.

    Raises:
        ExplainerError: GLASSBOX_ENGINE names an engine that there is not.
    """
    global _engine
    with _lock:
        if _engine is None:
            _engine = _make_engine()
        return _engine


def cache_folder() -> Path:
    """Return where finished work is kept: GLASSBOX_CACHE, or ``cache`` beside the app."""
    moved = os.environ.get("GLASSBOX_CACHE")
    return Path(moved) if moved else ROOT / "cache"


def _make_engine() -> EngineClient:
    kind = os.environ.get("GLASSBOX_ENGINE", "local")
    if kind != "local":
        raise ExplainerError(
            f"There is no engine called {kind!r:.40}.",
            "Unset GLASSBOX_ENGINE, or set it to local.",
        )
    from core.engine.batcher import Batcher  # imports torch: seconds, and not for the first page
    from core.engine.results import Results
    from core.engine.store import Store

    return Batcher(results=Results(Store(cache_folder())))
