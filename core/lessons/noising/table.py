"""A noise schedule in numbers."""

from typing import Any

from core.lessons.noising.hero_data import Schedule, frame_times, level_rows
from core.ui.picture_source import Source
from core.ui.tables import show_table
from core.words import tr


def show(
    _source: Source, _config: dict[str, Any], schedule: Schedule, _seed: int
) -> None:  # Any: JSON
    """Show the levels as a table.

    Args:
        schedule: of the model.
    """
    rows = level_rows(schedule.alpha_bar, frame_times(schedule.alpha_bar))
    show_table(rows, "noising", tr("Weights, SNR and sigma by timestep"))
