"""The teacher's desk: the way in, the machine at a glance, what is set, and the board."""

import io

import psutil
import segno
import streamlit as st

from core.classroom import Classroom, classroom
from core.engine.client import woken
from core.labs.bench import bench
from core.lessons.teacher.board import show_board
from core.lessons.teacher.rules import offer_rules
from core.ui.class_frame import ask_secret
from core.ui.class_rules import is_teacher, let_in
from core.ui.navigation import title_of
from core.ui.part import part
from core.words import tr

TURN_S = 2.0  # between two drawings of what changes


def show_desk() -> None:
    """Show the desk to the teacher, and to everybody else a box for the token."""
    room = classroom()
    if room is None:
        st.title(tr("No class is open"), anchor=False)
        st.markdown(tr("`make class` opens one."))
    elif is_teacher():
        _show(room)
    else:
        st.title(tr("The teacher’s page"), anchor=False)
        st.markdown(tr("Its token stands where the app was started, below the code of the class."))
        if ask_secret(tr("Token"), "token", "knows"):
            let_in(room, teacher=True)
            st.rerun()


def _show(room: Classroom) -> None:
    st.title(tr("Your class"), anchor=False)
    part(_show_glance, every_s=TURN_S)(room)
    if not st.toggle(tr("The board alone"), key="desk_board", help=tr("For the projector.")):
        way_in, rules = st.columns([2, 3], gap="large")
        with way_in:
            _show_way_in(room)
        with rules:
            offer_rules(room)
    part(show_board, every_s=TURN_S)(room)


def _show_glance(room: Classroom) -> None:
    """Show who is there, what waits and runs, and how much memory there is."""
    there = woken()
    waiting, running, seconds = there.standing() if there is not None else (0, 0, 0.0)
    own, machine = psutil.Process().memory_info().rss, psutil.virtual_memory()
    with st.container(horizontal=True, gap="medium"):
        st.metric(tr("Pupils"), room.present(), width="content")
        st.metric(tr("Works waiting"), waiting, width="content")
        st.metric(tr("Works running"), running, width="content")
        known = seconds or not waiting + running
        st.metric(tr("Done in about"), f"{seconds:.0f} s" if known else "–", width="content")
        st.metric(tr("Trainings"), bench().busy, width="content")
        st.metric(tr("Memory of the app"), f"{own / 1e9:.1f} GB", width="content")
        st.metric(tr("Memory left"), f"{machine.available / 1e9:.1f} GB", width="content")
    pointed = room.state.pointed
    if pointed is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                tr("Everybody is asked to look at **{page}**.", page=title_of(pointed.page))
            )
            st.button(tr("No longer"), on_click=room.point_nowhere, key="desk_unpoint")


def _show_way_in(room: Classroom) -> None:
    """Show how pupils come in, large enough to be read from the last row."""
    opening = room.opening
    picture = io.BytesIO()
    segno.make(opening.link, error="m", micro=False).save(picture, kind="png", scale=6, border=3)
    with st.container(border=True, key="way_in"):  # large, see page.css
        st.markdown(f"**{opening.address.removeprefix('http://')}**")
        st.markdown(f"## {opening.code}")
        st.image(
            picture.getvalue(), width=260, alt=tr("The link with the code, to be photographed")
        )
        st.caption(tr("Pupils type the address and the code, or photograph the square."))
