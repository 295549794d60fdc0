"""The map of several tokens together."""

from collections.abc import Sequence

import streamlit as st

from core.ideas.attention_maps import phrase_map
from core.lessons.attention.maps_data import Entry, entries_of
from core.lessons.attention.means_data import say_mean
from core.lessons.attention.reads_data import heat_picture, scale_end
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import (
    ENDS,
    ask_for_outline,
    choose_entries,
    choose_layers,
    say_percent,
)
from core.models.attention_seen import AttentionSeen
from core.ui.made import png
from core.words import tr

FORMULAS = (phrase_map,)


def show(seen: AttentionSeen) -> None:
    """Show the map of several tokens together.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    words, place = st.columns([2, 1], gap="medium")
    with words:
        chosen = choose_entries(tr("Tokens of the phrase"), entries, phrase_of(entries), "phrase")
    with place:
        layers = choose_layers(seen)
    if not chosen:
        st.caption(tr("Choose at least one token."))
        return
    maps = seen.mean(layers)
    positions = [at for one in chosen for at in entries[one].positions]
    heat = phrase_map(maps, positions)
    limit = scale_end(heat)
    outline = ask_for_outline(heat)
    left, right, _ = st.columns(3, gap="medium")
    with left:
        st.text(" ".join(entries[at].said for at in chosen))
        st.image(
            png(heat_picture(seen.picture, heat, limit, outline)), width="stretch",
            output_format="PNG", alt=tr("The map of the phrase"),
        )  # fmt: skip
    with right:
        st.metric(tr("of all attention"), say_percent(heat.mean()))
        st.metric(tr("at the place that takes most"), say_percent(heat.max()))
    st.caption(
        tr(
            "{seen} The weights of one softmax are shares of one whole, so they "
            "add up. The scale ends at {limit}; it is this phrase’s own.",
            seen=say_mean(seen, layers),
            limit=say_percent(limit),
        )
    )


def phrase_of(entries: Sequence[Entry]) -> list[int]:
    """Return the tokens up to where a place or a background begins.

    Args:
        entries: of a prompt.
    """
    words = [at for at, entry in enumerate(entries) if entry.kind == "word"]
    stop = next((n for n, at in enumerate(words) if n and entries[at].label in ENDS), len(words))
    return words[:stop]
