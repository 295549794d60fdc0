"""The closer looks into the U-Net, each imported when it is chosen: charts take time to load."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.models.unet_facts import UNetFacts
from core.ui.address import say
from core.ui.look_box import look_box, look_on_show, look_place, turn_to
from core.ui.running_example import running_example
from core.ui.shown import Shown, kept

LOOK = "unet_look"
OFF = "Switch something off"
OFF_IN_LINK = "off"
SILU = "Why SiLU?"


def _off(facts: UNetFacts, shown: Shown, call: int) -> None:
    from core.lessons.unet.off import show_off

    show_off(facts, shown, call)


def _attention(facts: UNetFacts, shown: Shown, call: int) -> None:
    from core.lessons.unet.attention import show_attention

    show_attention(facts, shown, call)


def _silu(facts: UNetFacts, shown: Shown | None, call: int) -> None:
    from core.lessons.unet.silu import show_silu

    show_silu(facts, shown, call)


def _numbers(facts: UNetFacts, shown: Shown, call: int) -> None:
    from core.lessons.unet.numbers import show_numbers

    show_numbers(facts, shown, call)


LOOKS: dict[str, Callable[[UNetFacts, Any, int], None]] = {  # Any: a Shown, or none for SILU
    OFF: _off,
    "Who looks where": _attention,
    SILU: _silu,
    "Every box in numbers": _numbers,
}


def choose_look() -> str:
    """Ask for one of the looks."""
    look = look_box(list(LOOKS), LOOK)
    if look != OFF:
        say({OFF_IN_LINK: None})
    return look


def off_is_on_show() -> bool:
    """Whether the look on show is the one that switches something off."""
    return look_on_show(list(LOOKS), LOOK) == OFF


def turn_to_off() -> None:
    """Show the look that switches something off."""
    turn_to(OFF, list(LOOKS), LOOK)


def show_look(look: str, facts: UNetFacts, call_of: Callable[[Shown], int]) -> None:
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.
        facts: of the running example's network.
        call_of: tells which call of a run is looked into.

    Raises:
        ExplainerError: the engine could not do it.
    """
    with look_place(LOOKS, look):
        shown = kept(running_example())
        if shown is None and look != SILU:
            st.caption("This comes as soon as the run above is there.")
        else:
            LOOKS[look](facts, shown, call_of(shown) if shown else 0)


def show_formulas(look: str) -> None:
    """Show the formulas of what is on show, each with the code that computes it.

    Args:
        look: from ``choose_look``.
    """
    from core.ui.page import show_equation

    if look == SILU:
        from core.ideas.activations import ACTIVATIONS

        for activation in ACTIVATIONS.values():
            show_equation(activation.function)
        return
    from core.ideas.guidance import guide
    from core.nets.attention import attend  # torch: not for the first paint
    from core.nets.residual import ResnetBlock

    for idea in (ResnetBlock, attend, guide):
        show_equation(idea)
