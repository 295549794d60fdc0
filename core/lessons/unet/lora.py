"""What a LoRA changes: how large it is in every block, and the picture over its strength."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.engine.request import Request
from core.engine.works.grid import GridWork
from core.engine.works.live import in_few_calls
from core.engine.works.lora_change import LoraChangeWork
from core.ideas.low_rank import product_norm
from core.lessons.unet.lora_data import change_chart, change_rows, say_change
from core.models.few_steps import few_steps
from core.models.loras import LORAS, Chosen, loras_for
from core.models.schedulers.table import SCHEDULERS
from core.models.unet_facts import UNetFacts
from core.nets.lora import merge
from core.ui.address import ask, one_of
from core.ui.made import chart
from core.ui.runs import read
from core.ui.shown import Shown
from core.ui.tables import as_table
from core.views.pictures import row_picture
from core.words import tr, tr_many

FORMULAS = (merge, product_norm)
STRENGTHS = (0.0, 0.5, 1.0, 1.5)


def show(facts: UNetFacts, shown: Shown, call: int) -> None:
    """Show a LoRA's size beside the weights, and what becomes of the run on show with it.

    Args:
        facts: of the network.
        shown: the run.
        call: of the run, which is looked into; not used.

    Raises:
        ExplainerError: the LoRA does not fit, or the engine says why there is no answer.
    """
    request = shown.run.request
    names = loras_for(request.model)
    if not names:
        st.markdown(
            tr(
                "**No LoRA is offered here.** Put LoRA files of this model, `.safetensors`, into a "
                "folder, and start the app with `{loras}=` and that folder's place.",
                loras=LORAS,
            )
        )
        return
    first = next((one.name for one in request.loras if one.name in names), names[0])
    name = ask(st.selectbox, "LoRA", one_of("lora", names, first))
    work = LoraChangeWork(request.model, Chosen(name, 1.0)).validated()
    layers = read(work, tr("Layer"))
    st.markdown(say_change(layers))
    rows = change_rows(layers)
    st.altair_chart(
        chart(("lora", work), lambda: change_chart(rows)),
        alt=tr("How large the change is in every block, by kind of layer"),
    )
    st.caption(
        tr(
            "Strength 1; sizes are roots of sums of squares. The weights W stay as they are: what "
            "the "
            "two thin matrices say is added to each layer's answer."
        )
    )
    as_table(rows, "lora", tr("How large the change is in every block"))
    _show_strengths(request, name)


def _show_strengths(request: Request, name: str) -> None:
    if name in {one.name for one in few_steps(request.model).loras}:
        request = in_few_calls(request)  # that is what it was made for
    others = tuple(one for one in request.loras if one.name != name)
    requests = tuple(
        replace(request, loras=(*others, Chosen(name, strength))).validated()
        for strength in STRENGTHS
    )
    cells: Any = read(
        GridWork(request.model, requests), tr("Picture")
    )  # Any: all of them are there
    for cell in cells:
        if cell.error is not None:
            raise cell.error
    said = tr_many(
        request.steps,
        "From one noise in {count:,} step of {scheduler} at w = {guidance:g}: strengths of "
        "{strengths}",
        "From one noise in {count:,} steps of {scheduler} at w = {guidance:g}: strengths of "
        "{strengths}",
        scheduler=SCHEDULERS[request.scheduler].title,
        guidance=request.guidance,
        strengths=", ".join(f"{one:g}" for one in STRENGTHS),
    )
    st.image(
        row_picture([cell.picture for cell in cells]), said, width="stretch",
        output_format="PNG", alt=said,
    )  # fmt: skip
