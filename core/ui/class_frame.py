"""What a class adds to the frame of every page: its door, its notices, and a pupil's own corner."""

import hashlib
import io
import time

import streamlit as st
from PIL import Image

from core.classroom import CODE, Classroom, Pointed, classroom
from core.engine.request import to_json
from core.ui.class_rules import (
    in_force,
    is_behind,
    is_teacher,
    let_in,
    own_name,
    page_on_show,
    take_note,
    with_settings,
)
from core.ui.errors import show_note
from core.ui.navigation import TEACHER, page_of, title_of
from core.ui.part import part
from core.ui.running_example import impose_example, link_parameters, running_example
from core.ui.runs import find
from core.words import tr, tr_later

TURN_S = 3.0  # between two looks at what the class shares
SIDE = 192  # pixels of a picture on the board
FIRST_WAIT_S, MOST_WAIT_S = 1.0, 60.0  # after a wrong code or token; twice as long each time
_WRONG, _TURN, _LOOKED = "class_wrong", "class_turn", "class_looked"
_OPT_IN, _PINNED = "class_board", "class_pinned"
_SAID = {  # of what was too soon, and of what is wrong
    "code": (tr_later("That was too soon after a wrong code."), tr_later("This code is wrong.")),
    "token": (tr_later("That was too soon after a wrong token."), tr_later("This token is wrong.")),
}


def attend() -> None:
    """See to what a class asks of a page before the page itself is drawn.

    Who was not let in is asked for the code, and a page that was closed says so; both end here.
    """
    room = classroom()
    assert room is not None
    name = own_name(room)
    if name is None:
        _ask_code(room)
        st.stop()
    if is_teacher():
        _show_teachers_corner(room)
        return
    take_note(room.state)
    part(_look_in, every_s=TURN_S)(room, name)
    _show_own_corner(room, name)
    if page_on_show() in room.state.closed:
        st.title(tr("This page is closed for now"), anchor=False)
        st.markdown(tr("Your teacher opens it again. The others are in the menu."))
        st.stop()


def follow_settings() -> None:
    """Take over what was set for everybody: once where it is a beginning, else always."""
    state = in_force()
    if state is None:
        return
    new = st.session_state.get(_TURN) != state.turn
    st.session_state[_TURN] = state.turn
    example = running_example()
    wanted = with_settings(example, state.settings) if new or state.locked else example
    if wanted != example:
        impose_example(wanted)


def ask_secret(label: str, what: str, right: str) -> bool:
    """Ask for something that only some know; each wrong answer makes the next wait longer.

    Args:
        label: of the box.
        what: what is asked for, such as "code".
        right: name of the function of a ``Classroom`` that knows.

    Returns:
        Whether it was given just now.
    """
    room = classroom()
    assert room is not None
    with st.form(f"class_{what}", border=False, width=420):
        given = st.text_input(
            label, type="password" if right == "knows" else "default", max_chars=60,
            autocomplete="off", key=f"class_{what}_typed",
        )  # fmt: skip
        pressed = st.form_submit_button(tr("Go on"))
    if not pressed:
        return False
    tries, not_before = st.session_state.get(_WRONG, (0, 0.0))
    left = not_before - time.monotonic()
    if left > 0:
        show_note(
            tr(_SAID[what][0]),
            tr("Wait {left:.0f} s.", left=left + 1),
        )
        return False
    if getattr(room, right)(given):
        st.session_state.pop(_WRONG, None)
        return True
    waits = min(MOST_WAIT_S, FIRST_WAIT_S * 2**tries)
    st.session_state[_WRONG] = (tries + 1, time.monotonic() + waits)
    show_note(
        tr(_SAID[what][1]),
        tr("The next one may be tried in {waits:.0f} s.", waits=waits),
    )
    return False


def _ask_code(room: Classroom) -> None:
    st.title(tr("What is your class’s code?"), anchor=False)
    st.markdown(
        tr(
            "{code} letters and digits; your teacher shows them. You need no account: you get a "
            "name "
            "of two random words, and nothing of the class is kept when it is over.",
            code=CODE,
        )
    )
    if ask_secret(tr("Code"), "code", "admits"):
        let_in(room)
        st.rerun()


def _look_in(room: Classroom, name: str) -> None:
    """See from time to time what the class shares; the whole page follows what was set."""
    if is_behind():
        st.rerun(scope="app")
    if st.session_state.get(_OPT_IN):
        _pin(room, name)
    pointed = room.state.pointed
    if pointed is not None and st.session_state.get(_LOOKED) != pointed.number:
        _show_pointed(pointed)


def _show_pointed(pointed: Pointed) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        where = title_of(pointed.page)
        st.markdown(
            tr(":material/visibility: Your teacher asks you to look at **{where}**.", where=where)
        )
        went = st.button(tr("Go there"), key="class_go")
        stays = st.button(tr("Not now"), key="class_stay")
    if went or stays:
        st.session_state[_LOOKED] = pointed.number
    if went:
        st.switch_page(page_of(pointed.page), query_params=dict(pointed.query))
    if stays:
        st.rerun(scope="fragment")


def _show_own_corner(room: Classroom, name: str) -> None:
    with st.sidebar.container(border=True, gap="xxsmall"):
        st.caption(tr("In this class you are **{name}**.", name=name))
        st.toggle(
            tr("Show my pictures"), key=_OPT_IN, on_change=_withdraw, args=(room, name),
            help=tr("Your newest pictures, with your words below them, go on the board that the "
            "teacher shows. Off takes them away."),
        )  # fmt: skip
        state = room.state
        if state.locked and state.settings:
            st.caption(tr(":material/lock: Your teacher has set some of the settings."))


def _withdraw(room: Classroom, name: str) -> None:
    st.session_state.pop(_PINNED, None)
    if not st.session_state.get(_OPT_IN):
        room.withdraw(name)


def _pin(room: Classroom, name: str) -> None:
    """Put the newest finished picture on the board, once."""
    request = running_example()
    run = hashlib.sha256(to_json(request).encode("utf-8", "replace")).hexdigest()
    trace = None if st.session_state.get(_PINNED) == run else find(request)
    if trace is None:
        return
    st.session_state[_PINNED] = run
    picture = Image.fromarray(trace.picture)
    picture.thumbnail((SIDE, SIDE))
    packed = io.BytesIO()
    picture.save(packed, "WEBP", quality=85)
    room.pin(name, run, request.prompt, packed.getvalue())


def _show_teachers_corner(room: Classroom) -> None:
    with st.sidebar.container(border=True, gap="xsmall"):
        st.caption(tr("You are the teacher of this class."))
        st.button(
            tr("Everybody look here"), on_click=_point, args=(room,), key="class_point",
            width="stretch",
        )  # fmt: skip
        if room.state.pointed is not None:
            st.button(tr("No longer"), on_click=room.point_nowhere, key="class_unpoint")
        st.page_link(TEACHER, label=tr("Your class"), icon=":material/co_present:")


def _point(room: Classroom) -> None:
    """Offer everybody the page that the teacher sees, with the same run and the same look."""
    request = running_example()
    query = {**st.query_params.to_dict(), "prompt": request.prompt, **link_parameters(request)}
    room.point(page_on_show(), tuple(query.items()))
