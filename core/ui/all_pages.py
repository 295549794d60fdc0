"""What belongs to all pages at once: it is kept in the session, and stands in every address.

The reading level, whether somebody walks or presents, which pages are done, what was answered, and
whether a lesson's link holds the running example as it is.
"""

import re

import streamlit as st

from core.ui.address import said, say
from core.ui.language import LANGUAGE
from core.views.lesson import LEVELS, PAGES, Level
from core.words import LANGUAGES

LEVEL, WALKING, WALKED, PRESENTING, HELD = "level", "walk", "walked", "present", "lock"
ANSWERED = "answered"
IN_LINK = (LEVEL, WALKING, WALKED, ANSWERED, PRESENTING, HELD, LANGUAGE)
HOME = "home"
USUAL: Level = "how"
_ON = {WALKING: "on", PRESENTING: "on", HELD: "1"}
# A run, and what was answered about it; see core.ui.walk.
_ANSWERED = re.compile(r"[0-9a-f]{8}(\.[a-z]{1,16}-[a-z]{1,16}-[0-9]){1,99}")
_KEPT = "kept_for_all_pages"


def follow_all_pages(stayed: bool) -> None:
    """Take from the address what belongs to all pages, and have the address say it.

    Args:
        stayed: whether this page was on show before; then what is missing was taken back.
    """
    given = {name: text for name in IN_LINK if (text := said(name)) is not None}
    now = given if stayed else {**kept(), **given}
    done = [page for page in now.pop(WALKED, "").split(".") if page in (HOME, *PAGES)]
    if now.get(LANGUAGE) not in LANGUAGES:
        now.pop(LANGUAGE, None)
    if now.get(LEVEL) not in LEVELS or now[LEVEL] == USUAL:
        now.pop(LEVEL, None)
    if not _ANSWERED.fullmatch(now.get(ANSWERED, "")):
        now.pop(ANSWERED, None)
    for name, text in _ON.items():
        if now.get(name) != text:
            now.pop(name, None)
    st.session_state[_KEPT] = now | ({WALKED: ".".join(dict.fromkeys(done))} if done else {})
    _write()


def kept() -> dict[str, str]:
    """Return what every address says, by query parameter."""
    return dict(st.session_state.get(_KEPT, {}))


def keep(name: str, text: str | None) -> None:
    """Have every address say something.

    Args:
        name: one of ``IN_LINK``.
        text: None takes it away.
    """
    others = {one: said for one, said in kept().items() if one != name}
    st.session_state[_KEPT] = others | ({name: text} if text else {})
    _write()


def turn_on(name: str) -> None:
    """Turn on what is on or off.

    Args:
        name: ``WALKING``, ``PRESENTING`` or ``HELD``.
    """
    keep(name, _ON[name])


def for_projector() -> bool:
    """Return whether the pages are shown for a projector."""
    return PRESENTING in kept()


def held() -> bool:
    """Return whether a lesson's link holds the running example as it is."""
    return HELD in kept()


def _write() -> None:
    say({name: kept().get(name) for name in IN_LINK})
