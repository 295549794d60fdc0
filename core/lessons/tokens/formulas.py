"""The formulas behind each look at the text, with the code that computes them."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.ideas.byte_pairs import merge_steps
from core.ideas.causal_attention import causal_attention
from core.ideas.guidance import guide
from core.ideas.text_geometry import blend, cosine, place_between, relative_change
from core.ui.page import show_equation

# Any: functions with different arguments have no narrower type.
FORMULAS: dict[str, tuple[Callable[..., Any], ...]] = {
    "All positions": (merge_steps,),
    "The mask": (causal_attention, relative_change),
    "Inside the encoder": (causal_attention,),
    "Meaning": (place_between, cosine, blend),
    "No words": (guide,),
}
SOURCES = (
    "Radford et al. 2021, *Learning Transferable Visual Models From Natural Language "
    "Supervision* (CLIP) · Rombach et al. 2022, *High-Resolution Image Synthesis with Latent "
    "Diffusion Models* · "
    "Sennrich et al. 2016, *Neural Machine Translation of Rare Words with Subword Units* · "
    "Vaswani et al. 2017, *Attention Is All You Need*"
)


def show_formulas(look: str) -> None:
    """Show the formulas of what is on show.

    Args:
        look: which one of the looks.
    """
    for function in FORMULAS[look]:
        show_equation(function)
    if merge_steps in FORMULAS[look]:
        st.caption(
            "OpenAI's own tokenizer also repairs text before it reads it (HTML entities, curly "
            "quotes, ligatures, broken encodings), and older versions of the transformers library "
            "did so where ftfy was installed. Today's does not, and neither does this page."
        )
    st.caption(SOURCES)
