"""The proof: every scheduler against data whose exact end is known, computed by the engine."""

from typing import Any

import streamlit as st

from core.engine.works.schedulers import ProofWork
from core.ideas.closed_form import GaussianData, measure_order, predict_exact_eps, solve_exactly
from core.lessons.schedulers.proof_data import (
    OPENING,
    order_rows,
    proof_chart,
    proof_rows,
    say_orders,
)
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import ask, one_of, some_of
from core.ui.made import chart
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tables import as_table, show_rows
from core.words import tr, tr_later

FORMULAS = (predict_exact_eps, solve_exactly, measure_order)

KARRAS, OWN = "Karras", tr_later("The checkpoint’s")
SAME_LEVELS = {
    KARRAS: tr_later(
        "Those that cannot take Karras’ spacing, DDIM among them, keep the checkpoint’s: here "
        "DDIM and Euler walk other noise levels. Over the same levels they are one method."
    ),
    OWN: tr_later(
        "All walk levels of the checkpoint’s own spacing; the last, long step holds many back."
    ),
}


def show(_: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show error over calls, and the slope of every scheduler.

    Raises:
        ExplainerError: the engine could not compute it.
    """
    data = GaussianData()
    spacing = ask(
        st.segmented_control,
        tr("Spacing of the noise levels"),
        one_of("proof_spacing", (KARRAS, OWN), begins="default"),
        format_func=tr,
        required=True,
    )
    names = [n for n, one in SCHEDULERS.items() if one.available and not one.distilled_only]
    drawn = ask(
        st.pills,
        tr("Which"),
        some_of("proved", names, OPENING),
        selection_mode="multi",
        format_func=lambda name: SCHEDULERS[name].title,
    )
    slot = st.empty()
    points = read(ProofWork(running_example().model, spacing == KARRAS), tr_later("Run"))
    shown = tuple(name for name in names if name in drawn)
    slot.altair_chart(
        chart(("proof", points, shown), lambda: proof_chart(points, shown)),
        alt=tr("Error of each scheduler over its number of U-Net calls, both on log scales"),
    )
    st.markdown(
        tr(
            "All pictures are one number here, drawn from N({mean:g}, {std:g}²). The ideal network "
            "is then one line of code, and so is the exact end of every run: what is left is the "
            "scheduler’s own error. **First order halves the error when the calls double, second "
            "order quarters it**: the dotted lines. Order is a promise for small steps, and these "
            "are not small, so a line says how fast a scheduler really gets better, not its order. "
            "Schedulers with fresh noise (hollow dots) have no one end; they are judged by mean "
            "and spread.",
            mean=data.mean,
            std=data.std,
        )
    )
    told = say_orders(points, drawn)
    if told:
        st.markdown(told)
    st.caption(tr(SAME_LEVELS[spacing]))
    show_rows(order_rows(points), "slopes", tr("Slope of every scheduler"))
    as_table(proof_rows(points), "proof", tr("Error of every scheduler by its calls"))
