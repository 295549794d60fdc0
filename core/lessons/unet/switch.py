"""What is switched off in the U-Net: asked for, kept in the address, clicked on the map."""

import streamlit as st

from core.engine.works.unet_off import Switch
from core.lessons.unet.off_data import Part, skip_names
from core.models.unet_facts import UNetFacts
from core.ui.address import Field, choose, one_of, tied, value
from core.words import tr, tr_later

LATEST_T = 999  # where the slider of the stopped clock ends
HALF_WAY = 500  # where a clock stands at first
TEXT, TIME, BRIDGE = tr_later("The text"), tr_later("The time"), tr_later("A skip connection")
TEXTS: dict[Part, str] = {
    "attention": tr_later("Cross-attention is silent"),
    "prompt": tr_later("Your words are gone"),
}
TIMES: dict[Part, str] = {
    "time": tr_later("No time at all"),
    "clock": tr_later("The clock stands still"),
}
FIRST = {TEXT: Switch("attention"), TIME: Switch("time"), BRIDGE: Switch("skip", 0)}


def skip_that_is_off(facts: UNetFacts) -> int | None:
    """Return the number of the skip connection that is switched off, if one is.

    Args:
        facts: of the network.
    """
    switch = value(_field(facts))
    return int(switch.number) if switch.part == "skip" else None


def switch_skip_off(facts: UNetFacts, number: int) -> None:
    """Have a skip connection switched off when this look is next drawn.

    Args:
        facts: of the network.
        number: of a skip connection.
    """
    choose(_field(facts), Switch("skip", number))


def choose_switch(facts: UNetFacts) -> Switch:
    """Ask what to switch off, and precisely how.

    Args:
        facts: of the network.
    """
    field = _field(facts)
    now = value(field)
    group = BRIDGE if now.part == "skip" else TEXT if now.part in TEXTS else TIME
    which, how = st.columns(2, gap="medium")
    with which:
        st.segmented_control(
            tr("Off"), list(FIRST), default=group, format_func=tr, required=True,
            **tied("off_what", group, lambda chosen: choose(field, FIRST[chosen])),
        )  # fmt: skip
    with how:
        _ask_how(facts, field, now)
    return now


def _ask_how(facts: UNetFacts, field: Field[Switch], now: Switch) -> None:
    """Ask how the text, the time or a skip connection is switched off."""
    if now.part == "skip":
        names = skip_names(facts)
        st.selectbox(
            tr("Which"), list(names), list(names).index(int(now.number)),
            format_func=names.__getitem__,
            **tied("off_skip", now.number, lambda number: choose(field, Switch("skip", number))),
        )  # fmt: skip
        return
    ways = TEXTS if now.part in TEXTS else TIMES
    st.segmented_control(
        tr("How"), list(ways), default=now.part, format_func=lambda part: tr(ways[part]),
        required=True,
        **tied(
            "off_text" if ways is TEXTS else "off_time", now.part,
            lambda part: choose(field, _first_of(part)),
        ),
    )  # fmt: skip
    if now.part == "clock":
        st.slider(
            tr("It stands at t"), 0, LATEST_T, int(now.number),
            **tied("off_clock", int(now.number), lambda t: choose(field, Switch("clock", t))),
        )  # fmt: skip


def _first_of(part: Part) -> Switch:
    return Switch("clock", HALF_WAY) if part == "clock" else Switch(part)


def _field(facts: UNetFacts) -> Field[Switch]:
    clocks = [Switch("clock", t) for t in range(LATEST_T + 1)]
    skips = [Switch("skip", number) for number in skip_names(facts)]
    return one_of("off", [*map(Switch, (*TEXTS, "time")), *clocks, *skips], write=_write)


def _write(switch: Switch) -> str:
    """Write a switch as the address has it."""
    number = f" {switch.number:.0f}" if switch.part in ("skip", "clock") else ""
    return f"{switch.part}{number}"
