"""How much of all attention goes to start, words, end and padding."""

import streamlit as st

from core.ideas.attention_maps import attention_budget, mean_map
from core.lessons.attention.maps_data import entries_of
from core.lessons.attention.means_data import say_mean_of_places
from core.lessons.attention.reads_data import budget, budget_chart, budget_rows
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import say_percent
from core.models.attention_seen import AttentionSeen
from core.ui.made import chart, made
from core.ui.tables import as_table
from core.words import tr

FORMULAS = (mean_map, attention_budget)


def show(seen: AttentionSeen) -> None:
    """Show how much of the softmax goes to start, words, end and padding, call by call.

    Args:
        seen: the run.
    """
    entries = entries_of(prompt_tokens())
    shares, rows = made(
        ("budget", seen),
        lambda: (
            budget(seen, entries).mean(axis=0),
            budget_rows(seen, entries),
        ),
    )
    start, own, end, padding = shares
    st.markdown(
        tr(
            "**Of all attention, {own} goes to your words**; {start} to the "
            "start token, {end} to the end, {padding} to the padding. "
            "Nothing hides start and padding from the network: a common reading is that "
            "they take what no word is needed for, and the padding has read the whole prompt.",
            own=say_percent(own),
            start=say_percent(start),
            end=say_percent(end),
            padding=say_percent(padding),
        )
    )
    st.altair_chart(
        chart(("budget", seen), lambda: budget_chart(seen, entries)),
        alt=tr("Share of start, words, end and padding at each call"),
    )
    st.caption(say_mean_of_places(seen))
    as_table(rows, "attention-budget", tr("Share of start, words, end and padding"))
