"""The run on show: how far it is while it is computed, then its film to scrub through."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine.client import engine
from core.engine.request import Request
from core.engine.ticket import Ticket
from core.errors import ExplainerError
from core.ui.component import mount
from core.ui.errors import explained
from core.ui.runs import done, find, go_on, is_stopped, say_status, stop
from core.ui.settings import show_refused
from core.ui.shown import Shown, decode, drawn
from core.views.film import begun_film
from core.views.run import begun_run, say_cost
from core.words import tr, tr_later, tr_many

_SO_FAR = "run_so_far"
PREVIEW_HEIGHT = 340  # CSS pixels, until the first preview is there


def show_run(request: Request) -> Shown | None:
    """Show the film of a run, computing first what is not there yet.

    The finished picture comes with quick colours for the steps before it, until ``decode_film``.

    Args:
        request: what to show, valid.

    Returns:
        What is on show; None where the visitor stopped it, or where it could not be done.
    """
    if is_stopped(request):
        _show_stopped(request)
        return None
    slot = st.empty()  # always, so that the film keeps its place below it from run to run
    trace = find(request)
    if trace is None:
        try:
            with slot:
                trace = done(request, _Progress(slot, request).draw)
        except ExplainerError as error:
            slot.empty()
            show_refused(error)
            return None
        slot.empty()
    shown = drawn(trace)
    mount_film(shown)
    return shown


def mount_film(shown: Shown) -> None:
    """Put the film of a finished run on the page.

    Args:
        shown: the run.
    """
    mount("generation/film", shown.film)
    st.caption(say_cost(shown.run))


def place_below(request: Request) -> DeltaGenerator:
    """Return the place for what is about a run; what stands there of another run goes at once.

    Args:
        request: what is about to be shown.
    """
    return st.container() if find(request) else st.empty().container()


def decode_film(shown: Shown) -> None:
    """Have the VAE decode the frames of what is on show, then draw the page again with them.

    Called last on a page: everything else has been drawn when this waits.

    Args:
        shown: from ``show_run``.
    """
    if shown.frames.decoded:
        return
    line = st.empty()
    with explained():
        decode(
            shown,
            lambda ticket: line.caption(say_status(ticket.status(), tr_later("Decoding frame"))),
        )
        st.rerun()


def _show_stopped(request: Request) -> None:
    """Show how far a run came that the visitor stopped, as a film."""
    of, steps, preview, calls = st.session_state.get(_SO_FAR, (None, None, None, 0))
    there = of == request and preview is not None and len(steps) > 1
    done = (
        tr_many(
            calls,
            "**Stopped** after {done} of {count} call of the network.",
            "**Stopped** after {done} of {count} calls of the network.",
            done=len(steps),
        )
        if there
        else tr("**Stopped** before the first guess of the network.")
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(done, width="content")
        st.button(tr("Go on"), on_click=go_on, icon=":material/play_arrow:")
    if there and preview is not None:
        mount(
            "generation/film",
            begun_film(begun_run(request, steps, preview), (calls, request.steps)),
        )


class _Progress:
    """Where the film will be, meanwhile: the line, the step, and the picture as it comes."""

    def __init__(self, slot: DeltaGenerator, request: Request) -> None:
        self.slot = slot
        self.request = request
        self.parts: tuple[DeltaGenerator, DeltaGenerator] | None = None

    def draw(self, ticket: Ticket[Any]) -> None:  # Any: a Trace, whose class would import torch
        bar, slot = self.parts = self.parts or self._begin()
        status, picture = ticket.status(), engine().preview(ticket)
        bar.progress(
            min(1.0, status.step / max(1, status.steps)), say_status(status, tr_later("Call"))
        )
        st.session_state[_SO_FAR] = self.request, ticket.partial(), picture, status.steps
        if picture is not None:
            slot.image(
                picture, width="stretch", output_format="PNG", alt=tr("The network's guess so far")
            )

    def _begin(self) -> tuple[DeltaGenerator, DeltaGenerator]:
        with self.slot.container(key="film_waiting"):  # as wide as the film, see page.css
            told, hero = st.columns([2, 3], gap="medium")  # as the film will be
            with told:
                bar = st.progress(0.0, tr("Starting"))
                st.button(
                    tr("Stop"), on_click=stop, args=(self.request,), icon=":material/stop_circle:",
                    key="stop_run",
                )  # fmt: skip
            with hero:
                st.markdown(tr("**What it believes so far**"))
                slot = st.empty()
                slot.skeleton(height=PREVIEW_HEIGHT)
        return bar, slot
