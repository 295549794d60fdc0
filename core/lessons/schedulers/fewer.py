"""Fewer steps: one noise drawn in 1, 2, 4, 8 calls, plainly and by a network distilled for it."""

from typing import Any

import streamlit as st

from core.engine.works.grid import Cell, Cells, GridWork
from core.ideas.consistency import consistency_loss, jump_to_the_end, step_of_teacher
from core.lessons.schedulers.fewer_data import (
    CALLS,
    FEW,
    PLAIN,
    TEACHER,
    drawn_rows,
    judged_rows,
    requests_of,
    say_lost,
)
from core.models.few_steps import few_steps
from core.models.turbo import FOLDER
from core.training.history import read_report
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tables import show_table
from core.views.pictures import row_picture
from core.words import tr, tr_later

FORMULAS = (consistency_loss, jump_to_the_end, step_of_teacher)
WIDE = 420  # CSS pixels of a row of pictures


def show(_: dict[str, Any]) -> None:  # Any: what JSON holds
    """Draw the running example's words in fewer and fewer calls.

    Raises:
        ExplainerError: what ships is damaged, or the engine could not draw a picture.
    """
    request = running_example()
    if not few_steps(request.model).loras:
        st.info(
            tr(
                "This checkpoint has no LoRA for few calls here. The built-in model has one: "
                "choose it on Generation."
            ),
            icon=":material/info:",
        )
        return
    few = read_report(FOLDER)["few"]
    asked = requests_of(request, few["teacher"])
    work = GridWork(request.model, tuple(one for row in asked.values() for one in row))
    cells = _by_row(read(work, tr_later("Call")), {who: len(row) for who, row in asked.items()})
    _show_pictures(cells)
    st.markdown(
        tr(
            "**One noise, the same words, fewer and fewer calls.** A plain scheduler takes long "
            "steps along the network’s answers, and where the way bends it leaves it. The "
            "distilled network was taught to say from anywhere on the way where it ends: what it "
            "says at one place must be what it says one step of the teacher later. What it learned "
            "for that is a LoRA, two thin matrices beside each layer’s weights."
        )
    )
    show_table(
        drawn_rows(cells), "fewer", tr("What each picture took, and how near the teacher’s it is")
    )
    st.markdown(
        tr(
            "**What is lost.** Guidance: its strength was learned once, at "
            "w = {guidance:g}, so at run time there is none to turn, and no "
            "negative prompt. And some of what it draws: in one call it must guess it all; every "
            "further call puts fresh noise on the guess and looks again. {lost}",
            guidance=few["teacher"]["guidance"],
            lost=say_lost(few),
        )
    )
    show_table(judged_rows(few), "fewer_judged", tr("The distilled network measured, by calls"))


def _by_row(cells: Cells, sizes: dict[str, int]) -> dict[str, list[Cell]]:
    """Return the cells by who drew them.

    Raises:
        ExplainerError: one has no picture; says why.
    """
    found = [cell for cell in cells if cell is not None]
    for cell in found:
        if cell.error is not None:
            raise cell.error
    rest = iter(found)
    return {who: [next(rest) for _ in range(size)] for who, size in sizes.items()}


def _show_pictures(cells: dict[str, list[Cell]]) -> None:
    """Show both ways beside each other, each with the teacher's picture at its end."""
    steps, [teacher] = ", ".join(map(str, CALLS)), cells[TEACHER]
    told = {
        PLAIN: tr(
            "DDIM, guided: {calls} calls, and the teacher’s, {most}",
            calls=steps,
            most=teacher.calls,
        ),
        FEW: tr(
            "Distilled, no guidance: {calls} calls, and the teacher’s, {most}",
            calls=steps,
            most=teacher.calls,
        ),
    }
    row = st.container(horizontal=True)  # one below the other on a telephone, each in full width
    for who in told:
        pictures = [cell.picture for cell in (*cells[who], teacher) if cell.picture is not None]
        row.container(width=WIDE).image(
            row_picture(pictures), told[who], width="stretch", output_format="PNG",
            alt=tr("{pictures}, from one noise", pictures=told[who]),
        )  # fmt: skip
