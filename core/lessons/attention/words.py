"""What the looks at attention share: how tokens and layers are asked for, and said."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.lessons.attention.maps_data import Entry
from core.lessons.attention.means_data import layer_choices
from core.models.attention_seen import AttentionSeen

_LAYERS = "attention_layers"
ENDS = ("on", "in", "with", "at", "under", "near", ",", ".")


def choose_layers(seen: AttentionSeen) -> list[int]:
    """Ask for the layers to average, the same for all looks; at first all of them.

    Args:
        seen: the run.
    """
    choices = layer_choices(seen)
    return choices[st.selectbox("Layers, averaged", list(choices), key=_LAYERS)]


def ask_for_outline(maps: NDArray[np.floating]) -> bool:
    """Ask whether the picture's outline is laid over maps, and say that it is no part of them.

    Args:
        maps: (..., H, W).
    """
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


def say_percent(share: float | np.floating) -> str:
    """Say a share in percent, with two digits at least where it is not tiny: as the maps say it.

    Args:
        share: 0 to 1.
    """
    percent = 100 * float(share)
    return f"{percent:.{0 if percent >= 9.95 else 1 if percent >= 0.995 else 2}f} %"
