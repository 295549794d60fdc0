"""What is switched off in the U-Net: asked for, kept in the address, clicked on the map."""

import streamlit as st

from core.engine.works.unet_off import Switch
from core.lessons.unet.off_data import Part, skip_names
from core.models.unet_facts import UNetFacts
from core.ui.address import say, was_changed

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


def choose_switch(facts: UNetFacts) -> Switch:
    """Ask what to switch off, and precisely how.

    Args:
        facts: of the network.
    """
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
