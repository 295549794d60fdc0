"""Every stage of the training in numbers."""

import streamlit as st

from core.lessons.training.history_data import curve_rows, history_rows
from core.lessons.training.objectives import show_objectives
from core.training.history import Stage
from core.ui.tables import offer_csv, show_rows
from core.words import tr

show_more = show_objectives


def show(stages: tuple[Stage, ...]) -> None:
    """Show the stages as a table, and offer the logs.

    Args:
        stages: from ``show_history``.
    """
    rows = history_rows(stages)
    show_rows(rows, "stages", tr("Steps, time and loss of every stage"))
    st.caption(
        tr(
            "Losses of different stages are sums of different things: only the same curve at two "
            "steps can be compared. The file holds every logged number."
        )
    )
    offer_csv(curve_rows(stages), "training-log")
