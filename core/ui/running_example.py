"""The one running example: set once, kept in the link, shared by every page.

The truth is one frozen ``Request`` in the session. A link's query parameters set it, widgets
change it, and every run writes it back to the address bar, so that the address can be shared.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

import streamlit as st

from core.engine.request import Request, usable
from core.ideas.checks import read_json, say_number
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import fitting, said, say, tied
from core.ui.all_pages import HELD, held, keep
from core.ui.class_rules import code_for_address, kept_to
from core.ui.errors import show_note
from core.views.numbers import count
from core.words import tr, tr_later

START = Request(prompt="a red apple")
IN_LINK = tuple(field.name for field in fields(Request))
NUMBERS = {
    "seed": int,
    "steps": int,
    "guidance": float,
    "height": int,
    "width": int,
    "clip_skip": int,
    "share": float,
    "words": float,
    "other_seed": int,
    "turn": float,
}
IS_HELD = tr_later("The link of this lesson holds words and settings as they are.")
RARE = {  # what the summary says only where it was set
    "model": tr_later("model"), "height": tr_later("height"), "width": tr_later("width"),
    "clip_skip": tr_later("clip skip"), "padding_mask": tr_later("padding mask"),
    "blend": tr_later("blend"), "share": tr_later("share"), "words": tr_later("words"),
    "other_seed": tr_later("other seed"), "turn": tr_later("turn"),
}  # fmt: skip
SWITCHES = {"true": True, "false": False}
_EXAMPLE, _NOTES = "running_example", "running_example_notes"


def running_example() -> Request:
    """Return the run that this session is looking at; always a valid one."""
    return st.session_state.setdefault(_EXAMPLE, START)


def set_running_example(request: Request) -> None:
    """Look at another run from now on, as a visitor asks; not where a lesson's link holds it.

    Args:
        request: any request; what cannot be used of it stays at its start, with a note.
    """
    if held():
        st.session_state[_NOTES] = [(tr(IS_HELD), tr("Let go of them first."))]
    else:
        impose_example(request)


def impose_example(request: Request) -> None:
    """Look at another run from now on, as a link or a class wants it.

    Args:
        request: as for ``set_running_example``.
    """
    example, notes = usable(request, START)
    st.session_state[_EXAMPLE] = kept_to(example)
    st.session_state[_NOTES] = []
    for what, fix in notes:
        note(what, fix)
    write_link()


def note(what: str, fix: str = "") -> None:
    """Have every page say something until the running example is changed.

    Args:
        what: the first sentence; may hold what people typed.
        fix: the second one, or "".
    """
    st.session_state.setdefault(_NOTES, []).append((what, fix))


def follow_link(stayed: bool = False) -> None:
    """Take the running example from the address, where the address says another than we wrote.

    What the address leaves out is at its start. An address with none of our parameters changes
    nothing: that is how Streamlit's own page links look. Only where it says something else of the
    very page that was on show, somebody went back to it.

    Args:
        stayed: whether this page was on show before.
    """
    given = {name: text for name in IN_LINK if (text := said(name)) is not None}
    went_back = stayed and len(st.query_params) > 0
    if (given or went_back) and given != _texts(running_example()):
        impose_example(replace(START, **{name: _read(name, given[name]) for name in given}))


def say_held() -> None:
    """Say so where a lesson's link holds the running example, with a way to let go of it."""
    if held():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":small[:material/lock: {tr(IS_HELD)}]", width="content")
            st.button(
                tr("Let me change them"), on_click=_let_go, type="tertiary", key="let_go",
                icon=":material/lock_open:",
            )  # fmt: skip


def _let_go() -> None:
    keep(HELD, None)
    st.session_state[_NOTES] = []


def tied_to_run(name: str, now: object, take: Callable[[Any], object]) -> dict[str, Any]:
    """Tie a widget that changes the running example; a link may hold it as it is.

    Args:
        name: as for ``address.tied``, as are the others.
        now: the value.
        take: gets what was chosen.
    """
    return {**tied(name, now, take), "disabled": held()}


def write_link() -> None:
    """Make the address say what the running example is."""
    wanted = _texts(running_example())
    say({name: wanted.get(name) for name in IN_LINK} | code_for_address())


def link_parameters(request: Request) -> dict[str, str]:
    """Return the query parameters that restore a request; what is at its start is left out.

    Args:
        request: a valid request. A text too long for an address is left out as well.
    """
    return fitting(_texts(request))


def _texts(request: Request) -> dict[str, str]:
    now, start = asdict(request), asdict(START)
    now["loras"] = tuple(one[:2] for one in request.loras)  # a link is of the file that is here
    return {name: _write(now[name]) for name in IN_LINK if now[name] != start[name]}


def show_summary() -> None:
    """Show the running example in a few short lines, with what could not be used of a link."""
    request = running_example()
    for what, fix in st.session_state.get(_NOTES, []):
        show_note(what, fix)
    with st.sidebar.container(border=True, gap="xxsmall"):
        st.caption(tr("The running example"))
        words = request.prompt.strip() or tr("(no prompt)")
        st.text(words if len(words) <= 90 else f"{words[:89]}…")
        title = SCHEDULERS[request.scheduler].title
        steps = count(request.steps, "step")
        st.caption(
            tr("{steps} · guidance {guidance}", steps=steps, guidance=say_number(request.guidance))
        )
        st.caption(tr("{title} · seed {seed}", title=title, seed=request.seed))
        for line in _rarely_set(request):
            st.text(line)


def _rarely_set(request: Request) -> list[str]:
    """Say what differs from its start among the settings that the summary leaves out."""
    now, start = asdict(request), asdict(START)
    set_here = [
        f"{tr(RARE[name])}: {_write(now[name])}" for name in RARE if now[name] != start[name]
    ]
    return [
        *set_here,
        *(
            tr("LoRA {name}: {strength}", name=one.name, strength=say_number(one.strength))
            for one in request.loras
        ),
        *(f"{name}: {_write(value)}" for name, value in request.params),
    ]


def _write(value: object) -> str:
    """Write a field as a link has it: text and numbers as they are, the rest as JSON."""
    return json.dumps(value) if isinstance(value, bool | tuple) else str(value)


def _read(name: str, text: str) -> Any:  # Any: whatever people put into a link, to be refused
    """Read a field; what is not of its kind stays text, to be refused with a sentence."""
    try:
        if name in NUMBERS:
            return NUMBERS[name](text)
        if name in ("params", "loras"):
            return tuple((str(key), value) for key, value in read_json(text))
        return SWITCHES.get(text, text) if name == "padding_mask" else text
    except (ValueError, TypeError):
        return text
