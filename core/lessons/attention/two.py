"""The maps of two tokens on one scale, and their difference."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.lessons.attention.maps_data import Entry, entries_of, entry_maps, first_entry
from core.lessons.attention.means_data import say_mean
from core.lessons.attention.reads_data import alike, difference_picture, heat_picture, scale_end
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import ask_for_outline, choose_entry, choose_layers, say_percent
from core.models.attention_seen import AttentionSeen
from core.ui.made import png
from core.words import tr


def show(seen: AttentionSeen) -> None:
    """Show the maps of two tokens on one scale, and where one is above the other.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    columns = st.columns(3, gap="medium")
    first = first_entry(seen, entries)
    with columns[0]:
        one = choose_entry(tr("One token"), entries, first, "one")
    with columns[1]:
        other = choose_entry(tr("Another"), entries, other_than(first, entries), "other")
    with columns[2]:
        layers = choose_layers(seen)
    maps = entry_maps(seen.mean(layers), entries)[[one, other]]
    limit, apart = scale_end(maps), scale_end(np.abs(maps[0] - maps[1]))
    outline = ask_for_outline(maps)
    pictures = (
        heat_picture(seen.picture, maps[0], limit, outline),
        heat_picture(seen.picture, maps[1], limit, outline),
        difference_picture(seen.picture, maps[0], maps[1], apart, outline),
    )
    names = (entries[one].said, entries[other].said, tr("The first less the second"))
    for column, name, picture in zip(st.columns(3, gap="medium"), names, pictures, strict=True):
        with column:
            st.text(name)
            st.image(png(picture), width="stretch", output_format="PNG", alt=name)
    st.markdown(
        tr(
            "**The two maps correlate with {correlation}:** 1 is the same shape, −1 the opposite "
            "one.",
            correlation=_signed(alike(maps[0], maps[1])),
        )
    )
    st.caption(
        tr(
            "{seen} Both maps end at {limit}. The difference: "
            "red-brown where the first is higher, blue where it is lower, white at 0, to "
            "±{apart}.",
            seen=say_mean(seen, layers),
            limit=say_percent(limit),
            apart=say_percent(apart),
        )
    )


def other_than(first: int, entries: Sequence[Entry]) -> int:
    """Return another token to compare with: the last word, or the one before it.

    Args:
        first: the one that it is compared with.
        entries: of a prompt.
    """
    words = [at for at, entry in enumerate(entries) if entry.kind == "word" and at != first]
    return words[-1] if words else len(entries) - 1


def _signed(number: float | NDArray[np.floating]) -> str:
    return f"{float(number):.2f}".replace("-", "−")
