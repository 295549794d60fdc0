"""The training as it was: every stage's curve, and the same in numbers."""

import streamlit as st

from core.lessons.training.history_data import curve_rows, history_data, history_rows
from core.models.catalog import builtin_folder
from core.training.history import LOGS, Stage, read_stages
from core.training.milestones import read_milestones
from core.ui.component import mount
from core.ui.tables import offer_csv

MILESTONES = builtin_folder() / LOGS / "milestones"


def show_history() -> tuple[Stage, ...]:
    """Show the curves of all stages.

    Returns:
        The stages.

    Raises:
        ExplainerError: what ships of the training is damaged.
    """
    stages = read_stages(builtin_folder())
    mount("training/history", history_data(stages, read_milestones(MILESTONES)))
    return stages


def show_numbers(stages: tuple[Stage, ...]) -> None:
    """Show the stages as a table, and offer the logs.

    Args:
        stages: from ``show_history``.
    """
    rows = history_rows(stages)
    st.dataframe(rows, hide_index=True, alt="Steps, time and loss of every stage")
    st.caption(
        "Losses of different stages are sums of different things: only the same curve at two "
        "steps can be compared. The file holds every logged number."
    )
    offer_csv(curve_rows(stages), "training-log")
