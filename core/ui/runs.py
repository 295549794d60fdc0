"""Asking the engine from a page: submit, watch, stop; leaving the page stops the work as well.

A page never computes. It submits a request, gets a ticket and waits on it in short turns; between
two turns it draws how far the work is. When the visitor leaves, closes the tab or changes a
setting, Streamlit ends the script there, and the ticket is cancelled.
"""

import contextlib
import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

# No public names lead there; requirements.txt has the one version that this was tried with.
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from core.engine.client import engine, woken
from core.engine.request import Request, to_json
from core.engine.ticket import Ticket, TicketStatus
from core.engine.work import Work
from core.errors import ExplainerError
from core.labs.bench import Chosen, Training, bench
from core.ui.class_rules import check_asked, check_session, is_behind
from core.words import tr, tr_later

TURN_S = 0.15  # between two looks at a ticket
AT_ONCE_S = 0.1  # an answer that is there already comes within this; no progress is drawn for it
GRACE_S = 0.4  # a rerun of the same page takes the same work up again within this
_SESSION, _STOPPED = "engine_session", "stopped_request"

Answer = TypeVar("Answer")
Draw = Callable[[Ticket[Any]], object]  # Any: a Trace or a Film; their classes import torch


def find(work: Work[Answer]) -> Answer | None:
    """Return finished work at once; None where it would have to be done.

    Args:
        work: as for ``asked``.
    """
    there = woken()
    return None if there is None else there.find(work)


def done(work: Work[Answer], draw: Draw, patient_s: float = AT_ONCE_S) -> Answer:
    """Have the engine do a work, drawing how far it is.

    Args:
        work: what to compute.
        draw: shows the ticket, whenever it has come further.
        patient_s: before anything is drawn, seconds.

    Raises:
        ExplainerError: the engine says why there is no result.
    """
    with asked(work) as ticket:
        ended, said = ticket.wait(patient_s), None
        while not ended:
            status = replace(ticket.status(), eta_s=None)  # which changes at every look
            if status != said:
                draw(ticket)
            said = status
            end_if_left()
            ended = ticket.wait(TURN_S)
            if is_behind():
                st.rerun()  # to what the teacher has set, or shows; equal work goes on
        return ticket.result()


def read(work: Work[Answer], doing: str = tr_later("Piece"), draw: Draw | None = None) -> Answer:
    """Return what became of a work; where it is not there, the engine does it.

    Args:
        work: what to do.
        doing: what is counted meanwhile.
        draw: shows how far it is; None says so in a line here, which is gone in the end.

    Raises:
        ExplainerError: the engine says why it has no answer.
    """
    line = st.empty()  # always, so that what comes below keeps its place from run to run
    answer = find(work)
    if answer is None:
        with line:
            answer = done(
                work, draw or (lambda ticket: line.caption(say_status(ticket.status(), doing)))
            )
        line.empty()
    return answer


def end_if_left() -> None:
    """End the script here where its visitor has left or wants another, as drawing would."""
    st.session_state.get(_SESSION)


@contextlib.contextmanager
def asked(
    work: Work[Any], replace: bool = True
) -> Iterator[Ticket[Any]]:  # Any: its result; the classes of some import torch
    """Submit work to the engine; what is not finished when the block is left is cancelled.

    Args:
        work: what to compute.
        replace: whether it takes the place of what this session asked for before.

    Raises:
        ExplainerError: the engine cannot take it.
    """
    ticket = begun(work, replace)
    try:
        yield ticket
    finally:
        if not ticket.wait(0):
            later = threading.Timer(GRACE_S, ticket.cancel)
            later.daemon = True
            later.start()


def begun(work: Work[Any], replace: bool = True) -> Ticket[Any]:  # Any: as above
    """Submit work that goes on while the page is drawn again and again.

    Whoever holds the ticket looks at it from time to time; the engine drops one that nobody looks
    at any more.

    Args:
        work: what to compute.
        replace: as for ``asked``.

    Raises:
        ExplainerError: the engine cannot take it.
    """
    check_asked(work)
    _wake_engine()
    return engine().submit(work, session_id(), replace=replace)


def session_id() -> str:
    """Return what tells this session from others where works and trainings are shared out.

    Before a slash stands its browser, for all tabs of one have one share. Addresses would not do: a
    school has one for all. The browser is told by the random cookie that Streamlit gives it against
    forged requests, in every answer under another mask; where there is none, the tab is alone.
    """
    if _SESSION not in st.session_state:
        own = uuid.uuid4().hex
        token, _ = decode_xsrf_token_string(st.context.cookies.get(XSRF_COOKIE_NAME, ""))
        browser = hashlib.sha256(token).hexdigest()[:16] if token else own
        st.session_state[_SESSION] = f"{browser}/{own}"
    return st.session_state[_SESSION]


def train(settings: Chosen, before: Training[Chosen] | None = None) -> Training[Chosen]:
    """Watch a training of the labs for this session, which has one at a time.

    Args:
        settings: as for ``Bench.join``.
        before: as there.

    Raises:
        ExplainerError: as there, or this session may not ask.
    """
    check_session()
    return bench().join(settings, before, session_id())


def _wake_engine() -> None:
    """Make the engine in a thread of its own: importing torch takes seconds, and a visitor may go.

    Once it is there, this takes no time.
    """

    def wake() -> None:
        with contextlib.suppress(ExplainerError):  # raised again where the work is submitted
            engine()

    thread = threading.Thread(target=wake, name="wake-engine", daemon=True)
    thread.start()
    thread.join(AT_ONCE_S)
    if not thread.is_alive():  # and nothing on the page moves
        return
    line = st.empty()
    while thread.is_alive():
        line.caption(tr("Waking the engine"))
        thread.join(TURN_S)
    line.empty()


def stop(request: Request) -> None:
    """Remember that the visitor stopped this request, so that the page does not ask again.

    Args:
        request: what was running.
    """
    st.session_state[_STOPPED] = to_json(request)


def go_on() -> None:
    """Forget the stop."""
    st.session_state.pop(_STOPPED, None)


def is_stopped(request: Request) -> bool:
    """Whether the visitor stopped this very request.

    Args:
        request: what the page would ask for.
    """
    return st.session_state.get(_STOPPED) == to_json(request)


def say_status(status: TicketStatus, doing: str) -> str:
    """Say in a few words how far the work is.

    Args:
        status: of a ticket.
        doing: what is counted, such as "Call".
    """
    if status.loading:
        return tr("Loading the model, which takes a few seconds after a start")
    if status.state == "queued":
        ahead = status.position - 1
        return (
            tr("Waiting in line, {ahead} ahead of you", ahead=ahead)
            if ahead > 0
            else tr("You are next")
        )
    if not status.steps:
        return tr("Starting")
    return tr("{doing} {step} of {steps}", doing=tr(doing), step=status.step, steps=status.steps)
