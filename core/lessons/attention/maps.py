"""The picture under the map of a word, scrubbed in the browser; the first paint needs no run."""

import streamlit as st

from core.engine.request import Request, to_json
from core.errors import ExplainerError
from core.lessons.attention.maps_data import attention_data
from core.lessons.attention.run import known_attention, picture_size, prompt_tokens, read_attention
from core.models.attention_seen import AttentionSeen
from core.models.catalog import BUILT_IN
from core.ui.can_draw import offer_prompts
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.running_example import running_example
from core.ui.runs import say_status

FIRST_PAINT_S = 0.3  # left to the browser before the engine is woken
PLAIN_MAPS = (
    "a whale on a yellow background",
    "a parrot on a blue background",
    "a rocket on a yellow background",
)
_PAINTED, _FAILED = "attention_painted", "attention_failed"


def show_hero() -> AttentionSeen | None:
    """Show the maps of the running example's run, computing them after the first paint.

    Returns:
        The run; None while it is not there.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    request = running_example()
    failed, error = st.session_state.get(_FAILED, ("", None))
    if failed == to_json(request):  # asking again by itself would fail again, for ever
        show_error(error)
        st.button("Try again", on_click=lambda: st.session_state.pop(_FAILED))
    waits = failed != to_json(request) and known_attention(request) is None
    st.fragment(_draw, run_every=FIRST_PAINT_S if waits else None)(request, waits)
    return known_attention(request)


def offer_plain_maps() -> None:
    """Offer prompts of the built-in model whose maps tell thing and background apart."""
    request = running_example()
    if request.model == BUILT_IN and request.prompt not in PLAIN_MAPS:
        offer_prompts("Maps that are easy to read:", PLAIN_MAPS)


def _draw(request: Request, waits: bool) -> None:
    """Draw what is there; where the run is missing, from the second turn on, see to it."""
    mount(
        "attention/maps", attention_data(known_attention(request), prompt_tokens(), picture_size())
    )
    if request.share:
        st.caption("A second prompt is mixed in: each token stands for its place in both.")
    if not waits:
        return
    first = not st.session_state.get(_PAINTED)
    st.session_state[_PAINTED] = True
    if first:
        return
    line = st.empty()
    try:
        read_attention(
            request, lambda ticket: line.caption(say_status(ticket.status(), "U-Net call"))
        )
    except ExplainerError as wrong:
        st.session_state[_FAILED] = (to_json(request), wrong)
    st.rerun(scope="app")
