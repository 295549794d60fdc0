"""The one engine of this process, whoever asks; importing this imports no torch."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from core.classroom import classroom
from core.errors import ExplainerError
from core.host import host
from core.models.catalog import ROOT
from core.words import tr

if TYPE_CHECKING:
    from core.engine.engine import Engine

_lock = threading.Lock()
_engine: "Engine | None" = None


def engine() -> "Engine":
    """Return the engine of this process, made when it is first asked for.

    It is kept here and not in Streamlit's caches, which any browser can clear for everybody.

    Raises:
        ExplainerError: GLASSBOX_ENGINE names an engine that there is not, or that does not start.
    """
    global _engine
    with _lock:
        if _engine is None:
            _engine = _make_engine()
        return _engine


def woken() -> "Engine | None":
    """Return the engine where somebody has asked for it already; to make it takes seconds."""
    return _engine


def cache_folder() -> Path:
    """Return where finished work is kept: GLASSBOX_CACHE, or ``cache`` beside the app."""
    moved = os.environ.get("GLASSBOX_CACHE")
    return Path(moved) if moved else ROOT / "cache"


def _make_engine() -> "Engine":
    kind = os.environ.get("GLASSBOX_ENGINE", "local")
    if kind not in ("local", "ray"):
        raise ExplainerError(
            tr("There is no engine called {kind!r:.40}.", kind=kind),
            tr("Unset GLASSBOX_ENGINE, or set it to local or ray."),
        )
    from core.engine.results import Results
    from core.engine.store import Store

    # What a class types is nobody's business when the class is over.
    kept = host().on_disk and not classroom()
    results = Results(Store(cache_folder()) if kept else None)
    if kind == "ray":
        from core.engine.on_ray import open_pool

        return open_pool(results)
    from core.engine.worker import Worker  # imports torch: seconds, and not for the first page

    return Worker(results=results)
