"""The pages' own tokenizer: read once for the whole process, apart from the engine's."""

import os
from pathlib import Path
from typing import Any

import streamlit as st
from tokenizers import Tokenizer

from core.models.config_files import read_config
from core.models.text_facts import TextFacts, read_text_facts
from core.models.tokens import Tokens, load_tokenizer, read_pad_id, tokenize
from core.ui.model_folder import model_folder

Files = tuple[tuple[str, int, int], ...]


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


def scheduler_config(model: str) -> dict[str, Any]:  # Any: what JSON holds
    """Return the scheduler config of a model: the noise schedule that it was trained with.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    return read_config(model_folder(model), "scheduler")


def tokenizer_of(model: str) -> tuple[Tokenizer, int]:
    """Return a model's tokenizer, read once while its files stay as they are, and its pad id.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine, or its tokenizer is damaged.
    """
    folder = model_folder(model) / "tokenizer"
    return _tokenizer(folder, files_of(folder))


def files_of(folder: Path) -> Files:
    """Return names, bytes and times of a folder's files: other files, or newer ones, differ in it.

    Args:
        folder: one that need not exist.
    """
    try:
        with os.scandir(folder) as found:
            facts = ((file.name, file.stat()) for file in found)
            return tuple(sorted((name, fact.st_size, fact.st_mtime_ns) for name, fact in facts))
    except OSError:
        return ()


@st.cache_resource(max_entries=4, show_spinner=False)
def _tokenizer(folder: Path, files: Files) -> tuple[Tokenizer, int]:
    tokenizer = load_tokenizer(folder)
    return tokenizer, read_pad_id(folder, tokenizer)
