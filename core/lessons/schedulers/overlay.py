"""The overlay: every scheduler's noise levels on one chart, drawn and chosen in the browser."""

import json
from typing import Any

import streamlit as st

from core.engine.works.grid import GridWork
from core.errors import ExplainerError
from core.ideas.noise_levels import alpha_bar_from_sigma
from core.lessons.schedulers.overlay_data import (
    level_rows,
    overlay_data,
    overlay_paths,
    requests_of,
)
from core.ui.address import said
from core.ui.component import mount
from core.ui.made import made
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.settings import say_low_start, scheduler_box, show_refused, steps_slider
from core.ui.tables import as_table
from core.words import tr, tr_later

_CELLS = "schedulers_cells"


def show_controls() -> None:
    """Ask for the scheduler and the number of steps, side by side."""
    who, how_many = st.columns([1, 2], gap="large")
    with who:
        scheduler_box()
    with how_many:
        steps_slider()


def show_overlay(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show one seed under three schedulers beside their curves; the pictures come afterwards.

    Args:
        config: of the running example's model.
    """
    request = running_example()
    decides = json.dumps(config, sort_keys=True), request.steps, request.scheduler, request.params
    paths = made(
        ("paths", *decides),
        lambda: overlay_paths(config, request.steps, request.scheduler, request.params),
    )
    own = next(path for path in paths if path.id == request.scheduler)
    if own.plan is None:
        show_refused(ExplainerError(own.note, own.fix))
    else:
        first = float(own.plan.sigmas[0])
        say_low_start(float(own.plan.timesteps[0]), float(alpha_bar_from_sigma(first)))
    work = GridWork(request.model, requests_of(request))

    # For the session: of a grid the engine keeps the runs, and those that failed are none.
    asked, cells = st.session_state.get(_CELLS, (None, ()))
    cells = cells if asked == work else ()

    def draw() -> None:
        drawn = tuple(cell and cell.picture for cell in cells)
        data = made(
            ("overlay", *decides, work, tuple(cell is not None for cell in cells)),
            lambda: overlay_data(config, paths, request.scheduler, request.steps, drawn),
        )
        mount("schedulers/overlay", data)
        chosen = (said("curves") or ",".join(data["opening"])).split(",")
        as_table(
            lambda: level_rows(data["curves"], chosen), "levels",
            tr("The noise levels of the curves on show, call by call"),
        )  # fmt: skip

    paint_first(
        "schedulers", work, bool(cells), draw,
        lambda _: st.session_state.update({_CELLS: (work, read(work, tr_later("U-Net call")))}),
    )  # fmt: skip
