"""The latents of the running example at every step, scrubbed in the browser."""

import streamlit as st

from core.ideas.prediction import x0_from_eps, x0_from_v
from core.lessons.latents.hero_data import LIMIT
from core.lessons.latents.run_data import run_data
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.component import mount
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.shown import here
from core.views.colormaps import LATENTS_SAY
from core.words import in_a_row, tr

FORMULAS = (x0_from_eps, x0_from_v)


def show(_source: Source, _facts: LatentFacts, reading: PictureReading) -> None:
    """Show channels, colours and histogram of every step; a run that is not there is computed.

    Args:
        reading: whose colour map belongs to the same model.
    """
    run = here(running_example()).run
    mount("latents/run", run_data(run, reading.colour_weights, reading.colour_bias))
    st.caption(
        in_a_row(
            tr(
                "The {channels} channels of the latents: {scale}.",
                channels=run.path.shape[1],
                scale=tr(LATENTS_SAY, limit=LIMIT),
            ),
            tr("As colours: a linear guess of the picture."),
        )
    )
    st.markdown(
        tr(
            "**It begins as the unit Gaussian, grey line and blue bars alike**, and ends with the "
            "spread of a picture’s latents. What it believes is in there looks like a picture’s "
            "latents much earlier."
        )
    )
