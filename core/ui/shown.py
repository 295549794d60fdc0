"""The run this session looks at: computed once, then kept while the visitor goes from page to page.

Only what pages draw is kept, in a form that is small: the steps as arrays, the film as two
compressed sheets.
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.engine.request import FilmRequest, Request
from core.ui.runs import Draw, asked, follow, say_status
from core.views.exports import webp_animation
from core.views.film import film_data
from core.views.run import Frames, Run, frames_of, quick_frames, run_of

_SHOWN = "run_on_show"


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
    """Return the run on show, where it is the run of this request.

    Args:
        request: a valid request.
    """
    shown: Shown | None = st.session_state.get(_SHOWN)
    return shown if shown is not None and shown.run.request == request else None


def compute(request: Request, draw: Draw) -> Shown:
    """Have the engine run a request; it is kept, its film in quick colours.

    Args:
        request: a valid request.
        draw: shows how far it is.

    Raises:
        ExplainerError: the engine could not do it.
    """
    with asked(request) as ticket:
        follow(ticket, draw)
        run = run_of(ticket.result())
    return _keep(run, quick_frames(run), None)


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
        shown = compute(request, lambda ticket: line.caption(say_status(ticket.status(), "Call")))
        line.empty()
    return shown


def decode(shown: Shown, draw: Draw) -> Shown:
    """Have the engine decode the film of a run; it is kept in place of the quick one.

    Args:
        shown: the run.
        draw: shows how far it is.

    Raises:
        ExplainerError: the engine could not do it.
    """
    with asked(FilmRequest(shown.run.request)) as ticket:
        follow(ticket, draw)
        frames = frames_of(shown.run, ticket.result())
    return _keep(shown.run, frames, webp_animation(frames.given))


def _keep(run: Run, frames: Frames, animation: bytes | None) -> Shown:
    shown = Shown(run, frames.places, film_data(run, frames), animation)
    st.session_state[_SHOWN] = shown
    return shown
