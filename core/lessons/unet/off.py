"""Switching off text, time or a skip connection, beside the network as it is."""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine.looks.unet_off import OffAtStepLook, OffRunLook, Switch
from core.engine.ticket import Ticket
from core.ideas.picture_likeness import apart
from core.lessons.unet.off_data import (
    NOISE_LINE,
    SAYS,
    Part,
    noise_picture,
    say_moved,
    skip_names,
)
from core.lessons.unet.run import place_of
from core.models.unet_facts import UNetFacts
from core.ui.address import say, was_changed
from core.ui.looking import read
from core.ui.runs import say_status
from core.ui.shown import Shown

LATEST_T = 999  # where the slider of the stopped clock ends
IN_LINK = "off"
USUAL = Switch("attention")
HALF_WAY = 500  # where a clock stands at first
_OFF = "unet_off"  # the switch, kept while another look is on show
_WHAT, _SKIP = "unet_off_what", "unet_off_skip"
_TEXT, _TIME, _CLOCK = "unet_off_text", "unet_off_time", "unet_off_clock"
TEXT, TIME, BRIDGE = "The text", "The time", "A skip connection"
TEXTS: dict[Part, str] = {"attention": "Cross-attention is silent", "prompt": "Your words are gone"}
TIMES: dict[Part, str] = {"time": "No time at all", "clock": "The clock stands still"}


def show_off(facts: UNetFacts, shown: Shown, call: int) -> None:
    """Show the noise, the estimate and the picture with something off, beside as they are.

    Args:
        facts: of the network.
        shown: the run.
        call: of the run, which is looked into.

    Raises:
        ExplainerError: the engine could not do it.
    """
    switch = _choose(facts)
    st.markdown(SAYS[switch.part])
    request = shown.run.request
    heads = (
        "**The noise it sees** at this step",
        "**What it believes is in there**, decoded",
        "**The finished picture**",
    )
    columns = st.columns(3, gap="medium")
    pairs = []
    for column, head in zip(columns, heads, strict=True):
        column.markdown(head)
        pairs.append([half.empty() for half in column.columns(2, gap="xsmall")])
    lines = [column.empty() for column in columns]
    _show(pairs[2][0], shown.run.picture, "as it is")
    for slot in (*pairs[0], *pairs[1], pairs[2][1]):
        slot.skeleton(height=120)
    at_step = OffAtStepLook(request.model, place_of(shown, call), switch)
    step = read(at_step, draw=partial(_say, lines[0]))
    _show(pairs[0][0], noise_picture(step.noise), "as it is")
    _show(pairs[0][1], noise_picture(step.noise_off), "off")
    _show(pairs[1][0], step.picture, "as it is")
    _show(pairs[1][1], step.picture_off, "off")
    lines[0].caption(f"{NOISE_LINE} {say_moved(step.change, at_step.place.alpha_bar)}")
    far = apart(step.picture, step.picture_off)
    lines[1].caption(f"The same noisy latents; {far:.1f} of 255 apart on average.")
    whole_run = OffRunLook(request.model, request, switch)
    picture = read(whole_run, draw=partial(_show_progress, lines[2]))
    _show(pairs[2][1], picture, "off")
    far = apart(shown.run.picture, picture)
    lines[2].caption(
        f"From the same first noise, off in every call; {far:.1f} of 255 apart on average."
    )


def skip_that_is_off(facts: UNetFacts) -> int | None:
    """Return the number of the skip connection that is switched off, if one is.

    Args:
        facts: of the network.
    """
    chosen = None if was_changed(IN_LINK) else st.session_state.get(_WHAT)
    if chosen == BRIDGE:  # the map is drawn before the widgets that say it
        number = st.session_state.get(_SKIP, 0)
        return number if number in skip_names(facts) else 0
    switch = _switch(facts)
    return int(switch.number) if chosen is None and switch.part == "skip" else None


def switch_skip_off(number: int) -> None:
    """Have a skip connection switched off when this look is next drawn.

    Args:
        number: of a skip connection.
    """
    _set(Switch("skip", number))


def _switch(facts: UNetFacts) -> Switch:
    """Return what is switched off: what was chosen last, else what the address says."""
    known = [*(Switch(part) for part in (*TEXTS, "time")), *_clocks(), *_skips(facts)]
    kept = None if was_changed(IN_LINK) else st.session_state.get(_OFF)
    if kept in known:
        return kept
    asked = st.query_params.get(IN_LINK, "")
    return next((one for one in known if _write(one) == asked), USUAL)


def _clocks() -> list[Switch]:
    return [Switch("clock", t) for t in range(LATEST_T + 1)]


def _skips(facts: UNetFacts) -> list[Switch]:
    return [Switch("skip", number) for number in skip_names(facts)]


def _write(switch: Switch) -> str:
    """Write a switch as the address has it."""
    number = f" {switch.number:.0f}" if switch.part in ("skip", "clock") else ""
    return f"{switch.part}{number}"


def _set(switch: Switch) -> None:
    """Put the widgets where a switch says: they are drawn with it."""
    groups = {**dict.fromkeys(TEXTS, TEXT), **dict.fromkeys(TIMES, TIME), "skip": BRIDGE}
    st.session_state[_OFF] = switch
    st.session_state[_WHAT] = groups[switch.part]
    for key, names in ((_TEXT, TEXTS), (_TIME, TIMES)):
        if switch.part in names:
            st.session_state[key] = switch.part
    if switch.part in ("skip", "clock"):
        st.session_state[_SKIP if switch.part == "skip" else _CLOCK] = int(switch.number)


def _choose(facts: UNetFacts) -> Switch:
    """Ask what to switch off, and precisely how."""
    if _WHAT not in st.session_state or was_changed(IN_LINK):
        _set(_switch(facts))
    which, how = st.columns(2, gap="medium")
    with which:
        group = st.segmented_control("Off", [TEXT, TIME, BRIDGE], required=True, key=_WHAT)
    with how:
        switch = _how(facts, group or TEXT)
    st.session_state[_OFF] = switch
    say({IN_LINK: None if switch == USUAL else _write(switch)})
    return switch


def _how(facts: UNetFacts, group: str) -> Switch:
    """Ask how the text, the time or a skip connection is switched off."""
    if group == BRIDGE:
        names = skip_names(facts)
        if st.session_state.get(_SKIP) not in names:
            st.session_state[_SKIP] = 0
        number = st.selectbox("Which", list(names), format_func=names.__getitem__, key=_SKIP)
        return Switch("skip", number)
    key, ways = (_TEXT, TEXTS) if group == TEXT else (_TIME, TIMES)
    st.session_state.setdefault(key, next(iter(ways)))
    part = st.segmented_control(
        "How", list(ways), format_func=ways.__getitem__, required=True, key=key
    )
    if part is not None and part != "clock":
        return Switch(part)
    st.session_state.setdefault(_CLOCK, HALF_WAY)
    return Switch("clock", st.slider("It stands at t", 0, LATEST_T, key=_CLOCK))


def _say(line: Any, ticket: Ticket[Any]) -> None:  # Any: a slot, and a reading
    line.caption(say_status(ticket.status(), "Piece"))


def _show_progress(line: Any, ticket: Ticket[Any]) -> None:  # Any: as above
    status = ticket.status()
    line.progress(min(1.0, status.step / max(1, status.steps)), say_status(status, "Piece"))


def _show(slot: Any, picture: NDArray[np.uint8], caption: str) -> None:  # Any: a slot
    slot.image(picture, caption, width="stretch", output_format="PNG", alt=caption)
