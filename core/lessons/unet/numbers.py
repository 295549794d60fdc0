"""Every box of the U-Net as a table."""

import streamlit as st

from core.ideas.guidance import guide
from core.lessons.unet.map_data import box_rows
from core.lessons.unet.run import kept_blocks
from core.models.unet_facts import UNetFacts
from core.nets.attention import attend
from core.nets.residual import ResnetBlock
from core.ui.shown import Shown
from core.ui.tables import show_table
from core.words import tr

FORMULAS = (ResnetBlock, attend, guide)


def show(facts: UNetFacts, shown: Shown, call: int) -> None:
    """Show every box with its shape, its weights and its time.

    Args:
        facts: of the network.
        shown: the run.
        call: of the run, which is looked into.
    """
    seen = kept_blocks(shown.run.input_at(call))
    seconds = {} if seen is None else {name: box.seconds for name, box in seen.boxes.items()}
    rows = box_rows(facts, seconds)
    show_table(rows, "unet-boxes", tr("Every box of the U-Net in numbers"))
    st.caption(tr("Milliseconds of the prompt's half of this call, on the machine that computes."))
