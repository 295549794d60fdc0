"""Compare: the same run over a grid of two settings, drawn as one job that is seen to fill."""

from typing import Any

import streamlit as st

from core.engine.request import Request
from core.engine.ticket import ENDED, Ticket
from core.engine.works.grid import Cell, GridWork
from core.errors import ExplainerError
from core.lessons.generation.compare_data import (
    FIELDS,
    Axis,
    Value,
    cells_of,
    check_axes,
    compare_data,
    compare_rows,
    first_values,
    read_link,
    read_values,
    write_link,
    write_values,
)
from core.models.schedulers.table import SCHEDULERS
from core.ui.component import mount, told_one
from core.ui.errors import show_error
from core.ui.running_example import running_example, set_running_example
from core.ui.runs import begun, say_status
from core.ui.settings import offered_schedulers
from core.ui.shown import Shown
from core.ui.tables import offer_csv

IN_LINK = "grid"
TURN_S = 0.5  # between two drawings of a grid that is under way
ACROSS, DOWN = "steps", "scheduler"  # to begin with
_AXES, _JOB = "compare_axes", "compare_job"

SAYS = (
    "Calls: how often the network was asked for the picture, counted. Seconds: its share of the "
    "machine’s time, of every shared call by its part in it, and its decoding; what was kept from "
    "before took none this time. Click a picture to make it your run."
)
Cells = tuple[Cell | None, ...]


def show(shown: Shown) -> None:
    """Ask for two settings, and show the grid of pictures over them.

    Args:
        shown: the run on show.

    Raises:
        ExplainerError: the values make no grid, or the engine cannot take it.
    """
    request = running_example()
    across, down = _choose(request)
    check_axes(across, down)
    st.query_params[IN_LINK] = write_link(across, down)
    work = GridWork(request.model, cells_of(request, across, down))
    _show_buttons(work, "seed" in (across.field, down.field))
    running = _ticket(work) is not None
    st.fragment(_draw, run_every=TURN_S if running else None)(work, across, down)


def _show_buttons(work: GridWork, many_seeds: bool) -> None:
    """Offer to draw what is not there, or to stop."""
    ticket = _ticket(work)
    missing = sum(cell is None for cell in _cells(work, ticket))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if ticket is not None:
            st.button(
                "Stop", on_click=_stop, args=(work,), icon=":material/stop_circle:",
                key="stop_grid",
            )  # fmt: skip
        elif missing:
            st.button(
                say_draw(missing, len(work.requests)), on_click=_start, args=(work,),
                type="primary", icon=":material/grid_view:", key="draw_grid",
            )  # fmt: skip
        if not many_seeds:
            st.caption("All begin at the noise of the same seed.")
    error = _job(work).get("error")
    if error is not None:
        show_error(error)


def say_draw(missing: int, count: int) -> str:
    """Say what the button draws.

    Args:
        missing: pictures that are not there, at least one.
        count: of all pictures in the grid.
    """
    other = "" if missing == count else "other "
    return f"Draw the {other}picture" if missing == 1 else f"Draw the {other}{missing} pictures"


def _choose(request: Request) -> tuple[Axis, Axis]:
    """Ask for both axes; the link says where to begin."""
    if _AXES not in st.session_state:
        linked = read_link(st.query_params.get(IN_LINK, ""))
        fields = tuple(axis.field for axis in linked) if linked else (ACROSS, DOWN)
        st.session_state[_AXES] = {axis.field: axis.values for axis in linked or ()}
        st.session_state["compare_across"], st.session_state["compare_down"] = fields
    axes: list[Axis] = []
    wrong: list[ExplainerError] = []
    for place, name, words in zip(
        st.columns(2, gap="large"), ("across", "down"), ("Across", "Down"), strict=True
    ):
        with place:
            field = st.selectbox(
                words, list(FIELDS), format_func=FIELDS.__getitem__, key=f"compare_{name}"
            )
            try:
                axes.append(_choose_values(field, request, name))
            except ExplainerError as error:
                wrong.append(error)
    if wrong:  # told once both axes can be changed
        raise wrong[0]
    return axes[0], axes[1]


def _choose_values(field: str, request: Request, name: str) -> Axis:
    """Ask for the values of one axis; they stay when the axis changes its place."""
    chosen: dict[str, tuple[Value, ...]] = st.session_state[_AXES]
    axis = Axis(field, chosen.setdefault(field, first_values(field, request)))
    key = f"compare_{name}_{field}"
    if key not in st.session_state:
        typed = field != "scheduler"
        st.session_state[key] = write_values(axis) if typed else list(axis.values)
    if field == "scheduler":
        names = list(dict.fromkeys((*offered_schedulers(), *map(str, axis.values))))
        given = st.multiselect(
            "Which", names, format_func=lambda name: SCHEDULERS[name].title, key=key
        )
    elif field == "prompt":
        given = st.text_area("Words, one line a picture", height=110, key=key)
    else:
        given = st.text_input("Values, with commas between them", key=key)
    chosen[field] = read_values(field, given)
    return Axis(field, chosen[field])


def _draw(work: GridWork, across: Axis, down: Axis) -> None:
    """Draw the grid as far as it is; while it is under way this is done again and again."""
    ticket = _ticket(work)
    cells = _cells(work, ticket)
    there = sum(cell is not None for cell in cells)
    if ticket is not None:
        status = ticket.status()
        told = f"Pictures there: {there} of {len(cells)}; those under way share every call."
        st.progress(
            min(1.0, status.step / max(1, status.steps)),
            told if status.state == "running" else say_status(status, "Piece"),
        )
    mounted = mount(
        "generation/compare",
        compare_data(across, down, cells, running_example(), ticket is not None),
        on_chosen_change=lambda: None,
    )  # fmt: skip
    number = told_one(mounted, "chosen", range(len(cells)))  # perhaps it was of a larger grid
    chosen = None if number is None else cells[number]
    if chosen is not None and chosen.error is None:
        set_running_example(chosen.request)
        st.rerun(scope="app")
    if ticket is None and there:
        st.caption(SAYS)
        offer_csv(compare_rows(across, down, cells), "grid")
    _end(work, ticket)


def _job(work: GridWork) -> dict[str, Any]:  # Any: a ticket, cells or an error
    """Return what is kept of the newest grid; another one begins anew."""
    job = st.session_state.setdefault(_JOB, {})
    if job.get("work") != work:
        if job.get("ticket") is not None:
            job["ticket"].cancel()
        job.clear()
        job["work"] = work
    return job


def _ticket(work: GridWork) -> Ticket[Cells] | None:
    return _job(work).get("ticket")


def _cells(work: GridWork, ticket: Ticket[Cells] | None) -> Cells:
    """Return what is there of a grid: all, what has come so far, or what had come when it ended."""
    job = _job(work)
    if ticket is not None:
        job["cells"] = ticket.partial() or job.get("cells")
    return job.get("cells") or (None,) * len(work.requests)


def _start(work: GridWork) -> None:
    job = _job(work)
    job["error"] = None
    try:
        job["ticket"] = begun(work)
    except ExplainerError as error:
        job["error"] = error


def _stop(work: GridWork) -> None:
    ticket = _job(work).pop("ticket", None)
    if ticket is not None:
        ticket.cancel()


def _end(work: GridWork, ticket: Ticket[Cells] | None) -> None:
    """Take note of how a grid ended, then draw the page without looking at it again and again."""
    job = _job(work)
    if ticket is None or ticket.status().state not in ENDED:
        return
    job["ticket"], job["error"] = None, ticket.error
    job["cells"] = ticket.value or job.get("cells")  # the last ones may have come since
    st.rerun(scope="app")
