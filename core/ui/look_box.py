"""The choice of a page's closer looks, kept in the address, so that a link shows what was seen."""

from collections.abc import Iterable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ui.address import say, was_changed

IN_LINK = "look"


def look_box(looks: Sequence[str], key: str) -> str:
    """Ask for one of the looks; the address says which, unless it is the first.

    Args:
        looks: their names, the one to begin with first.
        key: of the widget.
    """
    asked = st.query_params.get(IN_LINK)
    begins, turns = f"{key}_begins", f"{key}_turns"
    turn = st.session_state.get(turns, 0)
    if was_changed(IN_LINK):
        turn = st.session_state[turns] = turn + 1  # a new box, which begins with what is asked
    box = f"{key}_{turn}" if turn else key
    if st.session_state.get(box) is None:  # a server's first session draws this under two names
        st.session_state[begins] = asked if asked in looks else looks[0]
    # As a default, not as a value: that is told once, and a browser that is still busy misses it.
    first = st.session_state[begins]
    chosen = st.segmented_control("Look closer", looks, default=first, required=True, key=box)
    chosen = chosen or first
    say({IN_LINK: None if chosen == looks[0] else chosen})
    return chosen


def look_place(looks: Iterable[str], look: str | None) -> DeltaGenerator:
    """Return the place of the look on show.

    Each has a place of its own, so that none shows through while another is computed.

    Args:
        looks: all of them.
        look: the one on show; None where none is, and all stay empty.
    """
    places = {name: st.container() if name == look else st.empty() for name in looks}
    return places[look] if look is not None else next(iter(places.values()))
