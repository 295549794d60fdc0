"""All positions as a table, beside the tensors as they are; imports no torch."""

import streamlit as st

from core.models.text_facts import TextFacts
from core.models.tokens import Tokens
from core.ui.running_example import running_example
from core.ui.tables import offer_csv
from core.ui.tokenizing import facts_of, tokens_of
from core.views.token_table import position_rows, tensor_text, unique_rows

TALL = 420  # CSS pixels


def show_table() -> None:
    """Show the running example's prompt as the text encoder gets it.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    request = running_example()
    table_of(request.prompt, request.model, "prompt")


def table_of(words: str, model: str, name: str) -> None:
    """Show one prompt's positions and tensors.

    Args:
        words: any text.
        model: the model's id in the catalog.
        name: tells the widgets of two tables apart; part of the file's name.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    tokens, facts = tokens_of(words, model), facts_of(model)
    rows = position_rows(tokens, facts.passes_mask)
    table, tensors = st.columns([5, 4], gap="large")
    with table:
        st.dataframe(
            rows, hide_index=True, height=TALL, alt="Every position with its token and mask",
            key=f"table_{name}",
        )  # fmt: skip
        offer_csv(rows, f"tokens-{name}")
        st.caption("Each token once")
        st.dataframe(
            unique_rows(tokens), hide_index=True, alt="Each token with its id",
            key=f"unique_{name}",
        )  # fmt: skip
    with tensors:
        _show_tensors(tokens)
    st.markdown(say_padding(tokens, facts))


def say_padding(tokens: Tokens, facts: TextFacts) -> str:
    """Say in our own words how this model pads, and whether it hands the padding mask on.

    Args:
        tokens: any prompt of it.
        facts: from its configs.
    """
    end = tokens.ids[tokens.used + 1]
    if tokens.pad_id == end:
        said = (
            f"**This model pads with the end token itself, {end}.** The mask cannot be read off "
            "the ids: the first of them ends your words, the others fill up."
        )
    else:
        said = f"**This model pads with id {tokens.pad_id}**, not with the end token {end}."
    if facts.passes_mask:
        said += " Its config asks for the padding mask, so the text encoder gets it."
    else:
        said += (
            " The padding mask exists, but nobody hands it on: the text encoder gets `None` in its "
            f"place, and reads all {facts.positions} positions."
        )
    if facts.readers > 1:
        said += (
            f" This model has {facts.readers} tokenizers and text encoders; shown is the first. "
            "The others may pad with another id."
        )
    return said


def _show_tensors(tokens: Tokens) -> None:
    length = len(tokens.ids)
    st.caption(f"input_ids, 1 × {length}")
    st.code(tensor_text(tokens.ids), language="python", wrap_lines=True)
    st.caption(f"attention_mask, 1 × {length}: the padding mask")
    st.code(tensor_text(tokens.mask), language="python", wrap_lines=True)
