"""A page's closer looks: one table, and one choice of them, kept in the address.

A look is imported when it is chosen, for charts take time to load; nothing of the others is.
"""

import importlib
from dataclasses import dataclass
from types import ModuleType

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ui.address import say, was_changed
from core.ui.errors import show_note
from core.ui.page import show_equation

IN_LINK = "look"
_KEPT = "kept_of_looks"


@dataclass(frozen=True, slots=True)
class Closer:
    """A closer look.

    Attributes:
        title: on its button, and in the address.
        module: its dotted name. ``show`` gets what is on show on the page. ``FORMULAS`` are the
            functions whose formulas stand behind it, ``show_more`` shows what else does; either
            may be missing.
        in_link: the parameter of the address that it alone keeps, "" for none.
    """

    title: str
    module: str
    in_link: str = ""

    def load(self) -> ModuleType:
        """Return its module, imported now at the latest."""
        return importlib.import_module(self.module)


@dataclass(frozen=True, slots=True)
class Closers:
    """The closer looks of a page.

    Attributes:
        key: of the widget that asks for one.
        looks: the one to begin with first.
    """

    key: str
    looks: tuple[Closer, ...]

    def named(self, title: str | None) -> Closer | None:
        """Return the look of a title; None where there is none.

        Args:
            title: anything that an address may say.
        """
        return next((look for look in self.looks if look.title == title), None)


def choose_look(closers: Closers) -> Closer:
    """Ask for one of the looks; the address says which, unless it is the first.

    Args:
        closers: of the page.
    """
    asked, key, titles = st.query_params.get(IN_LINK), closers.key, _titles(closers)
    first = look_on_show(closers).title
    if was_changed(IN_LINK):
        _begin_anew(key)
    box, begins, unknown = _box(key), f"{key}_begins", f"{key}_unknown"
    if st.session_state.get(box) is None:  # a server's first session draws this under two names
        st.session_state[begins] = first
        st.session_state[unknown] = asked if asked not in titles else None
    # As a default, not as a value: that is told once, and a browser that is still busy misses it.
    first = st.session_state[begins]
    chosen = st.segmented_control(
        "Look closer", titles, default=first, required=True, key=box, on_change=_say_look,
        args=(closers,),
    )  # fmt: skip
    chosen = chosen or first
    if chosen != first:
        st.session_state[unknown] = None
    elif missing := st.session_state.get(unknown):
        show_note(f"This page has no look called “{missing:.60}”.", f"“{first}” is shown.")
    left = {look.in_link: None for look in closers.looks if look.in_link and look.title != chosen}
    say(_written(chosen, closers) | left)
    return closers.named(chosen) or closers.looks[0]


def _say_look(closers: Closers) -> None:
    """Have the address say at once what was pressed: the one that came with it may be older."""
    say(_written(st.session_state[_box(closers.key)], closers))


def _written(title: str, closers: Closers) -> dict[str, str | None]:
    """Return a look as the address has it: the first is left out."""
    return {IN_LINK: None if title == closers.looks[0].title else title}


def look_on_show(closers: Closers) -> Closer:
    """Return the look that the box shows, or will show once it is drawn.

    Args:
        closers: of the page.
    """
    chosen = None if was_changed(IN_LINK) else st.session_state.get(_box(closers.key))
    asked = st.query_params.get(IN_LINK)
    return closers.named(chosen) or closers.named(asked) or closers.looks[0]


def turn_to(look: Closer, closers: Closers) -> None:
    """Show another look from the next run on.

    Args:
        look: one of the looks.
        closers: of the page.
    """
    if look_on_show(closers) != look:
        say(_written(look.title, closers))
        _begin_anew(closers.key)


def look_place(look: Closer, closers: Closers) -> DeltaGenerator:
    """Return the place of the look on show.

    Each has a place of its own, so that none shows through while another is computed.

    Args:
        look: the one on show.
        closers: of the page.
    """
    places = [st.container() if one == look else st.empty() for one in closers.looks]
    return places[closers.looks.index(look)]


def show_look(look: Closer, closers: Closers, *on_show: object, meanwhile: str = "") -> None:
    """Show one look.

    Args:
        look: from ``choose_look``.
        closers: of the page.
        on_show: what its ``show`` gets; as long as something is None, the look waits for it.
        meanwhile: said while it waits.

    Raises:
        ExplainerError: something that it needs is missing, or could not be done.
    """
    with look_place(look, closers):
        if all(one is not None for one in on_show):
            look.load().show(*on_show)
        elif meanwhile:
            st.caption(meanwhile)


def show_formulas(look: Closer, sources: str = "") -> None:
    """Show the formulas of a look, each with the code that computes it.

    Args:
        look: from ``choose_look``.
        sources: of the page's formulas, in Markdown.
    """
    module = look.load()
    for function in getattr(module, "FORMULAS", ()):
        show_equation(function)
    if hasattr(module, "show_more"):
        module.show_more()
    if sources:
        st.caption(sources)


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


def _titles(closers: Closers) -> list[str]:
    return [look.title for look in closers.looks]


def _box(key: str) -> str:
    turn = st.session_state.get(f"{key}_turns", 0)
    return f"{key}_{turn}" if turn else key


def _begin_anew(key: str) -> None:
    """Have the next box be a new one, which begins with what the address asks for."""
    st.session_state[f"{key}_turns"] = st.session_state.get(f"{key}_turns", 0) + 1
