"""What a teacher sets for everybody: settings to begin with or to keep, and pages to close."""

from dataclasses import replace

import streamlit as st

from core.classroom import Classroom, Setting
from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.models.catalog import entries, is_installed
from core.models.schedulers.table import SCHEDULERS
from core.ui.errors import show_error
from core.ui.navigation import existing
from core.ui.settings import offered_schedulers
from core.words import tr, tr_later

FREE = tr_later("free")
STEPS = (4, 8, 10, 20, 30, 50)
SIDES = (64, 96, 128, 192, 256, 384, 512)  # pixels
_ERROR, _ANEW = "rules_error", "rules_anew"


def offer_rules(room: Classroom) -> None:
    """Offer what can be set, and show what is.

    Args:
        room: the class.
    """
    state, turn = room.state, st.session_state.get(_ANEW, 0)
    now = dict(state.settings)
    choices: dict[str, tuple[str, tuple[str | int, ...]]] = {
        "steps": (tr("Steps"), STEPS),
        "height": (tr("Size"), SIDES),
        "scheduler": (tr("Scheduler"), tuple(offered_schedulers())),
        "model": (tr("Model"), tuple(entry.id for entry in entries() if is_installed(entry))),
    }
    with st.form(f"rules_{turn}"):
        for column, (field, (label, values)) in zip(st.columns(4), choices.items(), strict=True):
            offered = (FREE, *values)
            column.selectbox(
                label, offered, offered.index(now.get(field, FREE)), format_func=_say,
                key=f"rules_{turn}_{field}",
            )  # fmt: skip
        urls = [entry.url for entry in existing()]
        titles = {entry.url: tr(entry.title) for entry in existing()}
        st.pills(
            tr("Open pages"), urls, selection_mode="multi", format_func=titles.__getitem__,
            default=[url for url in urls if url not in state.closed], key=f"rules_{turn}_open",
        )  # fmt: skip
        st.toggle(
            tr("Lock: pupils cannot change what is set"), state.locked, key=f"rules_{turn}_locked",
            help=tr("Unlocked, everybody begins with what is set and may change it. What varies a "
            "locked setting, such as a comparison of schedulers, is not computed."),
        )  # fmt: skip
        st.form_submit_button(tr("Set for everybody"), on_click=_set, args=(room, turn))
    if _ERROR in st.session_state:
        show_error(st.session_state.pop(_ERROR))
    with st.container(horizontal=True):
        st.button(tr("Clear the board"), on_click=room.clear_board, icon=":material/delete_sweep:")
        st.button(
            tr("Clear everything"), on_click=_clear, args=(room,), icon=":material/restart_alt:",
            help=tr("Nothing is set, all pages are open, the board is empty. Pupils stay."),
        )  # fmt: skip


def _say(value: str | int) -> str:
    return (
        SCHEDULERS[value].title
        if value in SCHEDULERS
        else tr(FREE)
        if value == FREE
        else str(value)
    )


def _set(room: Classroom, turn: int) -> None:
    given = {name: st.session_state[f"rules_{turn}_{name}"] for name in
             ("steps", "height", "scheduler", "model", "open", "locked")}  # fmt: skip
    found = [(name, given[name]) for name in ("steps", "scheduler", "model") if given[name] != FREE]
    if given["height"] != FREE:
        found += [("height", given["height"]), ("width", given["height"])]
    settings: tuple[Setting, ...] = tuple(found)
    try:
        validated(replace(Request(), **dict(settings)))  # type: ignore[arg-type]  # by name
    except ExplainerError as error:
        st.session_state[_ERROR] = error
        return
    closed = frozenset(entry.url for entry in existing()) - frozenset(given["open"])
    room.set_rules(settings, given["locked"], closed)


def _clear(room: Classroom) -> None:
    room.clear()
    st.session_state[_ANEW] = st.session_state.get(_ANEW, 0) + 1  # widgets begin with what is set
