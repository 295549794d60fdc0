"""Having the engine do a work from a page; what it found is kept by the engine, for everybody."""

from typing import TypeVar

import streamlit as st

from core.engine.work import Work
from core.ui.runs import Draw, done, find, say_status

Answer = TypeVar("Answer")


def known(look: Work[Answer]) -> Answer | None:
    """Return the answer to a look, where it is there already.

    Args:
        look: what to read.
    """
    return find(look)


def read(look: Work[Answer], doing: str = "Piece", draw: Draw | None = None) -> Answer:
    """Return the answer to a look; where it is not there, the engine reads it.

    Args:
        look: what to read.
        doing: what is counted meanwhile.
        draw: shows how far it is; None says so in a line here, which is gone in the end.

    Raises:
        ExplainerError: the engine says why it has no answer.
    """
    found = find(look)
    if found is not None:
        return found
    line = st.empty()
    answer = done(look, draw or (lambda ticket: line.caption(say_status(ticket.status(), doing))))
    line.empty()
    return answer
