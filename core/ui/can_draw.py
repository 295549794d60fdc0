"""What the built-in model can draw: things to try, and a word of doubt where it cannot."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.models.catalog import BUILT_IN, builtin_folder
from core.models.known_words import known_words
from core.ui.all_pages import held
from core.ui.errors import explained, show_note
from core.ui.made import made
from core.ui.running_example import running_example, set_running_example
from core.words import tr

ROOM = 90  # characters of things to try: one row, also in a small window
_TRIED = "prompt_to_try"


def say_what_it_draws() -> None:
    """Say below the prompt what the built-in model knows; of other models nothing is known here."""
    request = running_example()
    if request.model != BUILT_IN:
        return
    with explained():
        known = known_words(builtin_folder())
        offered = made(("to try", builtin_folder()), lambda: known.suggestions(ROOM))
        with st.container(key="can_draw"):  # gives way on a projector, see presenter.css
            offer_prompts(
                tr("This small model knows **single things in English, on one plain background**.")
                + (f" {tr('Try:')}" if offered else ""),
                offered,
            )
        doubt = known.doubt(request.prompt)
        if doubt is not None:
            show_note(*doubt)


def offer_prompts(said: str, prompts: Sequence[str]) -> None:
    """Offer prompts in a line, each of which can be pressed.

    Args:
        said: before them, our own words.
        prompts: to offer; there may be none.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f":small[{said}]", width="content")
        st.pills(
            tr("Things to try"), prompts, label_visibility="collapsed", key=_TRIED, on_change=_take,
            wrap=True, disabled=held(),
        )  # fmt: skip


def _take() -> None:
    prompt = st.session_state[_TRIED]
    st.session_state[_TRIED] = None  # a press, not a choice that stays
    if prompt is not None:
        set_running_example(replace(running_example(), prompt=prompt))
