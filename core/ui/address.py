"""What was chosen stands in the address, so that a link shows what was seen, and Back undoes it.

A choice is kept nowhere else. A ``Field`` says how one is written and read; a widget is ``bound``
to it, a component's event ``choose``s, and the page asks for its ``value``. What is scrubbed in
the browser has names of its own there: ``keep_places`` takes them without another run of the page.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import streamlit as st
from streamlit.components import v2

from core.ideas.checks import check_text, read_json, say_number
from core.ui.part import part
from core.words import language

T = TypeVar("T")
LONGEST_IN_LINK = 6_000  # characters of one text, percent-encoded: servers refuse longer addresses
_SAID, _PAGE, _PAGES, _KEEPER = "said", "page_on_show", "said_on_pages", "places"
_FOLLOWED = "links_followed"  # on the page where one was already
_KEY, _TURNS, _ASKED = "ask_", "asked_anew", "asked_on_page"  # of the widgets
_NAME, _PLACE = re.compile("[a-z_]{1,20}"), re.compile(r"[\w .,;:+-]{1,200}", re.ASCII)
_SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One choice, as the address has it.

    Attributes:
        name: of the query parameter; ``ask_`` and it are the widget's key.
        start: what is on show before anything is chosen; the address leaves it out.
        read: what a text says, None where it says nothing that can be chosen.
        write: the text of a value.
        shown: what a widget is told of a value, beside the key.
    """

    name: str
    start: T
    read: Callable[[str], T | None]
    write: Callable[[T], str] = str
    shown: Callable[[T], dict[str, Any]] = lambda value: {"value": value}  # Any: of every widget


def whole(name: str, start: int, low: int, high: int) -> Field[int]:
    """Return a whole number's field; a slider or a box of numbers shows it."""

    def read(text: str) -> int | None:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
        return number if number is not None and low <= number <= high else None

    return Field(name, start, read, str, _between(low, high))


def real(name: str, start: float, low: float, high: float) -> Field[float]:
    """Return a number's field; a slider shows it."""

    def read(text: str) -> float | None:
        try:
            number = float(text) if text.isascii() and len(text) < 40 else math.nan
        except ValueError:
            return None
        return number if low <= number <= high else None

    return Field(name, start, read, say_number, _between(low, high))


def switch(name: str, start: bool = False) -> Field[bool]:
    """Return the field of what is on or off."""
    return Field(name, start, _SWITCHES.get, lambda value: "on" if value else "off")


def text(name: str, start: str, longest: int) -> Field[str]:
    """Return a text's field."""
    return Field(
        name, start, lambda text: check_text(text[:longest], name),
        lambda typed: check_text(typed, name),
        lambda typed: {"value": typed, "max_chars": longest},
    )  # fmt: skip


def one_of(
    name: str,
    choices: Iterable[T],
    start: T | None = None,
    write: Callable[[T], str] = str,
    begins: str = "index",
) -> Field[T]:
    """Return the field of one of several.

    Args:
        name: of the query parameter.
        choices: at least one.
        start: of them; the first where it is None.
        write: the text of a choice, no two alike.
        begins: how a widget is told where to begin: "index", "default" or "value".
    """
    offered = list(choices)
    known = {write(choice): choice for choice in offered}
    return Field(
        name, offered[0] if start is None else start, known.get, write,
        lambda value: {
            "options": offered, begins: offered.index(value) if begins == "index" else value,
        },
    )  # fmt: skip


def numbered(name: str, count: int, start: int) -> Field[int]:
    """Return the field of one of several by its number: from 0, in the address from 1."""
    return one_of(name, range(count), start, lambda at: str(at + 1))


def some_of(
    name: str, choices: Iterable[T], start: Sequence[T], write: Callable[[T], str] = str
) -> Field[list[T]]:
    """Return the field of any number out of several, in the order in which they were chosen.

    Args:
        name: of the query parameter.
        choices: all.
        start: those to begin with.
        write: the text of a choice, no two alike.
    """
    offered = list(choices)
    known = {write(choice): choice for choice in offered}

    def read(text: str) -> list[T] | None:
        try:
            texts = read_json(text)
        except ValueError:
            return None
        fits = isinstance(texts, list) and all(isinstance(one, str) for one in texts)
        if not fits or len(set(texts)) < len(texts) or not known.keys() >= set(texts):
            return None
        return [known[one] for one in texts]

    return Field(
        name, list(start), read, lambda value: json.dumps([write(one) for one in value]),
        lambda value: {"options": offered, "default": value},
    )  # fmt: skip


def value(field: Field[T]) -> T:
    """Return what is chosen; its start where the address says nothing that can be."""
    text = said(field.name)
    found = None if text is None else field.read(text)
    return field.start if found is None else found


def choose(field: Field[T], chosen: T) -> None:
    """Take a choice, and have the address say it."""
    say({field.name: None if chosen == field.start else field.write(chosen)})


def bound(field: Field[T], then: Callable[[], object] | None = None) -> dict[str, Any]:
    """Tie the widget that is drawn next to a field, both ways.

    What the address says and nobody can choose is taken out of it.

    Args:
        field: of the choice.
        then: done once it was chosen.

    Returns:
        What the widget takes: its key, what it begins with, and who is told.
    """

    def take(chosen: T) -> None:
        choose(field, chosen)
        if then is not None:
            then()

    text, now = said(field.name), value(field)
    if text is not None and field.read(text) is None:
        say({field.name: None})
    return {**field.shown(now), **tied(field.name, now, take)}


