"""What the looks at attention share: how tokens and layers are asked for, and said."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.lessons.attention.maps_data import Entry
from core.lessons.attention.means_data import layer_choices
from core.models.attention_seen import AttentionSeen
from core.ui.address import ask, one_of, some_of, switch
from core.words import in_english, tr, unparted

ENDS = ("on", "in", "with", "at", "under", "near", ",", ".")


def choose_layers(seen: AttentionSeen) -> list[int]:
    """Ask for the layers to average, the same for all looks; at first all of them.

    Args:
        seen: the run.
    """
    titles, named = list(layer_choices(seen)), layer_choices(seen, in_english)
    return named[
        ask(
            st.selectbox,
            tr("Layers, averaged"),
            one_of("layers", named),
            format_func=dict(zip(named, titles, strict=True)).__getitem__,
        )
    ]


def ask_for_outline(maps: NDArray[np.floating]) -> bool:
    """Ask whether the picture's outline is laid over maps, and say that it is no part of them.

    Args:
        maps: (..., H, W).
    """
    rows, columns = maps.shape[-2:]
    return ask(
        st.toggle,
        tr("Outline: the picture; the map has {rows}×{columns} places", rows=rows, columns=columns),
        switch("outline", True),
    )


def choose_entry(label: str, entries: Sequence[Entry], begin: int, name: str) -> int:
    """Ask for a token.

    Args:
        label: of the widget.
        entries: to choose from.
        begin: the one to begin with.
        name: in the address.
    """
    names = entry_names(entries)
    field = one_of(name, range(len(names)), min(begin, len(names) - 1), names.__getitem__)
    return ask(st.selectbox, label, field, format_func=_titles(entries).__getitem__)


def choose_entries(
    label: str, entries: Sequence[Entry], begin: Sequence[int], name: str
) -> list[int]:
    """Ask for several tokens.

    Args:
        label: of the widget.
        entries: to choose from.
        begin: those to begin with.
        name: in the address.
    """
    names = entry_names(entries)
    field = some_of(name, range(len(names)), begin, names.__getitem__)
    return ask(st.multiselect, label, field, format_func=_titles(entries).__getitem__)


def entry_names(entries: Sequence[Entry]) -> list[str]:
    """Name tokens in the address so that two alike can be told apart.

    Args:
        entries: of a prompt.
    """
    return told_apart([entry.label for entry in entries])


def _titles(entries: Sequence[Entry]) -> list[str]:
    return told_apart([entry.said for entry in entries])


def told_apart(labels: Sequence[str]) -> list[str]:
    """Number those of several texts that are alike.

    Args:
        labels: what people typed.
    """
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
    return unparted(f"{percent:.{0 if percent >= 9.95 else 1 if percent >= 0.995 else 2}f} %")
