"""Latents changed by hand: the cheap guess follows in the browser, the VAE decodes on release."""

import json

import streamlit as st

from core.engine.works.latents import DecodeWork
from core.errors import ExplainerError
from core.ideas.checks import read_json
from core.ideas.latent_surgery import noise_region, rewire_channels
from core.lessons.latents.surgery_data import surgery_data
from core.models.latent_edits import Edits, check_edits
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.address import Field, choose, value
from core.ui.component import mount, told
from core.ui.errors import show_error
from core.ui.part import part
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.runs import read
from core.words import tr, tr_later

FORMULAS = (rewire_channels, noise_region)

NAME = "latents/surgery"


def _read(text: str) -> object:
    try:
        return read_json(text)
    except ValueError:
        return None


EDITS: Field[object] = Field("edits", None, _read, lambda edits: json.dumps(edits))


def show(source: Source, _facts: LatentFacts, reading: PictureReading) -> None:
    """Show the controls, the guess that follows them, and the full decode.

    Args:
        source: the picture.
        reading: of it.
    """
    part(_draw)(source, reading)
    st.markdown(
        tr(
            "**Each channel does a bit of everything**: none is red or sharpness alone. A patch of "
            "noise spoils little more than its own place. The guess is one small matrix product; "
            "the decoder also knows what edges and surfaces look like."
        )
    )


def _draw(source: Source, reading: PictureReading) -> None:
    edits, wrong = _edits(reading)
    if wrong is not None:
        show_error(wrong)
    try:
        decoded = read(
            DecodeWork.of(running_example().model, edits.apply(reading.mean)[None]),
            tr_later("Picture"),
        )
    except ExplainerError as error:
        show_error(error)
        return
    mount(NAME, surgery_data(source.title, reading, edits, decoded), on_edit_change=_take)


def _edits(reading: PictureReading) -> tuple[Edits, ExplainerError | None]:
    """Return the changes on show; those of a model with other channels are none."""
    none, asked = Edits.none(len(reading.mean)), value(EDITS)
    if asked is None:
        return none, None
    try:
        return check_edits(asked, reading.mean.shape), None  # type: ignore[arg-type]  # three axes
    except ExplainerError as error:
        return none, error


def _take() -> None:
    edits = told(st.session_state.get(NAME), "edit")
    if edits is not None:
        choose(EDITS, edits)