def ask(
    widget: Callable[..., object],
    label: str,
    field: Field[T],
    then: Callable[[], object] | None = None,
    **more: Any,  # Any: of every widget
) -> T:
    """Draw a widget that asks for a choice.

    Args:
        widget: Streamlit's, such as ``st.slider``.
        label: of it.
        field: of the choice.
        then: done once it was chosen.
        more: what else the widget takes.
    """
    widget(label, **bound(field, then), **more)
    return value(field)


def tied(name: str, now: object, take: Callable[[Any], object]) -> dict[str, Any]:
    """Tie the widget that is drawn next to a value that is kept elsewhere, both ways.

    A value from elsewhere, such as a link, makes a new widget that begins with it. A value written
    to the old one would be told to the browser once, and one that is still busy would miss it: the
    messages of the next run take the place of those it has not drawn yet. For the same reason a
    widget is told where to begin as a default.

    Args:
        name: of the choice.
        now: the value.
        take: gets what was chosen, at once: whoever types on sends a browser's address that is
            older than what was just typed, and that would be followed like a link.
    """
    turns: dict[str, int] = st.session_state.setdefault(_TURNS, {})
    if st.session_state.get(_key(name), now) != now:
        turns[name] = turns.get(name, 0) + 1
    key = _key(name)
    return {"key": key, "on_change": lambda: take(st.session_state[key])}


def _key(name: str) -> str:
    turn = st.session_state.get(_TURNS, {}).get(name, 0)
    return f"{_KEY}{name}_{turn}" if turn else f"{_KEY}{name}"


def _between(low: float, high: float) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"min_value": low, "max_value": high, "value": value}


def said(name: str) -> str | None:
    """Return what the address says under a name; of repeated ones the last."""
    return _said().get(name)


def say(texts: Mapping[str, str | None]) -> None:
    """Have the address say something, in one entry of the browser's history.

    All that was said before is said with it: the address that came with this run may be older.

    Args:
        texts: by query parameter; None takes it away.
    """
    now = {name: text for name, text in {**_said(), **texts}.items() if text is not None}
    st.session_state[_SAID] = now
    if fitting(now) != st.query_params.to_dict():
        st.query_params.from_dict(fitting(now))


def fitting(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that an address has room for.

    Args:
        texts: by query parameter.
    """
    return {name: text for name, text in texts.items() if len(quote(text)) <= LONGEST_IN_LINK}


def begin_page(page: str, shared: Collection[str]) -> bool:
    """Take what the address says, where it says something else than it was last made to say.

    Then somebody followed a link or went back. An address that says nothing of a page's own
    choices is how Streamlit's links look: what was chosen there before is on show again.

    Args:
        page: a name of its own.
        shared: what all pages say.

    Returns:
        Whether this page was on show before.
    """
    now, stayed = st.query_params.to_dict(), st.session_state.get(_PAGE) == page
    if not stayed:
        pages: dict[str, dict[str, str]] = st.session_state.setdefault(_PAGES, {})
        pages[st.session_state.get(_PAGE, "")] = _without(shared, _said())
        st.session_state[_SAID] = now if _without(shared, now) else {**pages.get(page, {}), **now}
        for key in [key for key in st.session_state if str(key).startswith(_KEY)]:
            del st.session_state[key]  # widgets of another page are gone, their keys not
        st.session_state[_PAGE], st.session_state[_ASKED] = page, set()
    elif now != fitting(_said()):
        st.session_state[_SAID] = now
        st.session_state[_FOLLOWED] = st.session_state.get(_FOLLOWED, 0) + 1
        st.query_params.from_dict(now)  # Streamlit's link to the page it stands on leaves it out
    return stayed


def is_first_page() -> bool:
    """Return whether this session has begun no page yet."""
    return _PAGE not in st.session_state


def newly(name: str) -> bool:
    """Return whether this is asked for the first time since somebody came to the page.

    Args:
        name: of a choice.
    """
    asked: set[str] = st.session_state[_ASKED]
    new = name not in asked
    asked.add(name)
    return new


def keep_places() -> None:
    """Have the address say what was scrubbed or pointed at in the browser, once it rests.

    The page's components tell a small one of their own, and only that one is run again for it. It
    tells them of a link that was followed to the page they are on.
    """
    with st.container(key="places_room"):  # takes none, see page.css
        part(_keep_places)()


def _keep_places() -> None:
    followed = st.session_state.get(_FOLLOWED)  # nothing is sent before there was one
    _keeper(language())(key=_KEEPER, data=followed, on_places_change=_take_places)


def _take_places() -> None:
    told = st.session_state.get(_KEEPER)
    places = told.get("places") if isinstance(told, Mapping) else None
    if isinstance(places, Mapping):
        say({
            name: text if isinstance(text, str) else None
            for name, text in places.items()
            if isinstance(name, str) and _NAME.fullmatch(name)
            and (text is None or (isinstance(text, str) and _PLACE.fullmatch(text)))
        })  # fmt: skip


@cache
def _keeper(spoken: str) -> Any:  # Any: Streamlit's renderer type is private
    script = Path(__file__).parent / "browser" / "keeper.js"
    name, html = f"glassbox_places_{spoken}", f'<i lang="{spoken}"></i>'
    return v2.component(name, html=html, js=script.read_text("utf-8"))


def _said() -> dict[str, str]:
    return st.session_state.setdefault(_SAID, {})


def _without(shared: Collection[str], texts: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name not in shared}
