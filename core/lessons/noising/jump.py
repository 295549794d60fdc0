"""One jump beside many small steps: as much is left of the picture."""

from typing import Any

import streamlit as st

from core.ideas.schedule_config import read_betas
from core.lessons.noising.hero import shown_pixels
from core.lessons.noising.hero_data import (
    Schedule,
    jump,
    to_pixels,
    walk_chart,
    walk_picture,
    walk_rows,
)
from core.ui.address import ask, whole
from core.ui.made import chart, made, png
from core.ui.picture_source import Source
from core.ui.tables import show_table
from core.words import tr


def show(
    source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: what JSON holds
    """Show the chain of small steps beside one jump.

    Args:
        source: the picture.
        config: the model's scheduler config.
        schedule: its noise schedule.
        seed: of the noise.
    """
    betas = read_betas(config)
    last = (
        ask(
            st.slider,
            tr("Small steps taken, one after the other"),
            whole("small_steps", len(betas) // 2, 1, len(betas)),
        )
        - 1
    )
    pixels = shown_pixels(source)
    name = source.pixels, source.width, source.height, betas.tobytes(), last, seed
    walk = made(("walk", *name), lambda: walk_picture(pixels, betas, last, seed))
    chain, once, measured = st.columns([1, 1, 2], gap="medium")
    chain.image(
        png(to_pixels(walk.last)),
        tr("{steps:,} small steps, each with fresh noise", steps=last + 1),
        width="stretch", output_format="PNG", alt=tr("The picture after every small step"),
    )  # fmt: skip
    once.image(
        png(jump(pixels, float(schedule.alpha_bar[last]), seed)),
        tr("One jump to t = {last}", last=last),
        width="stretch",
        output_format="PNG",
        alt=tr("The picture after one jump"),
    )
    with measured:
        st.altair_chart(
            chart(("walk", walk), lambda: walk_chart(walk, betas)),
            alt=tr("Weight and variance, jump beside chain"),
        )
    st.markdown(
        tr(
            "**Different noise, the same mixture:** as much of the picture is left, and the noise "
            "is as strong. So training need not walk the chain: it jumps."
        )
    )
    rows = walk_rows(walk, betas)
    show_table(rows, "chain", tr("Measured in the chain beside the jump's formula"))
