"""Words beside each other: who gets how much, two maps, a phrase, the strongest word."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.ideas.attention_maps import phrase_map
from core.lessons.attention.maps_data import Entry, entries_of, entry_maps, first_entry
from core.lessons.attention.means_data import layer_choices, say_mean, say_mean_of_places
from core.lessons.attention.reads_data import (
    alike,
    budget,
    budget_chart,
    budget_rows,
    difference_picture,
    heat_picture,
    region_pictures,
    scale_end,
)
from core.lessons.attention.run import prompt_tokens
from core.models.attention_seen import AttentionSeen
from core.ui.tables import offer_csv

_LAYERS = "attention_layers"
ENDS = ("on", "in", "with", "at", "under", "near", ",", ".")


def show_budget(seen: AttentionSeen) -> None:
    """Show how much of the softmax goes to start, words, end and padding, call by call.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    start, own, end, padding = budget(seen, entries).mean(axis=0)
    st.markdown(
        f"**Of all attention, {say_percent(own)} goes to your words**; {say_percent(start)} to the "
        f"start token, {say_percent(end)} to the end, {say_percent(padding)} to the padding. "
        "Nothing hides start and padding from the network: a common reading is that "
        "they take what no word is needed for, and the padding has read the whole prompt."
    )
    st.altair_chart(
        budget_chart(seen, entries), alt="Share of start, words, end and padding at each call"
    )
    st.caption(say_mean_of_places(seen))
    rows = budget_rows(seen, entries)
    if st.toggle("As a table", key="attention_budget_table"):
        st.dataframe(rows, hide_index=True, alt="Share of start, words, end and padding")
    offer_csv(rows, "attention-budget")


def show_two(seen: AttentionSeen) -> None:
    """Show the maps of two tokens on one scale, and where one is above the other.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    columns = st.columns(3, gap="medium")
    first = first_entry(seen, entries)
    with columns[0]:
        one = choose_entry("One token", entries, first, "attention_one")
    with columns[1]:
        other = choose_entry("Another", entries, other_than(first, entries), "attention_other")
    with columns[2]:
        layers = choose_layers(seen)
    maps = entry_maps(seen.mean(layers), entries)[[one, other]]
    limit, apart = scale_end(maps), scale_end(np.abs(maps[0] - maps[1]))
    outline = _ask_for_outline(maps)
    pictures = (
        heat_picture(seen.picture, maps[0], limit, outline),
        heat_picture(seen.picture, maps[1], limit, outline),
        difference_picture(seen.picture, maps[0], maps[1], apart, outline),
    )
    names = (entries[one].label, entries[other].label, "The first less the second")
    for column, name, picture in zip(st.columns(3, gap="medium"), names, pictures, strict=True):
        with column:
            st.text(name)
            st.image(picture, width="stretch", output_format="PNG", alt=name)
    st.markdown(
        f"**The two maps correlate with {_signed(alike(maps[0], maps[1]))}:** 1 is the same shape, "
        "−1 the opposite one."
    )
    st.caption(
        f"{say_mean(seen, layers)} Both maps end at {say_percent(limit)}. The difference: "
        "red-brown where the first is higher, blue where it is lower, white at 0, to "
        f"±{say_percent(apart)}."
    )


def show_phrase(seen: AttentionSeen) -> None:
    """Show the map of several tokens together.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    words, place = st.columns([2, 1], gap="medium")
    with words:
        chosen = choose_entries("Tokens of the phrase", entries, phrase_of(entries), "phrase")
    with place:
        layers = choose_layers(seen)
    if not chosen:
        st.caption("Choose at least one token.")
        return
    maps = seen.mean(layers)
    positions = [at for one in chosen for at in entries[one].positions]
    heat = phrase_map(maps, positions)
    limit = scale_end(heat)
    outline = _ask_for_outline(heat)
    left, right, _ = st.columns(3, gap="medium")
    with left:
        st.text(" ".join(entries[at].label for at in chosen))
        st.image(
            heat_picture(seen.picture, heat, limit, outline), width="stretch",
            output_format="PNG", alt="The map of the phrase",
        )  # fmt: skip
    with right:
        st.metric("of all attention", say_percent(heat.mean()))
        st.metric("at the place that takes most", say_percent(heat.max()))
    st.caption(
        f"{say_mean(seen, layers)} The weights of one softmax are shares of one whole, so they "
        f"add up. The scale ends at {say_percent(limit)}; it is this phrase’s own."
    )


