"""The table of all schedulers, counted by the engine, and those that are left out."""

from typing import Any

import streamlit as st

from core.engine.works.schedulers import CountWork
from core.ideas.noise_levels import sigma_from_alpha_bar, snr_db_from_alpha_bar
from core.ideas.schedules import accumulate_alpha_bar, make_scaled_linear_betas
from core.lessons.schedulers.overlay_data import overlay_paths
from core.lessons.schedulers.table_data import FILTERS, rejected_rows, scheduler_rows
from core.ui.address import ask, some_of
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.ui.tables import offer_csv
from core.views.numbers import count
from core.views.tables import table_text
from core.words import tr, tr_later

FORMULAS = (
    make_scaled_linear_betas,
    accumulate_alpha_bar,
    sigma_from_alpha_bar,
    snr_db_from_alpha_bar,
)

SHOWN = (
    tr_later("scheduler"),
    tr_later("what it does"),
    tr_later("U-Net calls"),
    tr_later("counted"),
    tr_later("order"),
    tr_later("fresh noise"),
)
LEFT_OUT = tr_later("class"), tr_later("verdict"), tr_later("why")


def show(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show what every scheduler is and what it costs, then the ones that are not offered.

    Args:
        config: of the running example's model.

    Raises:
        ExplainerError: the engine could not count.
    """
    request = running_example()
    asked = CountWork(request.model, request.steps, request.scheduler, request.params)
    filters = ask(
        st.pills,
        tr("Only those with"),
        some_of("only", FILTERS, ()),
        selection_mode="multi",
        format_func=tr,
    )
    paths = overlay_paths(config, request.steps, request.scheduler, request.params)
    slot = st.container(key="all_schedulers").empty()  # what it does has room, see page.css
    _draw(slot, scheduler_rows(paths, find(asked), filters))
    plans = {path.id: path.plan for path in paths}
    heun = plans.get("heun")
    st.markdown(
        tr(
            "**A step is not a call.** {steps} of Heun ask the network "
            "{calls} times: it looks twice at every step but the last. The "
            "calls are worked out first, then counted while each scheduler runs.",
            steps=count(request.steps, "step"),
            calls=heun.calls if heun else "–",
        )
    )
    st.markdown(tr("**Left out**, though the library has them and they run without an error:"))
    with st.container(key="left_out"):
        st.markdown(table_text(rejected_rows(), LEFT_OUT))
    st.markdown(tr("**Made for other models**; the library has them as well:"))
    with st.container(key="other_models"):
        st.markdown(table_text(rejected_rows(others=True), LEFT_OUT))
    rows = scheduler_rows(paths, read(asked, tr_later("Scheduler")), filters)
    if rows:
        _draw(slot, rows)
        offer_csv(rows, "schedulers-table")


def _draw(slot: Any, rows: list[dict[str, object]]) -> None:  # Any: a slot
    if not rows:
        slot.markdown(tr("No scheduler has all of these. Take one away."))
        return
    slot.markdown(table_text(rows, SHOWN))
