"""A page's closer looks: one table, and one choice of them, kept in the address.

A look is imported when it is chosen, for charts take time to load; nothing of the others is.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ui.address import Field, ask, choose, one_of, said, switch, value
from core.ui.errors import show_note
from core.ui.page import show_equation
from core.ui.walk import ask_about, level
from core.views.numbers import count
from core.words import tr, tr_later

IN_LINK = "look"
_UNKNOWN = "look_unknown"


@dataclass(frozen=True, slots=True)
class Closer:
    """A closer look.

    Attributes:
        title: on its button, where it is said in the reader's language, and in the address.
        module: its dotted name. ``show`` gets what is on show on the page. ``FORMULAS`` are the
            functions whose formulas stand behind it, ``show_more`` shows what else does; either
            may be missing.
    """

    title: str
    module: str

    def load(self) -> ModuleType:
        """Return its module, imported now at the latest."""
        return importlib.import_module(self.module)

    def show(self, *on_show: object) -> None:
        """Show it, below the question about it where there is one.

        Args:
            on_show: what is on show on the page.
        """
        question = st.container()  # filled afterwards: its answers may have the engine do more
        self.load().show(*on_show)
        with question:
            ask_about(self.module.split(".")[2], self.title)


@dataclass(frozen=True, slots=True)
class Closers:
    """The closer looks of a page.

    Attributes:
        looks: the one to begin with first.
        formulas: those of the page itself, whichever look is shown: dotted names of functions,
            imported when they are shown.
        sources: of all its formulas, in Markdown.
    """

    looks: tuple[Closer, ...]
    formulas: tuple[str, ...] = ()
    sources: str = ""

    def load_formulas(self) -> Iterator[Callable[..., Any]]:  # Any: functions with @equation
        """Yield the functions behind the page's own formulas."""
        for name in self.formulas:
            module, _, function = name.rpartition(".")
            yield getattr(importlib.import_module(module), function)


def choose_look(closers: Closers) -> Closer | None:
    """Ask for one of the looks; the address says which, unless it is the first.

    At the first reading level they are folded away behind one line, unless a link names one.

    Args:
        closers: of the page.

    Returns:
        None where they are folded away.
    """
    field, asked = _field(closers), said(IN_LINK)
    if asked is not None:
        st.session_state[_UNKNOWN] = None
        if field.read(asked) is None:
            st.session_state[_UNKNOWN] = closers, asked
            choose(field, field.start)
            _unfold()
    if level() == "first":
        waiting = count(len(closers.looks), "closer look")
        ask(st.toggle, tr("Show {waiting} of the next level", waiting=waiting), _unfolded())
    if look_on_show(closers) is None:
        return None
    ask(
        st.segmented_control, tr("Look closer"), field, _unfold, format_func=tr, required=True,
        wrap=True,
    )  # fmt: skip
    of, missing = st.session_state.get(_UNKNOWN) or (None, "")
    if of == closers:
        show_note(
            tr("This page has no look called “{missing:.60}”.", missing=missing),
            tr("“{look}” is shown.", look=tr(field.start)),
        )
    return look_on_show(closers)


def look_on_show(closers: Closers) -> Closer | None:
    """Return the look that the box shows, or will show once it is drawn.

    Args:
        closers: of the page.

    Returns:
        None where the looks are folded away.
    """
    if level() == "first" and not value(_unfolded()):
        return None
    return next(look for look in closers.looks if look.title == value(_field(closers)))


def turn_to(look: Closer, closers: Closers) -> None:
    """Show another look from the next run on.

    Args:
        look: one of the looks.
        closers: of the page.
    """
    choose(_field(closers), look.title)
    _unfold()


def look_place(look: Closer, closers: Closers) -> DeltaGenerator:
    """Return the place of the look on show.

    Each has a place of its own, so that none shows through while another is computed.

    Args:
        look: the one on show.
        closers: of the page.
    """
    places = [st.container() if one == look else st.empty() for one in closers.looks]
    return places[closers.looks.index(look)]


def show_look(look: Closer | None, closers: Closers, *on_show: object, meanwhile: str = "") -> None:
    """Show one look.

    Args:
        look: from ``choose_look``; None shows nothing.
        closers: of the page.
        on_show: what its ``show`` gets; as long as something is None, the look waits for it.
        meanwhile: said while it waits.

    Raises:
        ExplainerError: something that it needs is missing, or could not be done.
    """
    if look is None:
        return
    with look_place(look, closers):
        if all(one is not None for one in on_show):
            look.show(*on_show)
        elif meanwhile:
            st.caption(tr(meanwhile))


def show_formulas(closers: Closers, *looks: Closer | None) -> None:
    """Show the formulas of a page and of some of its looks, each with the code that computes it.

    Args:
        closers: of the page.
        looks: of them; None has none.
    """
    for function in closers.load_formulas():
        show_equation(function)
    for module in (look.load() for look in looks if look is not None):
        for function in getattr(module, "FORMULAS", ()):
            show_equation(function)
        if hasattr(module, "show_more"):
            module.show_more()
    if closers.sources:
        st.caption(tr(closers.sources))


def ask_for_formulas(label: str = tr_later("The formulas and their code")) -> bool:
    """Ask whether the formulas are shown.

    Args:
        label: of the toggle.
    """
    return ask(st.toggle, tr(label), switch("formulas", level() == "maths"))


def _unfolded() -> Field[bool]:
    return switch("looks", level() != "first" or said(IN_LINK) is not None)


def _unfold() -> None:
    """Have the looks stay open, also where the first one is chosen, which no address names."""
    if level() == "first":
        choose(_unfolded(), True)


def _field(closers: Closers) -> Field[str]:
    return one_of(IN_LINK, [look.title for look in closers.looks], begins="default")
