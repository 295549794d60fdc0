"""The training as it was: every stage's curve, and the same in numbers."""

from pathlib import Path

import streamlit as st

from core.lessons.training.history_data import HistoryData, history_data, say_devices, stage_rows
from core.models.catalog import builtin_folder
from core.training.history import LOGS, Stage, read_stages
from core.training.milestones import read_milestones
from core.ui.address import said
from core.ui.component import mount
from core.ui.made import made
from core.ui.tables import as_table
from core.ui.tokenizing import files_of
from core.words import tr

MILESTONES = builtin_folder() / LOGS / "milestones"


def show_history() -> tuple[Stage, ...]:
    """Show the curves of all stages.

    Returns:
        The stages.

    Raises:
        ExplainerError: what ships of the training is damaged.
    """
    folder = builtin_folder()
    files = files_of(folder), files_of(folder / LOGS), files_of(MILESTONES)
    stages, data = made(("history", folder, *files), lambda: _read(folder))
    mount("training/history", data)
    as_table(
        lambda: stage_rows(stages, said("stage")), "training-curves",
        tr("Every logged number of the part on show"),
    )  # fmt: skip
    return stages


def _read(folder: Path) -> tuple[tuple[Stage, ...], HistoryData]:
    stages = read_stages(folder)
    return stages, history_data(stages, read_milestones(MILESTONES))


def say_time(stages: tuple[Stage, ...]) -> None:
    """Say how long all of it took, and how to do it again.

    Args:
        stages: from ``show_history``.
    """
    hours = sum(stage.hours for stage in stages)
    longest = max(stages, key=lambda stage: stage.hours)
    devices = say_devices(stage.device for stage in stages)
    st.markdown(
        tr(
            "**Yes, you could.** All stages together took {hours:.1f} hours {devices}, the longest "
            "one {longest:.1f} of them. `make train` does it again from public "
            "packages; below are trainings small enough to watch.",
            hours=hours,
            devices=devices,
            longest=longest.hours,
        )
    )
