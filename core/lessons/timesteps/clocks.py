"""Every clock of the embedding: how fast it turns, and which never go round."""

import streamlit as st

from core.ideas.timestep import EmbeddingSettings
from core.lessons.timesteps.charts_data import period_chart
from core.lessons.timesteps.tables_data import clock_rows, embedding_csv, say_unfinished
from core.models.time_facts import TimeFacts
from core.ui.made import chart
from core.ui.tables import as_table
from core.words import tr


def show(settings: EmbeddingSettings, facts: TimeFacts) -> None:
    """Show the clocks as a chart and a table.

    Args:
        settings: on show.
        facts: of the running example's model.
    """
    train_steps = facts.train_steps
    rows = clock_rows(settings, train_steps)
    st.altair_chart(
        chart(("clocks", settings, train_steps), lambda: period_chart(rows, train_steps)),
        alt=tr("Steps that each clock needs for one turn"),
    )
    st.markdown(
        tr(
            "{unfinished} The hand of a clock that never goes round stands nowhere twice, so it "
            "tells any two times apart, if only by a little. The fast ones tell neighbours apart.",
            unfinished=say_unfinished(settings, train_steps),
        )
    )
    row = as_table(rows, "clocks", tr("Every clock in numbers"))
    row.download_button(
        tr("Embedding"), lambda: embedding_csv(settings, train_steps), "glassbox-embedding.csv",
        "text/csv", on_click="ignore", icon=":material/table:",
        help=tr("Every number of every timestep as CSV"),
    )  # fmt: skip
