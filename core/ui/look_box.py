"""The choice of a page's closer looks, kept in the address, so that a link shows what was seen."""

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ui.address import say, was_changed
from core.ui.errors import show_note

IN_LINK = "look"
NONE: Mapping[str, str] = {}
_KEPT = "kept_of_looks"


def look_box(looks: Sequence[str], key: str, own: Mapping[str, str] = NONE) -> str:
    """Ask for one of the looks; the address says which, unless it is the first.

    Args:
        looks: their names, the one to begin with first.
        key: of the widget.
        own: parameters of the address that belong to one look each; those of the others go.
    """
    asked = st.query_params.get(IN_LINK)
    first = look_on_show(looks, key)
    if was_changed(IN_LINK):
        _begin_anew(key)
    box, begins, unknown = _box(key), f"{key}_begins", f"{key}_unknown"
    if st.session_state.get(box) is None:  # a server's first session draws this under two names
        st.session_state[begins] = first
        st.session_state[unknown] = asked if asked not in looks else None
    # As a default, not as a value: that is told once, and a browser that is still busy misses it.
    first = st.session_state[begins]
    chosen = st.segmented_control("Look closer", looks, default=first, required=True, key=box)
    chosen = chosen or first
    if chosen != first:
        st.session_state[unknown] = None
    elif missing := st.session_state.get(unknown):
        show_note(f"This page has no look called “{missing:.60}”.", f"“{first}” is shown.")
    left = {name: None for look, name in own.items() if look != chosen}
    say({IN_LINK: None if chosen == looks[0] else chosen, **left})
    return chosen


def look_on_show(looks: Sequence[str], key: str) -> str:
    """Return the look that the box shows, or will show once it is drawn.

    Args:
        looks: as for ``look_box``.
        key: as for ``look_box``.
    """
    asked = st.query_params.get(IN_LINK)
    chosen = None if was_changed(IN_LINK) else st.session_state.get(_box(key))
    return chosen or (asked if asked is not None and asked in looks else looks[0])


def turn_to(look: str, looks: Sequence[str], key: str) -> None:
    """Show another look from the next run on.

    Args:
        look: one of the looks.
        looks: as for ``look_box``.
        key: as for ``look_box``.
    """
    if look_on_show(looks, key) != look:
        say({IN_LINK: None if look == looks[0] else look})
        _begin_anew(key)


def keep(key: str, start: object) -> None:
    """Have a widget of a look begin where it was last, also after another look was on show.

    Args:
        key: of the widget, which is drawn next and given no value.
        start: where it begins at first.
    """
    kept: dict[str, object] = st.session_state.setdefault(_KEPT, {})
    if key in st.session_state:
        kept[key] = st.session_state[key]
    else:
        st.session_state[key] = kept.get(key, start)


def look_place(looks: Iterable[str], look: str) -> DeltaGenerator:
    """Return the place of the look on show.

    Each has a place of its own, so that none shows through while another is computed.

    Args:
        looks: all of them.
        look: the one on show.
    """
    places = {name: st.container() if name == look else st.empty() for name in looks}
    return places[look]


def _box(key: str) -> str:
    turn = st.session_state.get(f"{key}_turns", 0)
    return f"{key}_{turn}" if turn else key


def _begin_anew(key: str) -> None:
    """Have the next box be a new one, which begins with what the address asks for."""
    st.session_state[f"{key}_turns"] = st.session_state.get(f"{key}_turns", 0) + 1
