"""Having the engine read something off the model, and keeping what it said for this session."""

from typing import TypeVar

import streamlit as st

from core.engine.looks.look import Look
from core.ui.runs import Draw, asked, follow, say_status

KEPT = 32  # answers in this session, whatever they are about
_ANSWERS = "look_answers"

Answer = TypeVar("Answer")


def known(look: Look[Answer]) -> Answer | None:
    """Return the answer to a look, where it is there already.

    Args:
        look: what to read.
    """
    return st.session_state.get(_ANSWERS, {}).get(look)


def read(look: Look[Answer], doing: str = "Step", draw: Draw | None = None) -> Answer:
    """Have the engine answer, and keep what it says.

    Args:
        look: what to read.
        doing: what is counted meanwhile.
        draw: as for ``ask``.

    Raises:
        ExplainerError: the engine could not do it.
    """
    kept: dict[Look[Answer], Answer] = st.session_state.setdefault(_ANSWERS, {})
    if look not in kept:
        answer = ask(look, doing, draw)
        for old in list(kept)[: len(kept) + 1 - KEPT]:
            del kept[old]
        kept[look] = answer
    return kept[look]


def ask(look: Look[Answer], doing: str = "Step", draw: Draw | None = None) -> Answer:
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
