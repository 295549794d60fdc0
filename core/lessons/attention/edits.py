"""Attention that is changed on the way: a word turned up, a word swapped; beside the plain run."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.engine.looks.attention import EditedAttentionLook, Reweight, Swap
from core.engine.request import MAX_PROMPT
from core.errors import ExplainerError
from core.ideas.picture_likeness import apart
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import ENDS, key_of
from core.models.attention_seen import AttentionSeen
from core.models.token_words import PlacedWord, placed_words
from core.ui.looking import read
from core.ui.running_example import running_example
from core.ui.tokenizing import tokenizer_of

LEAST, MOST, BEGIN = -2.0, 10.0, 5.0  # what a word is multiplied with
NEW_WORD = "panda"


def show_reweight(seen: AttentionSeen) -> None:
    """Show the picture with a word's weights multiplied, beside the picture as it is.

    Args:
        seen: the run.

    Raises:
        ExplainerError: the engine could not do it.
    """
    words = _words()
    controls, before, after = st.columns([4, 3, 3], gap="medium")
    with controls:
        word = _choose_word("Word to turn up or down", words, "attention_turned")
        factor = st.slider(
            "Its weights, times", LEAST, MOST, BEGIN, 0.5, format="%g", key="attention_factor",
            help="1 leaves all as it is; 0 takes nothing from the word’s own tokens, though later "
            "ones have read it; below 0 turns their part around.",
        )  # fmt: skip
        st.markdown(
            "In every layer and at every call, what each place takes from this word is "
            "multiplied. The other weights stay, so that shares no longer add up to 100 %."
        )
    _show(before, seen.picture, "As it is")
    request = running_example()
    slot = _wait(after, f"Times {factor:g}")
    look = EditedAttentionLook(request.model, request, Reweight(word.positions, factor))
    picture = read(look.validated(), "U-Net call")
    _fill(slot, picture, f"Times {factor:g}")
    st.caption(
        f"Same first noise, {apart(seen.picture, picture):.1f} of 255 apart on average. Only the "
        "prompt’s half of guidance is changed, only cross-attention."
    )


def show_swap(seen: AttentionSeen) -> None:
    """Show another prompt drawn with the first one's attention, beside it and beside itself.

    Args:
        seen: the run.

    Raises:
        ExplainerError: the prompts cannot be compared, or the engine could not do it.
    """
    words, request = _words(), running_example()
    first, second, third = st.columns(3, gap="medium", vertical_alignment="bottom")
    with first:
        word = _choose_word("Replace", words, "attention_replaced")
    with second:
        new = st.text_input("With", NEW_WORD, max_chars=MAX_PROMPT, key="attention_new").strip()
    with third:
        percent = st.slider(
            "First part of the calls, %", 0, 100, 60, 10, key="attention_share",
            help="In this part of the run the new picture looks where the first one looked.",
        )  # fmt: skip
    if not new:
        raise ExplainerError("There is no new word.", "Type one.")
    start, end = word.span
    prompt = f"{request.prompt[:start]}{new}{request.prompt[end:]}"
    st.text(f"{request.prompt.strip()}  →  {prompt.strip()}")
    columns = st.columns(3, gap="medium")
    _show(columns[0], seen.picture, "Your words")
    slots = [_wait(columns[1], "New word, old attention"), _wait(columns[2], "New words alone")]
    pictures = []
    for slot, share, name in zip(
        slots, (percent / 100, 0.0), ("New word, old attention", "New words alone"), strict=True
    ):
        look = EditedAttentionLook(request.model, request, Swap(prompt, share)).validated()
        pictures.append(read(look, "U-Net call"))
        _fill(slot, pictures[-1], name)
    st.markdown(
        "**All three begin with the same noise.** In the middle, every place asks the new words, "
        f"but for the first {percent} % of the calls it shares its attention out as the first "
        "picture did. That is meant to keep the layout; the right picture shows what the new "
        "prompt draws by itself."
    )
    st.caption(
        f"Old attention moved the new picture by {apart(*pictures):.1f} of 255 on average. A model "
        "that takes the layout from the noise more than from the words shows little. Where the new "
        "word has another number of tokens, the weights are spread evenly over them."
    )


def _words() -> tuple[PlacedWord, ...]:
    request, tokens = running_example(), prompt_tokens()
    words = placed_words(tokenizer_of(request.model)[0], request.prompt, len(tokens.ids) - 2)
    if not words:
        raise ExplainerError("There are no words in the prompt.", "Type some above.")
    return words


def _choose_word(label: str, words: tuple[PlacedWord, ...], key: str) -> PlacedWord:
    stop = next(
        (at for at, word in enumerate(words) if at and word.text.lower() in ENDS), len(words)
    )
    texts = [word.text for word in words]
    at = st.selectbox(
        label, range(len(words)), stop - 1, key=key_of(key, texts),
        format_func=lambda at: texts[at]
        if texts.count(texts[at]) == 1
        else f"{texts[at]} ({1 + texts[:at].count(texts[at])})",
    )  # fmt: skip
    return words[at]


def _show(column: DeltaGenerator, picture: NDArray[np.uint8], name: str) -> None:
    _fill(_wait(column, name), picture, name)


def _wait(column: DeltaGenerator, name: str) -> DeltaGenerator:
    column.markdown(f"**{name}**")
    slot = column.empty()
    slot.skeleton(height=240)
    return slot


def _fill(slot: DeltaGenerator, picture: NDArray[np.uint8], name: str) -> None:
    slot.image(picture, width="stretch", output_format="PNG", alt=name)