def show_regions(seen: AttentionSeen) -> None:
    """Cut the picture up among words.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    words, place = st.columns([2, 1], gap="medium")
    start = [at for at, entry in enumerate(entries) if entry.kind == "word"]
    with words:
        chosen = choose_entries("Tokens that compete", entries, start, "regions")
    with place:
        layers = choose_layers(seen)
    if len(chosen) < 2:
        st.caption("Choose at least two tokens.")
        return
    maps = entry_maps(seen.mean(layers), entries)[chosen]
    pictures, shares = region_pictures(seen.picture, maps)
    order = sorted(range(len(chosen)), key=lambda at: -shares[at])
    winners = [at for at in order if shares[at] > 0][:8]
    for column, at in zip(st.columns(max(4, len(winners))), winners, strict=False):
        with column:
            st.text(f"{entries[chosen[at]].label}: {100 * shares[at]:.0f} %")
            st.image(
                pictures[at], width="stretch", output_format="PNG",
                alt="Where this token is the strongest",
            )  # fmt: skip
    st.markdown(
        "**Each place goes to the token that it takes most from**, however narrowly it wins, and "
        "even if start or padding get far more. This looks like finding objects, but nobody "
        "trained it to: names of regions are not what these weights are for."
    )
    never = [entries[at].label for at, share in zip(chosen, shares, strict=True) if share == 0]
    st.caption(f"{say_mean(seen, layers)} In colour: where the token is the strongest.")
    if never:
        st.text(f"Strongest nowhere: {', '.join(never)}")


def choose_layers(seen: AttentionSeen) -> list[int]:
    """Ask for the layers to average, the same for all looks; at first all of them.

    Args:
        seen: the run.
    """
    choices = layer_choices(seen)
    return choices[st.selectbox("Layers, averaged", list(choices), key=_LAYERS)]


def _ask_for_outline(maps: NDArray[np.floating]) -> bool:
    """Ask whether the picture's outline is laid over maps, and say that it is no part of them."""
    rows, columns = maps.shape[-2:]
    return st.toggle(
        f"Outline: the picture; the map has {rows}×{columns} places", True, key="attention_outline"
    )


def choose_entry(label: str, entries: Sequence[Entry], begin: int, key: str) -> int:
    """Ask for a token.

    Args:
        label: of the widget.
        entries: to choose from.
        begin: the one to begin with.
        key: of the widget.
    """
    names = entry_names(entries)
    return st.selectbox(
        label, range(len(entries)), min(begin, len(entries) - 1),
        format_func=lambda at: names[at], key=key_of(key, names),
    )  # fmt: skip


def choose_entries(
    label: str, entries: Sequence[Entry], begin: Sequence[int], key: str
) -> list[int]:
    """Ask for several tokens.

    Args:
        label: of the widget.
        entries: to choose from.
        begin: those to begin with.
        key: of the widget.
    """
    names = entry_names(entries)
    return st.multiselect(
        label, range(len(entries)), list(begin), format_func=lambda at: names[at],
        key=key_of(f"attention_{key}", names),
    )  # fmt: skip


def key_of(key: str, names: Sequence[str]) -> str:
    """Name a widget by what it offers: another prompt's tokens make another widget.

    Args:
        key: of the widget.
        names: of all that can be chosen, which people typed; only their digest is told.
    """
    digest = hashlib.sha256(json.dumps(list(names)).encode("ascii")).hexdigest()
    return f"{key}_{digest[:16]}"


def entry_names(entries: Sequence[Entry]) -> list[str]:
    """Name tokens so that two alike can be told apart.

    Args:
        entries: of a prompt.
    """
    labels = [entry.label for entry in entries]
    return [
        label if labels.count(label) == 1 else f"{label} ({1 + labels[:at].count(label)})"
        for at, label in enumerate(labels)
    ]


def phrase_of(entries: Sequence[Entry]) -> list[int]:
    """Return the tokens up to where a place or a background begins.

    Args:
        entries: of a prompt.
    """
    words = [at for at, entry in enumerate(entries) if entry.kind == "word"]
    stop = next((n for n, at in enumerate(words) if n and entries[at].label in ENDS), len(words))
    return words[:stop]


def other_than(first: int, entries: Sequence[Entry]) -> int:
    """Return another token to compare with: the last word, or the one before it.

    Args:
        first: the one that it is compared with.
        entries: of a prompt.
    """
    words = [at for at, entry in enumerate(entries) if entry.kind == "word" and at != first]
    return words[-1] if words else len(entries) - 1


def say_percent(share: float | np.floating) -> str:
    """Say a share in percent, with two digits at least where it is not tiny: as the maps say it.

    Args:
        share: 0 to 1.
    """
    percent = 100 * float(share)
    return f"{percent:.{0 if percent >= 9.95 else 1 if percent >= 0.995 else 2}f} %"


def _signed(number: float | NDArray[np.floating]) -> str:
    return f"{float(number):.2f}".replace("-", "−")
