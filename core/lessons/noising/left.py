"""What is left of a picture at the last timestep."""

from typing import Any

import streamlit as st

from core.ideas.schedule_config import read_betas
from core.ideas.schedules import accumulate_alpha_bar, rescale_to_zero_snr
from core.lessons.noising.hero import shown_pixels
from core.lessons.noising.hero_data import GHOST_GAIN, Schedule, ghost
from core.ui.address import ask, one_of
from core.ui.made import png
from core.ui.picture_source import Source
from core.words import tr

COPIES = (1, 4, 16, 64, 256, 1024, 4096)
NOTHING = 1e-8  # signal power below which nothing is left
SIDE = 200  # CSS pixels of a picture


def show(
    source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: what JSON holds
    """Show what the average of many noised copies brings back.

    Args:
        source: the picture.
        config: the model's scheduler config.
        schedule: its noise schedule.
        seed: of the noise.
    """
    pixels = shown_pixels(source)
    copies = ask(
        st.select_slider,
        tr("Fully noised copies, averaged"),
        one_of("copies", COPIES, 256, begins="value"),
    )
    zero = accumulate_alpha_bar(rescale_to_zero_snr(read_betas(config)))
    own, rescaled = float(schedule.alpha_bar[-1]), float(zero[-1])
    columns = st.columns(2, gap="large")
    for column, title, level in zip(
        columns,
        (tr("The model’s own schedule"), tr("With nothing left at the end")),
        (own, rescaled),
        strict=True,
    ):
        with column:
            st.markdown(f"**{title}**")
            with st.container(horizontal=True):
                st.image(
                    png(ghost(pixels, level, copies, seed)), width=SIDE, output_format="PNG",
                    alt=tr("Average of {copies} fully noised copies", copies=copies),
                )  # fmt: skip
                st.metric(
                    tr("weight of the picture at the last t"), f"{level**0.5:.3f}", width="content"
                )
    if own > NOTHING:
        st.markdown(
            tr(
                "**Not all is gone.** Averaging cancels noise, not the picture: what survived "
                "becomes visible. Count black as −1 and white as 1: of a white picture a mean of "
                "{mean:.3f} is left. The network learned to rely on it; the pure noise that a run "
                "starts from has a mean of about 0, which asks for medium brightness. Very dark "
                "and very bright pictures are hard to reach.",
                mean=own**0.5,
            )
        )
    else:
        st.markdown(
            tr(
                "**All is gone.** This model’s schedule ends in noise alone, as a run begins: "
                "nothing of the picture’s brightness is given away."
            )
        )
    st.caption(tr("Shown {gain:g} times stronger.", gain=GHOST_GAIN))
