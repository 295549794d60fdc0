"""A word turned up or down on its way into the picture, beside the plain run."""

import streamlit as st

from core.engine.works.attention import EditedAttentionWork, Reweight
from core.ideas.attention_maps import reweight
from core.ideas.picture_likeness import apart
from core.lessons.attention.edits import choose_word, fill, prompt_words, show_picture, wait_for
from core.models.attention_seen import AttentionSeen
from core.ui.address import ask, real
from core.ui.running_example import running_example
from core.ui.runs import read
from core.words import tr

FORMULAS = (reweight,)
LEAST, MOST, BEGIN = -2.0, 10.0, 5.0  # what a word is multiplied with


def show(seen: AttentionSeen) -> None:
    """Show the picture with a word's weights multiplied, beside the picture as it is.

    Args:
        seen: the run.
    """
    words = prompt_words()
    controls, before, after = st.columns([4, 3, 3], gap="medium")
    with controls:
        word = choose_word(tr("Word to turn up or down"), words, "turned")
        factor = ask(
            st.slider,
            tr("Its weights, times"),
            real("factor", BEGIN, LEAST, MOST),
            step=0.5,
            format="%g",
            help=tr(
                "1 leaves all as it is; 0 takes nothing from the word’s own tokens, though later "
                "ones have read it; below 0 turns their part around."
            ),
        )
        st.markdown(
            tr(
                "In every layer and at every call, what each place takes from this word is "
                "multiplied. The other weights stay, so that shares no longer add up to 100 %."
            )
        )
    show_picture(before, seen.picture, tr("As it is"))
    request = running_example()
    slot = wait_for(after, tr("Times {factor:g}", factor=factor))
    work = EditedAttentionWork(request.model, request, Reweight(word.positions, factor))
    picture = read(work.validated(), tr("U-Net call"))
    fill(slot, picture, tr("Times {factor:g}", factor=factor))
    st.caption(
        tr(
            "Same first noise, {distance:.1f} of 255 apart on average. Only the "
            "prompt’s half of guidance is changed, only cross-attention.",
            distance=apart(seen.picture, picture),
        )
    )
