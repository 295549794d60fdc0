"""Our own browser components: plain files beside a page's screens, no build step, no network."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from streamlit.components import v2

from core.views.theme import PALETTE
from core.words import ENGLISH, in_html, language, of_files

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "core" / "lessons"
SHARED = Path(__file__).parent / "browser"
# Stand before every component's script.
BEFORE = (
    "words.js", "linked.js", "present.js", "parts.js", "view.js", "player.js", "canvas.js",
    "chart.js",
)  # fmt: skip
_TURNS = "component_turns"


def mount(
    name: str, data: Mapping[str, object], **callbacks: Callable[[], None]
) -> Any:  # Any: JSON
    """Put a component on the page, or give the one that is there new data.

    Args:
        name: its wing and its own, such as "generation/film"; ``film.html``, ``film.css`` and
            ``film.js`` lie in that wing. Those of several pages have no wing, and lie beside the
            scripts that all share. One a page.
        data: a dict of a type that the script names too; reaches the browser as JSON, never as
            HTML.
        callbacks: ``on_event_change`` for every event that the component tells.

    Returns:
        The events as attributes, None where nothing happened.
    """
    # In a list: Streamlit would look through a dict for tables, and import pandas for it.
    spoken = language()
    words = [] if spoken == ENGLISH else [of_files(spoken, _files(name))]
    shown = _component(name, spoken)
    return shown(key=name, data=[data, _turn(name, data), *words], **callbacks)


def told(state: object, event: str) -> Any:  # Any: whatever a browser sent
    """Return what a component told with an event; None where it told nothing.

    Args:
        state: from ``mount``, or of the session under the component's name. A browser may send
            anything as either.
        event: its name.
    """
    return state.get(event) if isinstance(state, Mapping) else None


def told_one(state: object, event: str, choices: Iterable[T]) -> T | None:
    """Return which of the choices a component told with an event; None where it is none of them.

    Args:
        state: as for ``told``.
        event: its name.
        choices: texts or numbers.
    """
    value = told(state, event)
    return next((one for one in choices if type(one) is type(value) and one == value), None)


def _turn(name: str, data: Mapping[str, object]) -> int:
    """Count how often a component's data changed, for a browser that gets the changes mixed up.

    Equal data keeps its number, so that a rerun which changes nothing sends nothing.
    """
    turns: dict[str, tuple[int, int]] = st.session_state.setdefault(_TURNS, {})
    turn, before = turns.get(name, (0, None))
    now = _version(data)
    if now != before:
        turns[name] = turn + 1, now
    return turns[name][0]


def _version(data: object) -> int:
    """Return what tells data from other data: the same for equal data alone.

    A text keeps its hash, so that the sheets of a film, nearly all of its megabytes, are read once
    and not at every rerun; nothing is written out.

    Args:
        data: what JSON holds.
    """
    if isinstance(data, Mapping):
        return hash(tuple((name, _version(part)) for name, part in data.items()))
    if isinstance(data, (list, tuple)):
        return hash(tuple(map(_version, data)))
    return hash((type(data), data))  # 1, 1.0 and true are three things to a browser


@cache
def _component(name: str, spoken: str) -> Any:  # Any: Streamlit's renderer type is private
    colours = "".join(f"--{kind}: {colour};" for kind, colour in PALETTE.items())
    styles = (file.read_text("utf-8") for file in (SHARED / "base.css", _file(name, ".css")))
    return v2.component(
        f"glassbox_{name.replace('/', '_')}{'' if spoken == ENGLISH else f'_{spoken}'}",
        html=in_html(_file(name, ".html").read_text("utf-8")),
        css="".join((f":host {{ {colours} }}\n", *styles)),
        js=script_of(name),
    )


def script_of(name: str) -> str:
    """Return a component's whole script: loaded alone, it cannot import another file.

    Args:
        name: as for ``mount``.
    """
    files = (*(SHARED / file for file in BEFORE), _file(name, ".js"))
    return "".join(file.read_text("utf-8") for file in files)


@cache
def _files(name: str) -> frozenset[str]:
    """Return the scripts of a component below the project's folder."""
    files = (*(SHARED / file for file in BEFORE), _file(name, ".js"))
    return frozenset(file.relative_to(ROOT).as_posix() for file in files)


def _file(name: str, end: str) -> Path:
    return (LESSONS if "/" in name else SHARED) / f"{name}{end}"
