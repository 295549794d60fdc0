"""What came of the training: every goal, what was drawn for it, and whether it is memory."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.lessons.training.objectives import show_objectives
from core.lessons.training.quality_data import (
    goal_rows,
    group_rows,
    pair_rows,
    placed_rows,
    sweep_chart,
    sweep_rows,
)
from core.models.catalog import builtin_folder
from core.training.history import (
    ARRANGED_SHEET,
    NEAREST_SHEET,
    SHEET,
    Stage,
    read_goals,
    read_report,
)
from core.ui.made import chart
from core.ui.tables import as_table, offer_csv, show_table
from core.views.tables import table_text
from core.words import tr

show_more = show_objectives


def show(_stages: tuple[Stage, ...]) -> None:
    """Show what was wanted of the model beside what was measured.

    Raises:
        ExplainerError: what ships of the training is damaged.
    """
    folder = builtin_folder()
    report, goals = read_report(folder), read_goals(folder)
    reached = sum(goal.reached for goal in goals)
    st.markdown(
        tr(
            "**{reached} of {goals} goals reached.** What it draws and reads is measured with "
            "wordings and pictures that were kept from the training. A loss says how the training "
            "goes; only such a measurement says what the model can do.",
            reached=reached,
            goals=len(goals),
        )
    )
    rows = goal_rows(goals)
    with st.container(key="goals"):  # whose first column is all words, see page.css
        st.markdown(table_text(rows, list(rows[0])))
    offer_csv(rows, "goals")
    _show_prompts(report, folder)
    _show_arranged(report, folder)
    _show_sweeps(report)
    _show_memory(report, folder)


def _show_prompts(report: dict[str, Any], folder: Path) -> None:  # Any: what JSON holds
    prompts = report["prompts"]["prompts"]
    st.markdown(
        tr(
            "**{prompts} prompts, one picture each, named by the judge**, a classifier that "
            "learned "
            "from real scenes alone. The U-Net did not see all groups "
            "equally often; the model card says which it saw most.",
            prompts=prompts,
        )
    )
    st.image(
        folder / SHEET,
        caption=tr("The first of them, none picked by hand"),
        alt=tr("Pictures of the first prompts"),
    )
    rows = group_rows(report)
    show_table(rows, "groups", tr("Prompts named rightly, by group"))


def _show_arranged(report: dict[str, Any], folder: Path) -> None:  # Any: as above
    st.markdown(
        tr(
            "**Two objects, places, sizes.** No two objects that are asked for here were ever "
            "shown "
            "together in the training: the model must put together what it learned apart. The "
            "judge "
            "looks at a square within each half of the picture by itself; the last row shows what "
            "it "
            "finds in real pictures of the same."
        )
    )
    rows = pair_rows(report)
    st.markdown(table_text(rows, list(rows[0])))
    offer_csv(rows, "pairs")
    st.image(
        folder / ARRANGED_SHEET,
        caption=tr("Rows: animals, plants or food; any two objects; one at a place or of a size"),
        alt=tr("Pictures of two objects, of places and of sizes"),
    )
    rows = placed_rows(report)
    st.markdown(table_text(rows, list(rows[0])))
    offer_csv(rows, "places")


def _show_sweeps(report: dict[str, Any]) -> None:  # Any: as above
    prompts = report["over"]["steps"][0]["prompts"]
    st.markdown(
        tr(
            "**How much guidance, how many steps?** The first {prompts} of the prompts again.",
            prompts=prompts,
        )
    )
    for place, over, title in zip(
        st.columns(2),
        ("guidance", "steps"),
        (tr("guidance scale"), tr("steps, log scale")),
        strict=True,
    ):
        rows = sweep_rows(report, over)
        with place:
            said = tr("How many prompts are drawn as asked, by {what}", what=title)
            drawn = chart(("sweep", str(rows), title), partial(sweep_chart, rows, over, title))
            st.altair_chart(drawn, alt=said)
            as_table(rows, over, said)


def _show_memory(report: dict[str, Any], folder: Path) -> None:  # Any: as above
    found = report["nearest"]
    st.markdown(
        tr(
            "**Is it memory?** Beside each drawn picture the nearest of all objects that were "
            "trained "
            "on, on the same background: half of them are further than {nearest:.3f} "
            "away (the root mean square of the differences; black against white is 1). Half of the "
            "objects that were asked for have another one within "
            "{between:.3f}.",
            nearest=found["nearest_rms"],
            between=found["between_training_pictures_rms"],
        )
    )
    st.image(
        folder / NEAREST_SHEET,
        caption=tr("Drawn on the left of each two, the nearest on the right"),
        alt=tr("Pairs of pictures: drawn, and the nearest that was trained on"),
    )
