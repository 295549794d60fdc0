"""Every step of a run in numbers, and its way through the latents as a plot."""

import streamlit as st

from core.lessons.generation.path_data import flatten, path_chart
from core.ui.made import chart
from core.ui.shown import Shown
from core.ui.tables import show_chart, show_table
from core.views.numbers import percent
from core.views.steps import step_rows
from core.words import tr


def show(shown: Shown) -> None:
    """Show the way of a run as a plot, and every step as a row of numbers with its CSV.

    Args:
        shown: the finished run.
    """
    run = shown.run
    way = flatten(run)
    show_chart(
        chart(("path", run), lambda: path_chart(way)),
        "path",
        tr("The way of the latents and of the estimates"),
    )
    st.markdown(
        tr(
            "**{size:,} numbers, laid flat.** Blue is the way from noise to the end, one "
            "dot a U-Net call and one for the end. Orange is where the network, at each call, "
            "believes "
            "it will end.",
            size=run.path[0].size,
        )
    )
    st.caption(
        tr(
            "This plane holds {held} of what varies; the rest cannot be drawn on paper.",
            held=percent(way.held),
        )
    )
    rows = step_rows(run)
    show_table(rows, "steps", tr("Every U-Net call in numbers"))
