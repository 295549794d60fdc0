"""Compare: the same run over a grid of two settings, drawn as one job that is seen to fill."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.engine.request import Request
from core.engine.ticket import ENDED, Ticket
from core.engine.works.grid import Cell, GridWork
from core.errors import ExplainerError
from core.lessons.generation.compare_data import (
    FIELDS,
    Axis,
    cells_of,
    check_axes,
    compare_data,
    compare_rows,
    first_values,
    read_values,
    write_values,
)
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import Field, ask, one_of, some_of, text, value
from core.ui.component import mount, told_one
from core.ui.errors import show_error
from core.ui.part import part
from core.ui.running_example import running_example, set_running_example
from core.ui.runs import begun, say_status
from core.ui.settings import offered_schedulers
from core.ui.shown import Shown
from core.ui.tables import as_table
from core.words import tr, tr_later, tr_many

TURN_S = 0.5  # between two drawings of a grid that is under way
ACROSS, DOWN = "steps", "scheduler"  # to begin with
LONGEST = 2_000  # characters that are typed for one axis
_JOB = "compare_job"

SAYS = tr_later(
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
    work = GridWork(request.model, cells_of(request, across, down))
    _show_buttons(work, "seed" in (across.field, down.field))
    running = _ticket(work) is not None
    part(_draw, every_s=TURN_S if running else None)(work, across, down)


def _show_buttons(work: GridWork, many_seeds: bool) -> None:
    """Offer to draw what is not there, or to stop."""
    ticket = _ticket(work)
    missing = sum(cell is None for cell in _cells(work, ticket))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if ticket is not None:
            st.button(
                tr("Stop"), on_click=_stop, args=(work,), icon=":material/stop_circle:",
                key="stop_grid",
            )  # fmt: skip
        elif missing:
            st.button(
                say_draw(missing, len(work.requests)), on_click=_start, args=(work,),
                type="primary", icon=":material/grid_view:", key="draw_grid",
            )  # fmt: skip
        if not many_seeds:
            st.caption(tr("All begin at the noise of the same seed."))
    error = _job(work).get("error")
    if error is not None:
        show_error(error)


def say_draw(missing: int, count: int) -> str:
    """Say what the button draws.

    Args:
        missing: pictures that are not there, at least one.
        count: of all pictures in the grid.
    """
    if missing == count:
        return tr_many(missing, "Draw the picture", "Draw the {count} pictures")
    return tr_many(missing, "Draw the other picture", "Draw the other {count} pictures")


def _choose(request: Request) -> tuple[Axis, Axis]:
    """Ask for both axes."""
    axes: dict[str, Axis] = {}
    asked: set[str] = set()
    wrong: list[ExplainerError] = []
    fields = one_of("across", FIELDS, ACROSS), one_of("down", FIELDS, DOWN)
    for place, words, field in zip(
        st.columns(2, gap="large"), (tr("Across"), tr("Down")), fields, strict=True
    ):
        with place:
            ask(st.selectbox, words, field, format_func=lambda name: tr(FIELDS[name]))
            if value(field) in asked:
                continue
            asked.add(value(field))
            try:
                axes[value(field)] = _choose_values(value(field), request)
            except ExplainerError as error:
                wrong.append(error)
    if wrong:  # told once both axes can be changed
        raise wrong[0]
    across, down = (axes[value(field)] for field in fields)
    return across, down


def _choose_values(field: str, request: Request) -> Axis:
    """Ask for the values of one axis; they stay when the axis changes its place."""
    start, name = first_values(field, request), f"of_{field}"
    if field == "scheduler":
        offered = offered_schedulers()
        which = replace(
            some_of(name, SCHEDULERS, [str(one) for one in start]),
            shown=lambda chosen: {
                "options": [name for name in SCHEDULERS if name in offered or name in chosen],
                "default": chosen,
            },
        )
        given = ask(
            st.multiselect, tr("Which"), which, format_func=lambda name: SCHEDULERS[name].title
        )
    elif field == "prompt":
        lines = Field(name, write_values(Axis(field, start)), lambda text: text[:LONGEST])
        given = ask(st.text_area, tr("Words, one line a picture"), lines, height=110)
    else:
        typed = text(name, write_values(Axis(field, start)), LONGEST)
        given = ask(st.text_input, tr("Values, with commas between them"), typed)
    return Axis(field, read_values(field, given))


def _draw(work: GridWork, across: Axis, down: Axis) -> None:
    """Draw the grid as far as it is; while it is under way this is done again and again."""
    ticket = _ticket(work)
    cells = _cells(work, ticket)
    there = sum(cell is not None for cell in cells)
    if ticket is not None:
        status = ticket.status()
        told = tr(
            "Pictures there: {there} of {cells}; those under way share every call.",
            there=there,
            cells=len(cells),
        )
        st.progress(
            min(1.0, status.step / max(1, status.steps)),
            told if status.state == "running" else say_status(status, tr_later("Piece")),
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
        st.caption(tr(SAYS))
        as_table(compare_rows(across, down, cells), "grid", tr("The grid in numbers"))
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
