"""Which pages there are, and how every one of them is reached, also by a deep link.

A server that has just started knows the folder ``pages/`` and nothing of our navigation until some
session has drawn it. A deep link would then run the page's file alone, with the folder's own bare
menu. So each page draws the navigation itself, unless Home has just done so in the same run.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit import runtime
from streamlit.navigation.page import StreamlitPage

from core.classroom import classroom
from core.ui.class_rules import go_to, in_force, is_teacher, own_name
from core.ui.language import follow_language
from core.ui.sessions import see_to_sessions
from core.words import tr, tr_later

ROOT = Path(__file__).resolve().parents[2]
APP = "Glassbox Diffusion"
START = tr_later("Start")  # the front page, in the menu
SIDEBAR_WIDTH = 260  # CSS pixels
TEACHER = ROOT / "pages" / "teacher.py"  # of a class alone, and no page of the walk
CLOSED = ":material/lock:"
_ROUTED, _START, _AGAIN = "routed_this_run", "start_page", "routed_again"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the walk.

    Attributes:
        file: its name in ``pages/``.
        group: the heading it stands under.
        title: its name in the menu.
        icon: a Material symbol; those are part of Streamlit and need no network.
    """

    file: str
    group: str
    title: str
    icon: str

    @property
    def path(self) -> Path:
        """The page's file."""
        return ROOT / "pages" / self.file

    @property
    def url(self) -> str:
        """Its address below the app's: the file's name without number and ending."""
        return self.path.stem.split("_", 1)[1]


_WALKTHROUGH, _DEEPER, _TOOLS = tr_later("Walkthrough"), tr_later("Deeper"), tr_later("Tools")
WALK = (
    Entry("1_tokens.py", _WALKTHROUGH, tr_later("Tokens"), ":material/match_word:"),
    Entry("2_latents.py", _WALKTHROUGH, tr_later("Latents"), ":material/grid_view:"),
    Entry("3_timesteps.py", _WALKTHROUGH, tr_later("Timesteps"), ":material/schedule:"),
    Entry("4_schedulers.py", _WALKTHROUGH, tr_later("Schedulers"), ":material/show_chart:"),
    Entry("5_noising.py", _WALKTHROUGH, tr_later("Adding noise"), ":material/blur_on:"),
    Entry(
        "6_generation.py",
        _WALKTHROUGH,
        tr_later("Generation"),
        ":material/auto_awesome:",
    ),
    Entry(
        "7_attention.py",
        _DEEPER,
        tr_later("Attention"),
        ":material/center_focus_strong:",
    ),
    Entry("8_unet.py", _DEEPER, tr_later("Inside the U-Net"), ":material/account_tree:"),
    Entry("9_training.py", _DEEPER, tr_later("Training"), ":material/model_training:"),
    Entry("10_check.py", _TOOLS, tr_later("Check"), ":material/fact_check:"),
)


@cache
def existing() -> tuple[Entry, ...]:
    """Return the pages whose file is there, in the order of the walk."""
    return tuple(entry for entry in WALK if entry.path.is_file())


def route(home: Callable[[], None]) -> None:
    """Draw the navigation and run the page that the address asks for: the whole of Home.

    Args:
        home: draws the front page.
    """
    page = _navigation(home)
    st.session_state[_ROUTED] = True
    try:
        page.run()
    finally:  # also when a rerun ends this one half way
        st.session_state.pop(_ROUTED, None)


def ensure_navigation() -> None:
    """Draw the navigation where Home has not: a page opened by its file or by a deep link.

    A server's first run has other names for what stands on a page, so all of it would be put there
    anew by the next one; where a browser waits, that comes at once.
    """
    if st.session_state.get(_ROUTED):
        return
    _navigation(_go_home)
    if runtime.exists() and not st.session_state.get(_AGAIN):
        st.session_state[_AGAIN] = True
        st.rerun()


def _navigation(home: Callable[[], None]) -> StreamlitPage:
    see_to_sessions()
    follow_language()
    # First of all, because until then the icon of the page in the menu is the browser tab's icon
    # as well, and that one would be fetched from a font server.
    st.set_page_config(
        page_title=APP,
        page_icon=ROOT / "assets" / "favicon.png",
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
    )
    pages = _pages(home)
    room = classroom()
    if room is None:
        return st.navigation(pages)
    shown = own_name(room) is not None
    pages[""].append(
        st.Page(
            TEACHER, title=tr("Your class"), icon=":material/co_present:",
            visibility="visible" if is_teacher() else "hidden",
        )
    )  # fmt: skip
    page = st.navigation(pages, position="sidebar" if shown else "hidden")
    go_to(page.url_path)
    return page


def _pages(home: Callable[[], None]) -> dict[str, list[StreamlitPage]]:
    # One address names a page, "" is Home's: any function will do for the entry in the menu.
    start = st.Page(home, title=tr(START), icon=":material/home:", url_path="home", default=True)
    st.session_state[_START] = start  # a function, which no path leads to
    groups: dict[str, list[StreamlitPage]] = {"": [start]}
    state = in_force()
    for entry in existing():
        closed = state is not None and entry.url in state.closed
        groups.setdefault(tr(entry.group), []).append(copy(_page(entry, tr(entry.title), closed)))
    return groups


@cache
def _page(entry: Entry, title: str, closed: bool) -> StreamlitPage:
    """Look a page's file up once; every run takes a copy, which knows whether it may be called."""
    return st.Page(entry.path, title=title, icon=CLOSED if closed else entry.icon)


def title_of(url: str) -> str:
    """Return the name of a page in the menu; the front page's for an address that names none.

    Args:
        url: its address below the app's.
    """
    return tr(next((entry.title for entry in existing() if entry.url == url), START))


def page_of(url: str) -> Path | StreamlitPage:
    """Return a page, to go or to link to; the front page for an address that names none.

    Args:
        url: its address below the app's.
    """
    found = next((entry.path for entry in existing() if entry.url == url), None)
    return found or st.session_state[_START]


def _go_home() -> None:
    st.switch_page(ROOT / "Home.py")
