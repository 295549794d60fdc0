"""How a page says that something is wrong: a plain sentence and what to do, never a traceback.

What people typed can be part of such a sentence, so it is shown as text: Streamlit's Markdown
would fetch a picture or follow a colour directive hidden in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import ExplainerError
from core.models.catalog import without_paths
from core.words import again


@contextmanager
def explained() -> Iterator[None]:
    """Show an ``ExplainerError`` raised inside as its two sentences, and go on after it."""
    try:
        yield
    except ExplainerError as error:
        show_error(error)


def show_error(error: ExplainerError) -> None:
    """Show what happened and what to try, without where anything lies on this machine.

    Args:
        error: what to say.
    """
    show_note(
        without_paths(again(error.what)), without_paths(again(error.fix)), icon=":material/error:"
    )


def show_note(what: str, fix: str = "", icon: str = ":material/info:") -> None:
    """Show one or two sentences in a box, as text.

    Args:
        what: the first sentence; may hold what people typed.
        fix: the second one, or "".
        icon: a Material symbol; our own, never user text.
    """
    with st.container(border=True, horizontal=True, vertical_alignment="top", gap="small"):
        st.markdown(icon, width="content")
        with st.container(gap=None):
            st.text(again(what))
            if fix:
                st.text(again(fix))
