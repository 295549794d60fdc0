"""The pages' own tokenizer: read once for the whole process, apart from the engine's."""

from pathlib import Path

import streamlit as st
from tokenizers import Tokenizer

from core.models.folders import find_checkpoint
from core.models.text_facts import TextFacts, read_text_facts
from core.models.tokens import Tokens, load_tokenizer, read_pad_id, tokenize


def tokens_of(prompt: str, model: str) -> Tokens:
    """Return a prompt as a model's text encoder reads it.

    Args:
        prompt: any text.
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine, or its tokenizer is damaged.
    """
    tokenizer, pad_id = tokenizer_of(model)
    return tokenize(tokenizer, prompt, pad_id, facts_of(model).positions)


def text_width(model: str) -> int:
    """Return how many numbers a model's text encoder makes of each token.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    return facts_of(model).width


def facts_of(model: str) -> TextFacts:
    """Return how a model reads text.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    return read_text_facts(model_folder(model))


def model_folder(model: str) -> Path:
    """Return the folder that a model's files are in.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine.
    """
    return find_checkpoint(model)[1]


@st.cache_resource(max_entries=4, show_spinner=False)
def tokenizer_of(model: str) -> tuple[Tokenizer, int]:
    """Return a model's tokenizer, read once, and the id that it pads with.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine, or its tokenizer is damaged.
    """
    folder = model_folder(model)
    tokenizer = load_tokenizer(folder / "tokenizer")
    return tokenizer, read_pad_id(folder / "tokenizer", tokenizer)
