"""The picture cut up among words: each place goes to the strongest."""

import streamlit as st

from core.ideas.attention_maps import strongest_word
from core.lessons.attention.maps_data import entries_of, entry_maps
from core.lessons.attention.means_data import say_mean
from core.lessons.attention.reads_data import region_pictures
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import choose_entries, choose_layers
from core.models.attention_seen import AttentionSeen
from core.ui.made import png
from core.views.numbers import percent
from core.words import tr

FORMULAS = (strongest_word,)


def show(seen: AttentionSeen) -> None:
    """Cut the picture up among words.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    words, place = st.columns([2, 1], gap="medium")
    start = [at for at, entry in enumerate(entries) if entry.kind == "word"]
    with words:
        chosen = choose_entries(tr("Tokens that compete"), entries, start, "regions")
    with place:
        layers = choose_layers(seen)
    if len(chosen) < 2:
        st.caption(tr("Choose at least two tokens."))
        return
    maps = entry_maps(seen.mean(layers), entries)[chosen]
    pictures, shares = region_pictures(seen.picture, maps)
    order = sorted(range(len(chosen)), key=lambda at: -shares[at])
    winners = [at for at in order if shares[at] > 0][:8]
    for column, at in zip(st.columns(max(4, len(winners))), winners, strict=False):
        with column:
            st.text(f"{entries[chosen[at]].said}: {percent(shares[at])}")
            st.image(
                png(pictures[at]), width="stretch", output_format="PNG",
                alt=tr("Where this token is the strongest"),
            )  # fmt: skip
    st.markdown(
        tr(
            "**Each place goes to the token that it takes most from**, however narrowly it wins, "
            "and "
            "even if start or padding get far more. This looks like finding objects, but nobody "
            "trained it to: names of regions are not what these weights are for."
        )
    )
    never = [entries[at].said for at, share in zip(chosen, shares, strict=True) if share == 0]
    st.caption(
        tr("{seen} In colour: where the token is the strongest.", seen=say_mean(seen, layers))
    )
    if never:
        st.text(tr("Strongest nowhere: {never}", never=", ".join(never)))
