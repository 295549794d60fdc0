"""What pages draw of a run, made once for everybody: steps as arrays, the film as sheets."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.engine.request import FilmRequest, Request
from core.engine.results import Recent
from core.ui.runs import Draw, done, find, say_status
from core.views.exports import webp_animation
from core.views.film import film_data
from core.views.run import Run, frames_of, quick_frames, run_of

_MADE = Recent(200_000_000)  # bytes, with the results that it was made of


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One finished run.

    Attributes:
        run: the run.
        places: which of its places the film shows.
        film: the film, for the browser.
        animation: the decoded film as WebP; None until the VAE has decoded it.
    """

    run: Run
    places: tuple[int, ...]
    film: dict[str, Any]  # Any: JSON for the browser
    animation: bytes | None

    @property
    def decoded(self) -> bool:
        """Whether the VAE has decoded the film; until then its colours are guessed."""
        return self.animation is not None


def kept(request: Request) -> Shown | None:
    """Return a run, where it is there already, with its decoded film where that is.

    Args:
        request: a valid request.
    """
    trace = find(request)
    return None if trace is None else drawn(trace)


def here(request: Request) -> Shown:
    """Return the run of a request; where it is not there, it is computed, and a line says so.

    Args:
        request: a valid request.

    Raises:
        ExplainerError: the engine could not do it.
    """
    shown = kept(request)
    if shown is None:
        line = st.empty()
        shown = drawn(
            done(request, lambda ticket: line.caption(say_status(ticket.status(), "Call")))
        )
        line.empty()
    return shown


def decode(shown: Shown, draw: Draw) -> Shown:
    """Have the engine decode the film of a run.

    Args:
        shown: the run.
        draw: shows how far it is.

    Raises:
        ExplainerError: the engine says why there is none.
    """
    return _with_film(shown.run, done(FilmRequest(shown.run.request), draw))


def drawn(trace: Any) -> Shown:  # Any: a Trace, whose class imports torch
    """Make what pages draw of a run, once for everybody; in quick colours until it is decoded.

    Args:
        trace: the run.
    """
    film, shown = find(FilmRequest(trace.request)), _MADE.get(trace)
    if shown is None:
        run = run_of(trace)
        frames = quick_frames(run)
        shown = Shown(run, frames.places, film_data(run, frames), None)
        _MADE.keep(trace, shown)
    return shown if film is None else _with_film(shown.run, film)


def _with_film(run: Run, film: Any) -> Shown:  # Any: as above
    shown = _MADE.get(film)
    if shown is None:
        frames = frames_of(run, film)
        shown = Shown(run, frames.places, film_data(run, frames), webp_animation(frames.given))
        _MADE.keep(film, shown)
    return shown
