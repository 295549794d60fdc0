"""The closer looks at attention, and the formulas of all of them."""

import inspect

import streamlit as st

from core.ui.closer import Closer, Closers, show_formulas
from core.words import tr, tr_later

LOOKS = Closers(
    (
        Closer(tr_later("Budget"), "core.lessons.attention.budget"),
        Closer(tr_later("Two words"), "core.lessons.attention.two"),
        Closer(tr_later("A phrase"), "core.lessons.attention.phrase"),
        Closer(tr_later("Strongest word"), "core.lessons.attention.regions"),
        Closer(tr_later("Turn a word up"), "core.lessons.attention.reweight"),
        Closer("(word:1.3)", "core.lessons.attention.emphasis"),
        Closer(tr_later("Swap a word"), "core.lessons.attention.swap"),
        Closer(tr_later("By gradient"), "core.lessons.attention.gradient"),
        Closer(tr_later("Numbers"), "core.lessons.attention.export"),
    ),
    formulas=("core.nets.attention.attend",),
)
WAITS = tr_later("This comes as soon as the run above is there.")


def show_all_formulas() -> None:
    """Show the formulas, each with the code that computes it, and how the weights are read."""
    from core.models import attention_watched  # torch: not for the first paint

    show_formulas(LOOKS, *LOOKS.looks)
    st.markdown(
        tr("The library’s own attention hands out no weights. For each call this takes its place:")
    )
    for part in (attention_watched.watched, attention_watched.WatchedAttention):
        st.code(inspect.getsource(part), language="python")
