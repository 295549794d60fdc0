"""The training as it was: every stage's curve, what it reached, and the same in numbers."""

import streamlit as st

from core.models.catalog import builtin_folder
from core.training.history import LOGS, Stage, read_goals, read_report, read_stages
from core.training.milestones import read_milestones
from core.ui.component import mount
from core.ui.tables import offer_csv
from core.views.training import curve_rows, goal_rows, group_rows, history_data, history_rows

MILESTONES = builtin_folder() / LOGS / "milestones"


def show_history() -> tuple[Stage, ...]:
    """Show the curves of all stages.

    Returns:
        The stages.

    Raises:
        ExplainerError: what ships of the training is damaged.
    """
    stages = read_stages(builtin_folder())
    mount("training", history_data(stages, read_milestones(MILESTONES)))
    return stages


def show_quality() -> None:
    """Show what was wanted of the model beside what was measured.

    Raises:
        ExplainerError: what ships of the training is damaged.
    """
    folder = builtin_folder()
    report, goals = read_report(folder), read_goals(folder)
    reached = sum(goal.reached for goal in goals)
    st.markdown(
        f"**{reached} of {len(goals)} goals reached.** What it draws and reads is measured with "
        "wordings and pictures that were kept from the training. A loss says how the training "
        "goes; only such a measurement says what the model can do."
    )
    rows = goal_rows(goals)
    st.dataframe(rows, hide_index=True, alt="What was wanted beside what was measured")
    offer_csv(rows, "goals")
    prompts = report["prompts"]["prompts"]
    st.markdown(
        f"**{prompts} prompts, one picture each, named by the judge**, a classifier that learned "
        "from real scenes alone. The U-Net did not see all groups "
        "equally often; the model card says which it saw most."
    )
    rows = group_rows(report)
    st.dataframe(rows, hide_index=True, alt="Prompts named rightly, by group")
    offer_csv(rows, "groups")


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
