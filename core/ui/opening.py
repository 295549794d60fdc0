"""Opening a picture that was saved here, to go on from its settings."""

import streamlit as st

from core.errors import ExplainerError
from core.ui.running_example import note, set_running_example
from core.views.exports import settings_from_png


def open_picture() -> None:
    """Take the settings out of a PNG that was saved here."""
    with st.popover("Open a saved PNG", icon=":material/file_open:", width="stretch"):
        st.file_uploader(
            "A PNG from here holds its settings", type="png", key="dropped_png",
            on_change=_take_picture,
        )  # fmt: skip


def _take_picture() -> None:
    dropped = st.session_state["dropped_png"]
    if dropped is None:  # taken away again
        return
    try:
        set_running_example(settings_from_png(dropped.getvalue()))
    except ExplainerError as error:
        note(error.what, error.fix)
