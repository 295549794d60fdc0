"""All positions as a strip, with the tables and tensors behind a toggle; imports no torch."""

import streamlit as st

from core.ideas.byte_pairs import merge_steps
from core.lessons.tokens.positions_data import (
    OWN,
    position_rows,
    strip_data,
    tensor_text,
    unique_rows,
)
from core.models.text_facts import TextFacts
from core.models.tokens import Tokens
from core.ui.address import ask, switch
from core.ui.component import mount
from core.ui.running_example import running_example
from core.ui.tables import show_table
from core.ui.tokenizing import facts_of, tokens_of
from core.words import tr

FORMULAS = (merge_steps,)


def show() -> None:
    """Show the running example's prompt as the text encoder gets it.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    request = running_example()
    table_of(request.prompt, request.model, "prompt")


def show_more() -> None:
    """Say which tokenizer this is not."""
    st.caption(
        tr(
            "OpenAI's own tokenizer also repairs text before it reads it (HTML entities, curly "
            "quotes, ligatures, broken encodings), and older versions of the transformers library "
            "did so where ftfy was installed. Today's does not, and neither does this page."
        )
    )


def table_of(words: str, model: str, name: str, whose: str = OWN) -> None:
    """Show one prompt's positions as a strip, and as tables and tensors where asked for.

    Args:
        words: any text.
        model: the model's id in the catalog.
        name: of the prompt; part of the files' names.
        whose: words they are.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    tokens, facts = tokens_of(words, model), facts_of(model)
    mount("tokens/positions", strip_data(tokens, facts.passes_mask, whose))
    st.markdown(say_padding(tokens, facts))
    if not ask(st.toggle, tr("As tables and tensors"), switch(f"tables_{name}")):
        return
    rows = position_rows(tokens, facts.passes_mask, whose)
    show_table(rows, f"tokens-{name}", tr("Every position with its token and mask"))
    st.caption(tr("Each token once"))
    show_table(unique_rows(tokens), f"unique-{name}", tr("Each token with its id"))
    length = len(tokens.ids)
    st.caption(f"input_ids, 1 × {length}")
    st.code(tensor_text(tokens.ids), language="python", wrap_lines=True)
    st.caption(tr("attention_mask, 1 × {length}: the padding mask", length=length))
    st.code(tensor_text(tokens.mask), language="python", wrap_lines=True)


def say_padding(tokens: Tokens, facts: TextFacts) -> str:
    """Say in our own words how this model pads, and whether it hands the padding mask on.

    Args:
        tokens: any prompt of it.
        facts: from its configs.
    """
    end = tokens.ids[tokens.used + 1]
    if tokens.pad_id == end:
        said = tr(
            "**This model pads with the end token itself, {end}.** The mask cannot be read off "
            "the ids: the first of them ends your words, the others fill up.",
            end=end,
        )
    else:
        said = tr(
            "**This model pads with id {pad_id}**, not with the end token {end}.",
            pad_id=tokens.pad_id,
            end=end,
        )
    if facts.passes_mask:
        said += tr(" Its config asks for the padding mask, so the text encoder gets it.")
    else:
        said += tr(
            " The padding mask exists, but nobody hands it on: the text encoder gets `None` in its "
            "place, and reads all {positions} positions.",
            positions=facts.positions,
        )
    if facts.readers > 1:
        said += tr(
            " This model has {readers} tokenizers and text encoders; shown is the first. "
            "The others may pad with another id.",
            readers=facts.readers,
        )
    return said
