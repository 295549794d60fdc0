"""How real models set the embedding, side by side."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.ideas.timestep import EmbeddingSettings
from core.ideas.timestep_presets import PRESETS
from core.lessons.timesteps.charts_data import alike_chart, alike_rows, map_picture
from core.lessons.timesteps.map_data import alike_by_distance
from core.lessons.timesteps.tables_data import preset_rows
from core.models.time_facts import TimeFacts
from core.ui.made import chart, png
from core.ui.tables import as_table, show_chart
from core.words import tr

IN_A_ROW = 3


def show(_settings: EmbeddingSettings, facts: TimeFacts) -> None:
    """Show the presets as small heat maps, as curves and as a table.

    Args:
        facts: of the running example's model.
    """
    train_steps = facts.train_steps
    names = list(PRESETS)
    for start in range(0, len(names), IN_A_ROW):
        row = names[start : start + IN_A_ROW]
        for column, name in zip(st.columns(IN_A_ROW), row, strict=False):
            preset = PRESETS[name]
            column.image(
                png(_picture(name, train_steps)), width="stretch", output_format="PNG",
                caption=tr(
                    "{title}: {numbers} numbers",
                    title=tr(preset.title),
                    numbers=preset.settings.dim,
                ),
                alt=tr("Heat map of {title}", title=tr(preset.title)),
            )  # fmt: skip
    as_table(preset_rows(train_steps), "presets", tr("The presets in numbers"))
    curves = {
        tr(preset.title): alike_by_distance(preset.settings, train_steps)
        for name, preset in PRESETS.items()
        if name != "dit"  # the same numbers as guided diffusion
    }
    show_chart(
        chart(("presets", train_steps), lambda: alike_chart(alike_rows(curves))),
        "presets-alike",
        tr("How alike timesteps are in each preset"),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _picture(name: str, train_steps: int) -> NDArray[np.uint8]:
    return map_picture(PRESETS[name].settings, train_steps)
