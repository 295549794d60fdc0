"""A part of a page that is run again by itself."""

from collections.abc import Callable
from functools import wraps

import streamlit as st

from core.words import language, use_language


def part(draw: Callable[..., object], every_s: float | None = None) -> Callable[..., None]:
    """Return a function that draws a part of the page, which its widgets run again alone.

    It stands in a place of its own. Streamlit gives a part a container, which belongs to the part:
    where it is run again before the browser was told of the page, as on a busy server, all that
    the part has said is taken back, the container with it. What stands below would then come to a
    place that has none before it, and the browser ends the page there.

    Args:
        draw: draws it.
        every_s: how often the browser has it run again by itself, seconds; None for never.
    """
    name = language()

    @wraps(draw)
    def drawn(*given: object) -> None:
        use_language(name)  # run alone, it has a thread that has not seen the page
        draw(*given)

    def placed(*given: object) -> None:
        with st.container():
            st.fragment(drawn, run_every=every_s)(*given)

    return placed
