"""The prompt in pieces as it is typed; imports no torch."""

import html

import streamlit as st

from core.engine.request import Request
from core.ideas.byte_pairs import Pair
from core.lessons.tokens.pieces_data import pieces_data
from core.models.token_words import read_merges, words_of
from core.ui.component import mount
from core.ui.model_folder import model_folder
from core.ui.tokenizing import Files, facts_of, files_of, tokenizer_of, tokens_of
from core.words import tr

LIVE = "120ms"  # pause in typing after which the words are read


def show_pieces(request: Request) -> None:
    """Show what a prompt falls into, piece by piece.

    Args:
        request: whose prompt it is.

    Raises:
        ExplainerError: the model is not on this machine, or its tokenizer is damaged.
    """
    tokenizer, _ = tokenizer_of(request.model)
    tokens = tokens_of(request.prompt, request.model)
    words = words_of(tokenizer, request.prompt)
    mount(
        "tokens/pieces",
        pieces_data(
            tokens,
            words,
            _merges(request.model, files_of(model_folder(request.model) / "tokenizer")),
        ),
    )
    facts = facts_of(request.model)
    if facts.readers > 1:
        st.caption(
            tr(
                "This model has {readers} text encoders, each with a tokenizer of its own. This "
                "page shows the first. The U-Net reads the last but one layer of both, beside each "
                "other, and the whole prompt as one vector of the second.",
                readers=facts.readers,
            )
        )
    if html.unescape(request.prompt) != request.prompt:
        st.caption(
            tr(
                "OpenAI's own tokenizer first turns HTML entities such as `&amp;` into their "
                "characters. The one that pipelines load today does not: your words are read as "
                "typed."
            )
        )


@st.cache_resource(max_entries=4, show_spinner=False)
def _merges(model: str, files: Files) -> dict[Pair, int]:
    return read_merges(tokenizer_of(model)[0])
