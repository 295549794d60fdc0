"""What the looks that change attention share: the prompt's words, and pictures to come."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.errors import ExplainerError
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import ENDS, told_apart
from core.models.token_words import PlacedWord, placed_words
from core.ui.address import ask, one_of
from core.ui.made import png
from core.ui.running_example import running_example
from core.ui.tokenizing import tokenizer_of
from core.words import tr


def prompt_words() -> tuple[PlacedWord, ...]:
    """Return the words of the running example's prompt, where they stand.

    Raises:
        ExplainerError: there are none.
    """
    request, tokens = running_example(), prompt_tokens()
    words = placed_words(tokenizer_of(request.model)[0], request.prompt, len(tokens.ids) - 2)
    if not words:
        raise ExplainerError(tr("There are no words in the prompt."), tr("Type some above."))
    return words


def choose_word(label: str, words: tuple[PlacedWord, ...], name: str) -> PlacedWord:
    """Ask for a word; at first the last one before a place or a background begins.

    Args:
        label: of the widget.
        words: to choose from.
        name: in the address.
    """
    stop = next(
        (at for at, word in enumerate(words) if at and word.text.lower() in ENDS), len(words)
    )
    texts = told_apart([word.text for word in words])
    field = one_of(name, range(len(texts)), stop - 1, texts.__getitem__)
    return words[ask(st.selectbox, label, field, format_func=texts.__getitem__)]


def show_picture(column: DeltaGenerator, picture: NDArray[np.uint8], name: str) -> None:
    """Show a picture that is there.

    Args:
        column: where.
        picture: (H, W, 3).
        name: above it.
    """
    fill(wait_for(column, name), picture, name)


def wait_for(column: DeltaGenerator, name: str) -> DeltaGenerator:
    """Return the place of a picture that is yet to come.

    Args:
        column: where.
        name: above it.
    """
    column.markdown(f"**{name}**")
    slot = column.empty()
    slot.skeleton(height=240)
    return slot


def fill(slot: DeltaGenerator, picture: NDArray[np.uint8], name: str) -> None:
    """Put a picture into its place.

    Args:
        slot: from ``wait_for``.
        picture: (H, W, 3).
        name: what it is, for whoever does not see it.
    """
    slot.image(png(picture), width="stretch", output_format="PNG", alt=name)
