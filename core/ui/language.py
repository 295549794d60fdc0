"""The language of the pages: the link's, else the one chosen, else the browser's own."""

import streamlit as st

from core.words import ENGLISH, LANGUAGES, use_language

LANGUAGE = "lang"  # in the address of every page
_CHOSEN = "language"


def follow_language() -> None:
    """Have this run say everything in the visitor's language."""
    given = st.query_params.get(LANGUAGE)
    if given in LANGUAGES:
        st.session_state[_CHOSEN] = given
    use_language(st.session_state.get(_CHOSEN) or _of_browser())


def _of_browser() -> str:
    name = (st.context.locale or ENGLISH).split("-")[0].lower()
    return name if name in LANGUAGES else ENGLISH
