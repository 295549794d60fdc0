"""What a page keeps in the address, so that a link shows what was seen, and Back undoes it."""

from collections.abc import Mapping

import streamlit as st

_SAID = "said_in_address"


def say(texts: Mapping[str, str | None]) -> None:
    """Have the address say something, in one entry of the browser's history.

    Args:
        texts: by query parameter; None takes it away.
    """
    st.session_state.setdefault(_SAID, {}).update(texts)
    if any(st.query_params.get(name) != text for name, text in texts.items()):
        wanted = {**st.query_params.to_dict(), **texts}
        st.query_params.from_dict({name: text for name, text in wanted.items() if text is not None})


def was_changed(name: str) -> bool:
    """Return whether the address says something else than it was last made to say: after Back.

    Args:
        name: of the query parameter.
    """
    said = st.session_state.get(_SAID, {})
    return name in said and said[name] != st.query_params.get(name)


def forget_said() -> None:
    """Begin a page anew: links from page to page leave most of the address out."""
    st.session_state.pop(_SAID, None)


def whole_number(name: str) -> int | None:
    """Return the small whole number that the address says; None where it says none.

    Args:
        name: of the query parameter.
    """
    text = st.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
