"""How alike any two timesteps look to the network, and what the switches do to it."""

from dataclasses import replace

import numpy as np
import streamlit as st

from core.ideas.timestep import EmbeddingSettings
from core.lessons.timesteps.charts_data import alike_chart, alike_rows
from core.lessons.timesteps.map_data import alike_by_distance, alike_data
from core.lessons.timesteps.tables_data import alike_table
from core.models.time_facts import TimeFacts
from core.ui.component import mount
from core.ui.made import chart
from core.ui.tables import as_table
from core.views.numbers import minus, short
from core.words import tr


def show(settings: EmbeddingSettings, facts: TimeFacts) -> None:
    """Show similarity as a matrix and a line that follow the chosen t, then beside other settings.

    Args:
        settings: on show.
        facts: of the running example's model.
    """
    steps = facts.train_steps
    mount("timesteps/alike", alike_data(settings, steps))
    half = settings.dim // 2
    now = alike_by_distance(settings, steps)
    st.markdown(
        tr(
            "**Neighbours are alike by {near}, first and last by {far}.** Only the "
            "distance counts: every stripe of the matrix has one colour. A dot product says the "
            "same, times {half}: every row has length √{half}.",
            near=minus(f"{now[1]:.2f}"),
            far=minus(f"{now[-1]:.2f}"),
            half=half,
        )
    )
    own = facts.settings
    flipped = alike_by_distance(
        replace(settings, flip_sin_to_cos=not settings.flip_sin_to_cos), steps
    )
    curves = {tr("your settings"): now}
    if settings != own:
        curves[tr("this model")] = alike_by_distance(own, steps)
    # At P = 1 all clocks run alike; far below it some shifts leave no finite frequency.
    for period in (max(settings.max_period / 100, 1.0), settings.max_period * 100):
        curves[tr("P = {period:,.10g}", period=period)] = alike_by_distance(
            replace(settings, max_period=period), steps
        )
    st.altair_chart(
        chart(("alike", settings, own, steps), lambda: alike_chart(alike_rows(curves))),
        alt=tr("How alike timesteps are, by distance"),
    )
    change = float(np.abs(now - flipped).max())
    st.markdown(
        tr(
            "A larger P slows every clock but the first: the lines fall more slowly. Cosines or "
            "sines first changes nothing here: the largest difference is {change}.",
            change=short(change, 1),
        )
    )
    as_table(
        lambda: alike_table(settings, steps), "alike", tr("How alike timesteps are, in numbers")
    )
