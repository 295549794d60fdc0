"""Where the files of a page's model lie, looked up once for every run of the page."""

from pathlib import Path

import streamlit as st

from core.models.folders import find_checkpoint

_FOUND = "model_folders"


def look_again() -> None:
    """Forget what was found; every page begins with it."""
    st.session_state.pop(_FOUND, None)


def model_folder(model: str) -> Path:
    """Return the folder that a model's files are in.

    Args:
        model: the model's id in the catalog.

    Raises:
        ExplainerError: the model is not on this machine.
    """
    found: dict[str, Path] = st.session_state.setdefault(_FOUND, {})
    if model not in found:
        found[model] = find_checkpoint(model)[1]
    return found[model]
