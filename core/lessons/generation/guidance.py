"""Guidance taken apart: one call of it redone in the browser, and whole runs over its weight."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine.request import Request
from core.engine.ticket import Ticket
from core.engine.works.grid import Cells, GridWork
from core.engine.works.rescaled import RescaledWork
from core.lessons.generation.guidance_data import (
    PHI,
    WEIGHTS,
    guidance_data,
    guidance_rows,
    say_rescaled,
    share_at_limit,
    speckle,
)
from core.ui.address import ask, choose, switch
from core.ui.all_pages import held
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.running_example import running_example, set_running_example
from core.ui.runs import find, read, say_status
from core.ui.shown import Shown
from core.ui.tables import as_table, show_rows
from core.ui.tokenizing import scheduler_config
from core.views.numbers import percent
from core.words import tr

GUIDED = 5.0  # what is offered where there is no guidance to look at
_ASKED, RESCALED = "guidance_strip_asked", switch("rescaled")
Pictures = tuple[NDArray[np.uint8] | None, ...]


def show(shown: Shown) -> None:
    """Show what guidance does at every call of a run, and what other weights would have made.

    Args:
        shown: the run on show.
    """
    run = shown.run
    if run.eps_uncond is None:
        st.markdown(
            tr(
                "**This run has no guidance.** At w = 1 the formula leaves ε_c alone, so the "
                "network "
                "is never asked without your words, and there is no second answer to look at."
            )
        )
        st.button(
            tr("Look with w = {guided:g}", guided=GUIDED),
            on_click=_guide,
            icon=":material/call_split:",
            disabled=held(),
        )
    else:
        mount("generation/guidance", guidance_data(run, _predicts_noise(run.request.model)))
        against = tr(" (with what you do not want)") if run.request.negative else ""
        st.markdown(
            tr(
                "**Two answers, one line.** The network is asked twice about the same noise: "
                "without "
                "your words{against} and with them. Guidance goes from the first answer through "
                "the "
                "second, and on: w = 0 is the first, w = 1 the second, more than 1 goes beyond "
                "what "
                "the network ever said.",
                against=against,
            )
        )
        as_table(
            lambda: guidance_rows(run), "guidance", tr("The two answers at every call in numbers")
        )
    _show_strip(run.request)


def _guide() -> None:
    set_running_example(replace(running_example(), guidance=GUIDED))


def _show_strip(request: Request) -> None:
    """Show whole runs over the weight, once they have been asked for."""
    requests = tuple(replace(request, guidance=w) for w in WEIGHTS)
    plain = GridWork(request.model, requests)
    tamed = RescaledWork(request.model, requests, PHI)
    st.markdown(tr("**The same noise under six weights:** whole runs, each from its first step."))
    asked = st.session_state.get(_ASKED) == requests or find(plain) is not None
    if not asked:
        st.button(
            tr("Draw six pictures"), on_click=lambda: st.session_state.update({_ASKED: requests}),
            icon=":material/view_column:",
        )  # fmt: skip
        return
    rescale = ask(
        st.toggle, tr("Below them: rescaled at every step, φ = {phi:g}", phi=PHI), RESCALED
    )
    rows = [_Slots(), _Slots()] if rescale else [_Slots()]
    cells = read(plain, draw=lambda ticket: rows[0].follow(ticket))
    rows[0].draw(_pictures(cells))
    for cell in cells:
        if cell is not None and cell.error is not None:
            show_error(cell.error)
    numbers = [_numbers(tr("as it is"), _pictures(cells))]
    told = ""
    if rescale:
        pictures = read(tamed, draw=lambda ticket: rows[1].follow(ticket))
        rows[1].draw(pictures)
        told = say_rescaled(_pictures(cells)[-1], pictures[-1], _predicts_noise(request.model))
        numbers.append(_numbers(tr("rescaled, φ = {phi:g}", phi=PHI), pictures))
    st.markdown(
        tr(
            "**A larger weight follows the words more closely, and can push colours to the limit "
            "of "
            "what a picture holds:** too bright, too dark, too strong."
        )
    )
    if told:
        st.markdown(told)
    table = [row for part in numbers for row in part]
    if table:
        show_rows(table, "saturation", tr("Over-saturation measured, by weight"))


class _Slots:
    """Six places for pictures, a line for how far they are, and a way to stop."""

    def __init__(self) -> None:
        self.top = st.empty()
        self.slots = [column.empty() for column in st.columns(len(WEIGHTS), gap="small")]
        self.line: Any = None  # Any: Streamlit's slot

    def follow(self, ticket: Ticket[Any]) -> None:  # Any: a reading
        """Show how far it is, with what is there."""
        if self.line is None:
            with self.top.container(horizontal=True, vertical_alignment="center"):
                self.line = st.empty()
                st.button(
                    tr("Stop"), on_click=_stop, icon=":material/stop_circle:", key="stop_strip"
                )
            for slot in self.slots:
                slot.skeleton(height=110)
        status = ticket.status()
        self.line.progress(
            min(1.0, status.step / max(1, status.steps)), say_status(status, tr("U-Net call"))
        )
        partial = ticket.partial()
        if partial:
            self.draw(_pictures(partial) if _is_cells(partial) else partial, ended=False)

    def draw(self, pictures: Pictures, ended: bool = True) -> None:
        """Put pictures into their places."""
        if ended:
            self.top.empty()
        for slot, w, picture in zip(self.slots, WEIGHTS, pictures, strict=False):
            if picture is not None:
                said = tr("w = 1: none") if w == 1 else f"w = {w:g}"
                slot.image(
                    picture,
                    said,
                    width="stretch",
                    output_format="PNG",
                    alt=tr("The picture at {said}", said=said),
                )


def _predicts_noise(model: str) -> bool:
    """Whether a network was trained to say the noise, rather than v or the picture."""
    return scheduler_config(model).get("prediction_type", "epsilon") == "epsilon"


def _stop() -> None:
    st.session_state.pop(_ASKED, None)
    choose(RESCALED, False)


def _is_cells(partial: Any) -> bool:  # Any: either kind of strip
    return any(hasattr(one, "request") for one in partial) or all(one is None for one in partial)


def _pictures(cells: Cells) -> Pictures:
    return tuple(None if cell is None else cell.picture for cell in cells)


def _numbers(kind: str, pictures: Pictures) -> list[dict[str, object]]:
    return [
        {
            tr("pictures"): kind,
            "w": w,
            tr("colour values at the limit"): percent(share_at_limit(picture), 1),
            tr("neighbouring pixels differ by, of 255"): f"{speckle(picture):.1f}",
            tr("std of pixels"): f"{picture.std() / 255:.3f}",
        }
        for w, picture in zip(WEIGHTS, pictures, strict=True)
        if picture is not None
    ]
