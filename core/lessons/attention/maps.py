"""The picture under the map of a word, scrubbed in the browser; the first paint needs no run."""

import streamlit as st

from core.engine.request import Request
from core.engine.works.attention import AttentionWork
from core.lessons.attention.maps_data import attention_data
from core.lessons.attention.run import picture_size, prompt_tokens
from core.models.attention_seen import AttentionSeen
from core.models.catalog import BUILT_IN
from core.ui.can_draw import offer_prompts
from core.ui.component import mount
from core.ui.made import made
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.words import tr

PLAIN_MAPS = (
    "a whale on a yellow background",
    "a parrot on a blue background",
    "a rocket on a yellow background",
)


def show_hero() -> AttentionSeen | None:
    """Show the maps of the running example's run, computing them after the first paint.

    Returns:
        The run; None while it is not there.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    request = running_example()
    work = AttentionWork(request.model, request)
    seen = find(work)
    paint_first(
        "attention", work, seen is not None,
        lambda: _draw(request, find(work)), lambda _: read(work, tr("U-Net call")),
    )  # fmt: skip
    return seen


def offer_plain_maps() -> None:
    """Offer prompts of the built-in model whose maps tell thing and background apart."""
    request = running_example()
    if request.model == BUILT_IN and request.prompt not in PLAIN_MAPS:
        offer_prompts(tr("Maps that are easy to read:"), PLAIN_MAPS)


def _draw(request: Request, seen: AttentionSeen | None) -> None:
    tokens, size = prompt_tokens(), picture_size()
    data = made(("attention", seen, tokens, size), lambda: attention_data(seen, tokens, size))
    mount("attention/maps", data)
    if request.share:
        st.caption(tr("A second prompt is mixed in: each token stands for its place in both."))
