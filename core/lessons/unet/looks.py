"""The closer looks into the U-Net."""

from collections.abc import Callable

import streamlit as st

from core.models.unet_facts import UNetFacts
from core.ui.closer import Closer, Closers, look_place
from core.ui.running_example import running_example
from core.ui.shown import Shown, kept
from core.words import tr, tr_later

OFF = Closer(tr_later("Switch something off"), "core.lessons.unet.off")
SILU = Closer(tr_later("Why SiLU?"), "core.lessons.unet.silu")  # the one that needs no run
LOOKS = Closers(
    (
        OFF,
        Closer(tr_later("Who looks where"), "core.lessons.unet.attention"),
        SILU,
        Closer(tr_later("What a LoRA changes"), "core.lessons.unet.lora"),
        Closer(tr_later("Every box in numbers"), "core.lessons.unet.numbers"),
    ),
)


def show_closer(look: Closer | None, facts: UNetFacts, call_of: Callable[[Shown], int]) -> None:
    """Show one look.

    Args:
        look: from ``choose_look``; None shows nothing.
        facts: of the running example's network.
        call_of: tells which call of a run is looked into.
    """
    if look is None:
        return
    with look_place(look, LOOKS):
        shown = kept(running_example())
        if shown is None and look != SILU:
            st.caption(tr("This comes as soon as the run above is there."))
        else:
            look.show(facts, shown, call_of(shown) if shown else 0)
