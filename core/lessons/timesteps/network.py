"""What the running example's own network makes of time; the engine is asked for it."""

import streamlit as st

from core.engine.works.times import TimeWork
from core.ideas.timestep import EmbeddingSettings
from core.lessons.timesteps.network_data import (
    before_after_chart,
    before_after_rows,
    block_chart,
    block_rows,
    ends_alike,
    likeness,
    likeness_picture,
    mean_likeness,
    middle_of,
)
from core.models.time_facts import TimeFacts
from core.ui.made import chart, png
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tables import as_table, show_chart
from core.views.colormaps import LATENTS_SAY
from core.views.numbers import minus
from core.words import tr


def show(_settings: EmbeddingSettings, facts: TimeFacts) -> None:
    """Show the time vector's similarities beside the waves', then every block's share.

    Args:
        facts: of the running example's model.
    """
    reading = read(TimeWork(running_example().model))
    before, after = likeness(reading.waves), likeness(reading.vectors)
    st.markdown(
        tr(
            "The {dim} numbers of your model's own embedding go through two layers "
            "with a SiLU between them and become **{size:,}, the time vector**.",
            dim=facts.settings.dim,
            size=reading.vectors.shape[1],
        )
    )
    first, second, line = st.columns([1, 1, 2])
    first.image(
        png(likeness_picture(before)), tr("The waves: every t beside every other"), width="stretch",
        output_format="PNG", alt=tr("Similarity of the waves"),
    )  # fmt: skip
    second.image(
        png(likeness_picture(after)), tr("The time vector, on the same scale"), width="stretch",
        output_format="PNG", alt=tr("Similarity of the time vectors"),
    )  # fmt: skip
    with line:
        middle = middle_of(before)
        st.caption(tr("t = {middle} beside every other t", middle=middle))
        show_chart(
            chart(
                ("before and after", reading),
                lambda: before_after_chart(before_after_rows(before, after)),
            ),
            "time-vectors",
            tr("Similarity with t = {middle}, before and after the time MLP", middle=middle),
        )
    st.caption(tr("Noisiest on top and to the right; {colours}.", colours=tr(LATENTS_SAY, limit=1)))
    said = [
        minus(f"{alike:.2f}")
        for alike in (
            mean_likeness(before), mean_likeness(after),
            ends_alike(reading.waves), ends_alike(reading.vectors),
        )
    ]  # fmt: skip
    st.markdown(
        tr(
            "**What the trained layers make of it:** two different times are alike by "
            "{before} on average before and by {after} after, "
            "the first and the last by {ends_before} before and by {ends_after} after.",
            before=said[0],
            after=said[1],
            ends_before=said[2],
            ends_after=said[3],
        )
    )
    st.header(tr("Where it enters"), anchor=False)
    st.markdown(
        tr(
            "Every residual block has a layer of its own that turns the time vector into **one "
            "number for each channel, added at every position**. Darker means farther from the "
            "block's mean over all times."
        )
    )
    st.altair_chart(
        chart(("blocks", reading), lambda: block_chart(reading)),
        alt=tr("How far each block's shift is from its mean, by t"),
    )
    as_table(block_rows(reading), "time-blocks", tr("Every block in numbers"))
