"""The proof: every scheduler against data whose exact end is known, computed by the engine."""

from typing import Any

import streamlit as st

from core.engine.looks.schedulers import ProofLook
from core.ideas.closed_form import GaussianData
from core.models.scheduler_options import available
from core.models.schedulers_info import SCHEDULERS
from core.ui.looking import read
from core.ui.running_example import running_example
from core.ui.tables import offer_csv
from core.views.schedulers_proof import OPENING, order_rows, proof_chart, proof_rows

KARRAS, OWN = "Karras", "The checkpoint’s"


def show_proof(_: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show error over calls, and the slope of every scheduler.

    Raises:
        ExplainerError: the engine could not compute it.
    """
    data = GaussianData()
    spacing = st.segmented_control(
        "Spacing of the noise levels", (KARRAS, OWN), default=KARRAS, required=True,
        key="proof_spacing",
    )  # fmt: skip
    names = [n for n, info in SCHEDULERS.items() if available(n) and not info.distilled_only]
    drawn = st.pills(
        "Which", names, default=OPENING, selection_mode="multi", key="proof_which",
        format_func=lambda name: SCHEDULERS[name].title,
    )  # fmt: skip
    place = st.empty()
    points = read(ProofLook(running_example().model, spacing == KARRAS), "Run")
    place.altair_chart(
        proof_chart(points, [name for name in names if name in drawn]),
        alt="Error of each scheduler over its number of U-Net calls, both on log scales",
    )
    st.markdown(
        f"All pictures are one number here, drawn from N({data.mean:g}, {data.std:g}²). The ideal "
        "network is then one line of code, and so is the exact end of every run: what is left is "
        "the scheduler’s own error. **The steeper the line, the higher the order**: second order "
        "quarters the error when the calls double. A line can be flatter than its order: with the "
        "checkpoint’s spacing the last, long step holds DPM++ 2M and UniPC back. Schedulers with "
        "fresh noise (dashed) have no one end; they are judged by mean and spread."
    )
    st.dataframe(order_rows(points), hide_index=True, alt="Slope of every scheduler")
    offer_csv(proof_rows(points), "proof")
