"""Switching off text, time or a skip connection, beside the network as it is."""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine.ticket import Ticket
from core.engine.works.unet_off import OffAtCallWork, OffRunWork
from core.ideas.guidance import guide
from core.ideas.picture_likeness import apart
from core.lessons.unet.off_data import SAYS, noise_picture, say_moved, say_scale
from core.lessons.unet.switch import choose_switch
from core.models.unet_facts import UNetFacts
from core.nets.attention import attend
from core.nets.residual import ResnetBlock
from core.ui.made import made, png
from core.ui.runs import read, say_status
from core.ui.shown import Shown
from core.words import tr

FORMULAS = (ResnetBlock, attend, guide)


def show(facts: UNetFacts, shown: Shown, call: int) -> None:
    """Show the noise, the estimate and the picture with something off, beside as they are.

    Args:
        facts: of the network.
        shown: the run.
        call: of the run, which is looked into.
    """
    switch = choose_switch(facts)
    st.markdown(tr(SAYS[switch.part]))
    request = shown.run.request
    heads = (
        tr("**The noise it sees** at this call"),
        tr("**What it believes**, decoded"),
        tr("**The finished picture**"),
    )
    columns = st.columns(3, gap="medium")
    pairs = []
    for column, head in zip(columns, heads, strict=True):
        column.markdown(head)
        pairs.append([half.empty() for half in column.columns(2, gap="xsmall")])
    lines = [column.empty() for column in columns]
    _show(pairs[2][0], shown.run.picture, tr("as it is"))
    for slot in (*pairs[0], *pairs[1], pairs[2][1]):
        slot.skeleton(height=120)
    at_call = OffAtCallWork(request.model, shown.run.input_at(call), switch)
    off = read(at_call, draw=partial(_say, lines[0]))
    seen, unseen = made(
        ("noise off", off), lambda: (noise_picture(off.noise), noise_picture(off.noise_off))
    )
    _show(pairs[0][0], seen, tr("as it is"))
    _show(pairs[0][1], unseen, tr("off"))
    _show(pairs[1][0], off.picture, tr("as it is"))
    _show(pairs[1][1], off.picture_off, tr("off"))
    lines[0].caption(f"{say_scale()} {say_moved(off.change, at_call.given.alpha_bar)}")
    far = apart(off.picture, off.picture_off)
    lines[1].caption(tr("The same noisy latents; {far:.1f} of 255 apart on average.", far=far))
    whole_run = OffRunWork(request.model, request, switch)
    picture = read(whole_run, draw=partial(_show_progress, lines[2]))
    _show(pairs[2][1], picture, tr("off"))
    far = apart(shown.run.picture, picture)
    lines[2].caption(
        tr(
            "From the same first noise, off in every call; {far:.1f} of 255 apart on average.",
            far=far,
        )
    )


def _say(line: Any, ticket: Ticket[Any]) -> None:  # Any: a slot, and a reading
    line.caption(say_status(ticket.status(), tr("Piece")))


def _show_progress(line: Any, ticket: Ticket[Any]) -> None:  # Any: as above
    status = ticket.status()
    line.progress(min(1.0, status.step / max(1, status.steps)), say_status(status, tr("Piece")))


def _show(slot: Any, picture: NDArray[np.uint8], caption: str) -> None:  # Any: a slot
    slot.image(png(picture), caption, width="stretch", output_format="PNG", alt=caption)
