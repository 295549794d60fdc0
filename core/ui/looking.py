"""Having the engine read something off the model, and keeping what it said for this session."""

from typing import TypeVar

import streamlit as st

from core.engine.looks.look import Look
from core.ui.memory import held_bytes
from core.ui.runs import Draw, asked, follow, say_status

KEPT = 32  # answers in this session, whatever they are about
KEPT_BYTES = 64_000_000  # of them with their questions; the newest is kept however large it is
_ANSWERS = "look_answers"

Answer = TypeVar("Answer")


def known(look: Look[Answer]) -> Answer | None:
    """Return the answer to a look, where it is there already.

    Args:
        look: what to read.
    """
    kept: dict[Look[Answer], Answer] = st.session_state.get(_ANSWERS, {})
    answer = kept.pop(look, None)
    if answer is not None:
        kept[look] = answer  # the last place: what is looked at goes last
    return answer


def read(look: Look[Answer], doing: str = "Piece", draw: Draw | None = None) -> Answer:
    """Have the engine answer, and keep what it says.

    Args:
        look: what to read.
        doing: what is counted meanwhile.
        draw: as for ``ask``.

    Raises:
        ExplainerError: the engine could not do it.
    """
    answer = known(look)
    if answer is None:
        answer = ask(look, doing, draw)
        kept: dict[Look[Answer], Answer] = st.session_state.setdefault(_ANSWERS, {})
        kept[look] = answer
        _make_room(kept)
    return answer


def ask(look: Look[Answer], doing: str = "Piece", draw: Draw | None = None) -> Answer:
    """Have the engine answer, without keeping what it says.

    Args:
        look: what to read.
        doing: what is counted meanwhile.
        draw: shows how far it is; None says so in a line here, which is gone in the end.

    Raises:
        ExplainerError: the engine could not do it.
    """
    line = st.empty()
    with asked(look) as ticket:
        follow(ticket, draw or (lambda ticket: line.caption(say_status(ticket.status(), doing))))
        answer = ticket.result()
    line.empty()
    return answer


def _make_room(kept: dict[Look[Answer], Answer]) -> None:
    """Drop what was not looked at for the longest time."""
    left = KEPT_BYTES
    for count, pair in enumerate(reversed(list(kept.items()))):  # the newest first
        left -= held_bytes(pair)
        if count and (left < 0 or count >= KEPT):
            kept.pop(pair[0], None)
