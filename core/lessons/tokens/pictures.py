"""Several pictures side by side, all computed together."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine.client import engine
from core.engine.request import Request
from core.ui.made import png
from core.ui.runs import TURN_S, asked, say_status


def show_pictures(requests: Sequence[Request], captions: Sequence[str]) -> list[NDArray[np.uint8]]:
    """Draw pictures side by side as they come, all of them computed together.

    Args:
        requests: what to draw, valid; equal ones are computed once.
        captions: our own words below each; never what people typed.

    Returns:
        The finished pictures, (H, W, 3) each.
    """
    slots = [column.empty() for column in st.columns(len(requests))]
    line = st.empty()
    with ExitStack() as stack:
        tickets = [
            stack.enter_context(asked(request, replace=at == 0))
            for at, request in enumerate(requests)
        ]
        waiting = list(zip(tickets, slots, captions, strict=True))
        while waiting:
            waiting[0][0].wait(TURN_S)
            for ticket, slot, caption in list(waiting):
                if ticket.wait(0):
                    _draw(slot, ticket.result().picture, caption)
                    waiting.remove((ticket, slot, caption))
                elif (preview := engine().preview(ticket)) is not None:
                    _draw(slot, preview, caption)
            if waiting:
                line.caption(say_status(waiting[0][0].status(), "Call"))
        line.empty()
        return [ticket.result().picture for ticket in tickets]


def _draw(slot: Any, picture: NDArray[np.uint8], caption: str) -> None:  # Any: a Streamlit slot
    slot.image(png(picture), caption=caption, width="stretch", output_format="PNG", alt=caption)
