"""Opening a picture or recipe that was saved here, to go on from its settings."""

import streamlit as st

from core.errors import ExplainerError
from core.host import host
from core.lessons.generation.recipe_data import read_recipe
from core.ui.all_pages import held
from core.ui.running_example import note, set_running_example
from core.ui.shown import Shown
from core.views.exports import open_picture
from core.words import tr

_RECIPE, _FILE = "opened_recipe", "dropped_run"


def open_saved() -> None:
    """Take the settings out of a PNG or a recipe that was saved here."""
    if not host().uploads:
        return
    with st.popover(
        tr("Open a saved run"), icon=":material/file_open:", width="stretch", disabled=held()
    ):
        st.file_uploader(
            tr("A PNG or a recipe from here holds its settings; so do pictures of other programs"),
            type=("png", "json", "jpg", "jpeg", "webp"), key=_FILE, on_change=_take,
        )  # fmt: skip


def say_weights(shown: Shown) -> None:
    """Say where the run on show was drawn by other weights than those of the recipe it is from.

    Args:
        shown: the run on show.
    """
    recipe = st.session_state.get(_RECIPE)
    if recipe is None or recipe.request != shown.run.request or not recipe.fingerprint:
        return
    if recipe.fingerprint != shown.run.fingerprint:
        st.caption(
            tr("The recipe was written with other weights: its picture may have been another.")
        )


def _take() -> None:
    dropped = st.session_state[_FILE]
    if dropped is None:  # taken away again
        return
    data = dropped.getvalue()
    try:
        if dropped.name.lower().endswith(".json"):
            recipe = read_recipe(data)
            st.session_state[_RECIPE] = recipe
            set_running_example(recipe.request)
        else:
            opened = open_picture(data)
            set_running_example(opened.request)
            for what, fix in opened.notes:
                note(what, fix)
    except ExplainerError as error:
        note(error.what, error.fix)
