"""The mask truth: the two masks, what each does to the outputs, and to the picture."""

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine.request import MAX_PROMPT, Request
from core.engine.works.texts import TextWork
from core.ideas.causal_attention import causal_attention
from core.ideas.picture_likeness import apart
from core.ideas.text_geometry import relative_change
from core.lessons.tokens.charts_data import change_chart, change_rows, mask_grids
from core.lessons.tokens.grids_data import grid_data
from core.lessons.tokens.pictures import show_pictures
from core.models.token_words import words_of
from core.models.tokens import Tokens
from core.ui.address import ask, numbered, switch, text
from core.ui.component import mount
from core.ui.made import chart
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tables import as_table
from core.ui.tokenizing import facts_of, tokenizer_of, tokens_of
from core.views.numbers import count
from core.words import tr

FORMULAS = (causal_attention, relative_change)

PICTURE_WIDTH = 560  # CSS pixels, for the two pictures together


def show() -> None:
    """Show which mask is really applied, and what passing the other one on changes."""
    request = running_example()
    facts = facts_of(request.model)
    passed = ask(
        st.toggle,
        tr("Pass the padding mask on as well"),
        switch("mask", facts.passes_mask or request.padding_mask),
        disabled=facts.passes_mask,
        help=tr("Stable Diffusion does not, unless the text encoder's config asks for it."),
    )
    tokens = tokens_of(request.prompt, request.model)
    mount("tokens/grids", grid_data(mask_grids(tokens, passed)))
    if not passed:
        st.markdown(
            tr(
                "**Nobody reads ahead, and no padding is hidden.** Padding stands last, so it "
                "reads "
                "all your words, and the U-Net reads all the outputs, padding included. "
                "**Turn the switch on** to see what the padding mask would change."
            )
        )
    elif facts.passes_mask:
        st.markdown(tr("This model's config asks for the padding mask, so it is always passed on."))
    else:
        _show_what_the_mask_changes(request)
    st.header(tr("Change one word"), anchor=False)
    _show_changed_word(request)


def _show_what_the_mask_changes(request: Request) -> None:
    tokens = tokens_of(request.prompt, request.model)
    padding = len(tokens.ids) - sum(tokens.mask)
    if padding:
        plain = read(TextWork(request.model, (request.prompt,)))
        masked = read(TextWork(request.model, (request.prompt,), padding_mask=True))
        change = relative_change(plain.last[0], masked.last[0])
        _show_change(tokens, change, "mask")
        moved, own = change > 0, np.array(tokens.mask, bool)
        st.markdown(
            tr(
                "**{moved} of {padding_outputs} moved, and "
                "{others_moved} of the {others} others.** Your own words never look at the "
                "padding behind them, so hiding it changes nothing for them.",
                moved=(moved & ~own).sum(),
                padding_outputs=count(padding, "padding output"),
                others_moved=(moved & own).sum(),
                others=own.sum(),
            )
        )
    else:
        st.markdown(
            tr(
                "**Your words fill all {places} places:** there is no padding behind "
                "them that a mask could hide.",
                places=len(tokens.ids) - 2,
            )
        )
    with st.container(width=PICTURE_WIDTH):
        first, second = show_pictures(
            [replace(request, padding_mask=passed) for passed in (False, True)],
            [tr("No mask passed: Stable Diffusion's way"), tr("Padding mask passed, same seed")],
        )
    far = apart(first, second)
    if far:
        whose = (
            tr("of your words and of the negative prompt")
            if padding
            else tr("of the negative prompt")
        )
        st.markdown(
            tr(
                "A pixel differs by **{far:.2g} of 255** on average: the U-Net does listen to "
                "padding, {whose}.",
                far=far,
                whose=whose,
            )
        )
    else:
        st.markdown(
            tr("**The pictures are the same:** here there is no padding that could be hidden.")
        )


def _show_changed_word(request: Request) -> None:
    """Let one word be another, and show whose outputs notice."""
    used = tokens_of(request.prompt, request.model).used
    words = words_of(tokenizer_of(request.model)[0], request.prompt)[:used]
    if not words:
        st.markdown(tr("Type some words above first."))
        return
    choose, instead = st.columns(2)
    with choose:
        at = ask(
            st.selectbox,
            tr("This word"),
            numbered("word", len(words), len(words) - 1),
            format_func=lambda place: f"{place + 1}: {words[place].text}",
        )
    with instead:
        new = ask(st.text_input, tr("becomes"), text("becomes", "banana", MAX_PROMPT))
    texts = [new if place == at else word.text for place, word in enumerate(words)]
    before = " ".join(word.text for word in words)
    reading = read(TextWork(request.model, (before, " ".join(texts))))
    change = relative_change(*reading.last)
    _show_change(reading.tokens[0], change, "word")
    moved = np.flatnonzero(change)
    if len(moved):
        st.markdown(
            tr(
                "**Position {position} is the first that notices.** What stands before it stays as "
                "it was, to the last digit; `<start>` can never know what follows.",
                position=moved[0],
            )
        )
    else:
        st.markdown(tr("**Nothing moved:** of both texts the encoder reads the same pieces."))


def _show_change(tokens: Tokens, change: NDArray[np.floating], name: str) -> None:
    rows = change_rows(tokens, change)
    st.altair_chart(
        chart(("change", str(rows)), lambda: change_chart(rows)),
        alt=tr("How far each position's output moved"),
    )
    as_table(rows, f"change-{name}", tr("How far each position's output moved, in numbers"))
