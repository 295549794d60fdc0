"""The picture, its latents and what comes back: drawn at once, computed after the first paint."""

import streamlit as st

from core.engine.looks.latents import PictureLook
from core.errors import ExplainerError
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.latents_source import Source
from core.ui.looking import known, read
from core.ui.running_example import running_example
from core.views.latents import hero_data, pixels_of

FIRST_PAINT_S = 0.5  # left to the browser before the engine's libraries are imported
_PAINTED, _FAILED = "latents_painted", "latents_failed"


def show_hero(source: Source, facts: LatentFacts) -> PictureReading | None:
    """Show the row; what is missing is read after it has been painted.

    Args:
        source: the picture.
        facts: of the running example's model.

    Returns:
        What the engine said; None while it is not there.
    """
    look = look_of(source)
    reading = known(look)
    failed, error = st.session_state.get(_FAILED, (None, None))
    if failed == look and error is not None:  # asking again by itself would fail again, for ever
        show_error(error)
        st.button("Try again", on_click=lambda: st.session_state.pop(_FAILED))
    waits = reading is None and failed != look
    st.fragment(_draw, run_every=FIRST_PAINT_S if waits else None)(source, facts, waits)
    return reading


def look_of(source: Source) -> PictureLook:
    """Return what the engine is asked about a picture.

    Args:
        source: the picture.
    """
    return PictureLook(running_example().model, source.pixels, source.width, source.height)


def _draw(source: Source, facts: LatentFacts, waits: bool) -> None:
    look = look_of(source)
    pixels = pixels_of(source.pixels, source.width, source.height)
    mount("latents", hero_data(source.title, pixels, facts, known(look)))
    if not waits:
        return
    first = not st.session_state.get(_PAINTED)
    st.session_state[_PAINTED] = True
    if first:
        return
    try:
        read(look, "Part")
    except ExplainerError as error:
        st.session_state[_FAILED] = (look, error)
    st.rerun(scope="app")
