"""Attention to take home: maps as pictures and numbers, and every token in a table."""

import streamlit as st

from core.lessons.attention.maps_data import entries_of, entry_maps, first_entry
from core.lessons.attention.means_data import say_mean
from core.lessons.attention.reads_data import map_png, maps_npz, scale_end, token_rows
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import choose_entry, choose_layers, say_percent
from core.models.attention_seen import AttentionSeen
from core.ui.running_example import running_example
from core.ui.tables import offer_csv, show_rows
from core.words import tr


def show(seen: AttentionSeen) -> None:
    """Show every token in numbers, and offer maps and tables as files.

    Args:
        seen: the run.
    """
    rows = token_rows(seen, entries_of(prompt_tokens()))
    show_rows(rows, "attention", tr("Every token in numbers"))
    st.caption(
        tr(
            "{seen} A share is of the whole softmax; places are counted in the largest map.",
            seen=say_mean(seen),
        )
    )
    offer_csv(rows, "attention")
    _offer_maps(seen)


def _offer_maps(seen: AttentionSeen) -> None:
    """Offer the map of a token as PNG, all maps as NPZ.

    Args:
        seen: the run.
    """
    tokens, request = prompt_tokens(), running_example()
    entries = entries_of(tokens)
    left, right, _ = st.columns(3, gap="medium")
    with left:
        chosen = choose_entry(tr("Token"), entries, first_entry(seen, entries), "taken")
    with right:
        layers = choose_layers(seen)
    maps = entry_maps(seen.mean(layers), entries)
    words = [at for at, entry in enumerate(entries) if entry.kind == "word"] or [chosen]
    limit = scale_end(maps[words])
    png = map_png(seen, layers, maps[chosen], limit)
    st.image(png, width=256, output_format="PNG", alt=tr("The map of this token"))
    st.caption(
        tr(
            "{seen} Black is 0, near white {limit} of a place’s "
            "attention or more: the same scale for all tokens.",
            seen=say_mean(seen, layers),
            limit=say_percent(limit),
        )
    )
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            tr("Map (PNG)"), png, "glassbox-attention.png", "image/png", on_click="ignore",
            icon=":material/image:",
        )  # fmt: skip
        st.download_button(
            tr("All maps (NPZ)"), lambda: maps_npz(seen, tokens, request), "glassbox-attention.npz",
            "application/octet-stream", on_click="ignore", icon=":material/data_array:",
        )  # fmt: skip
    st.caption(
        tr(
            "The NPZ holds every layer, call, head and position that was kept, "
            "{megabytes:.0f} MB unpacked, in half precision. In Python: numpy.load.",
            megabytes=seen.bytes / 1e6,
        )
    )
