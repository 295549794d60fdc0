"""Closer looks at attention, each imported when it is chosen: charts take time to load."""

from collections.abc import Callable

import streamlit as st

from core.models.attention_seen import AttentionSeen
from core.ui.look_box import look_box, look_place

Look = Callable[[AttentionSeen], None]


def _budget(seen: AttentionSeen) -> None:
    from core.lessons.attention.words import show_budget

    show_budget(seen)


def _two(seen: AttentionSeen) -> None:
    from core.lessons.attention.words import show_two

    show_two(seen)


def _phrase(seen: AttentionSeen) -> None:
    from core.lessons.attention.words import show_phrase

    show_phrase(seen)


def _regions(seen: AttentionSeen) -> None:
    from core.lessons.attention.words import show_regions

    show_regions(seen)


def _reweight(seen: AttentionSeen) -> None:
    from core.lessons.attention.edits import show_reweight

    show_reweight(seen)


def _swap(seen: AttentionSeen) -> None:
    from core.lessons.attention.edits import show_swap

    show_swap(seen)


def _gradient(seen: AttentionSeen) -> None:
    from core.lessons.attention.gradient import show_gradient

    show_gradient(seen)


def _numbers(seen: AttentionSeen) -> None:
    from core.lessons.attention.export import show_numbers

    show_numbers(seen)


LOOKS: dict[str, Look] = {
    "Budget": _budget,
    "Two words": _two,
    "A phrase": _phrase,
    "Strongest word": _regions,
    "Turn a word up": _reweight,
    "Swap a word": _swap,
    "By gradient": _gradient,
    "Numbers": _numbers,
}


def show_looks(seen: AttentionSeen | None) -> None:
    """Ask for a look and show it; nothing of the others is computed.

    Args:
        seen: the run; None while it is not there.

    Raises:
        ExplainerError: the engine could not do it.
    """
    look = look_box(list(LOOKS), "attention_look")
    with look_place(LOOKS, look):
        if seen is None:
            st.caption("This comes as soon as the run above is there.")
        else:
            LOOKS[look](seen)


def show_formulas() -> None:
    """Show the formulas, each with the code that computes it, and how the weights are read."""
    import inspect

    from core.ideas import attention_maps
    from core.ideas.attribution import integrate_gradients
    from core.models import attention_watched  # torch: not for the first paint
    from core.nets.attention import attend
    from core.ui.page import show_equation

    show_equation(attend)
    for idea in (
        attention_maps.mean_map,
        attention_maps.attention_budget,
        attention_maps.phrase_map,
        attention_maps.strongest_word,
        attention_maps.reweight,
        attention_maps.replace_weights,
        integrate_gradients,
    ):
        show_equation(idea)
    st.markdown(
        "The library’s own attention hands out no weights. For each call this takes its place:"
    )
    for part in (attention_watched.watched, attention_watched.WatchedAttention):
        st.code(inspect.getsource(part), language="python")
