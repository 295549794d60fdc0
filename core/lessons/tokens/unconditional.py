"""The other half of guidance: the negative prompt, empty as a rule, through the same table."""

import streamlit as st

from core.ideas.guidance import guide
from core.lessons.tokens.positions import table_of
from core.models.tokens import Tokens
from core.ui.errors import show_note
from core.ui.running_example import running_example
from core.ui.settings import negative_box
from core.ui.tokenizing import facts_of, tokens_of
from core.words import tr

FORMULAS = (guide,)


def show() -> None:
    """Show the negative prompt as the text encoder gets it.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    negative_box()
    request = running_example()
    tokens = tokens_of(request.negative, request.model)
    zeros = facts_of(request.model).empty_is_zero
    st.markdown(say_second_question(tokens, request.guidance, zeros))
    if tokens.cut:
        show_note(
            tr(
                "The model reads {used} tokens and these are {count}. Cut off:",
                used=tokens.used,
                count=tokens.count,
            ),
            tokens.cut.strip(),
            icon=":material/content_cut:",
        )
    table_of(request.negative, request.model, "negative", tr("the negative prompt"))


def say_second_question(tokens: Tokens, w: float, empty_is_zero: bool) -> str:
    """Say in our own words what guidance does with the negative prompt.

    Args:
        tokens: of the negative prompt.
        w: guidance weight; 1 is none.
        empty_is_zero: whether the model is given zeros in place of an empty negative prompt.
    """
    if w == 1:
        return tr("**At guidance 1 nobody asks this.** The network is asked with your words alone.")
    asks = (
        tr("**Guidance asks twice:** once with your words, once with these.")
        if tokens.count
        else tr(
            "**No words are nothing to this model:** guidance asks the network a second time with "
            "zeros in place of these {tokens} rows.",
            tokens=len(tokens.ids),
        )
        if empty_is_zero
        else tr(
            "**No words are {tokens} tokens too:** start, end, and padding. Guidance "
            "asks the network a second time with them.",
            tokens=len(tokens.ids),
        )
    )
    if w == 0:
        return tr(
            "{asks} At w = 0 it stays at this second answer: your words are forgotten.", asks=asks
        )
    if w < 1:
        return tr(
            "{asks} At w = {w:g} it walks from this second answer part of the way to the first.",
            asks=asks,
            w=w,
        )
    return tr(
        "{asks} At w = {w:g} it walks from this second answer through the first, and on: "
        "{w:g} times as far.",
        asks=asks,
        w=w,
    )
