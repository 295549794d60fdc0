"""Why SiLU? The activations compared, and the same tiny network trained with each, live."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.ideas.activations import ACTIVATIONS
from core.labs.activations import HIDDEN, ROUND, ROUNDS, WIDTH, ActivationLab, Round
from core.lessons.unet.silu_data import (
    CURVES,
    REACH,
    curve_chart,
    curve_rows,
    result_rows,
    say_where_nothing_is_learned,
    training_chart,
    training_rows,
)
from core.models.unet_facts import UNetFacts
from core.ui.address import ask, real
from core.ui.made import chart
from core.ui.running_example import running_example
from core.ui.runs import asked
from core.ui.shown import Shown
from core.ui.tables import as_table, show_rows
from core.words import tr

FORMULAS = tuple(activation.function for activation in ACTIVATIONS.values())

_RUNNING, _ROUNDS = "unet_lab_running", "unet_lab_rounds"


def show(_facts: UNetFacts, _shown: Shown | None, _call: int) -> None:
    """Show the curves, then the training."""
    st.markdown(
        tr(
            "Without a bend between them, any number of layers is one layer. **SiLU is x times "
            "its own "
            "sigmoid:** it has no corner, and it lets a little of what is negative through."
        )
    )
    reach = ask(
        st.slider, tr("Zoom: x from −z to z"), real("zoom", 4.0, 0.5, REACH), step=0.5,
        format="z = %g",
    )  # fmt: skip
    for field, place in zip(CURVES, st.columns(2), strict=True):
        name = "activations", field, reach
        drawn = chart(name, lambda field=field: curve_chart(curve_rows(), field, reach))
        place.altair_chart(drawn, alt=tr(CURVES[field]))
    as_table(curve_rows, "curves", tr("Eight activations and their derivatives"))
    st.caption(
        tr(
            "Click a name to see it alone. {where} The sigmoid’s slope is never above a quarter.",
            where=say_where_nothing_is_learned(),
        )
    )
    st.markdown(tr("**The same tiny network with each**"))
    st.markdown(
        tr(
            "{hidden} hidden layers of {width} learn to tell the noise in noisy points of a "
            "plane: a "
            "diffusion model in small. Same first weights, same points, same learning rate.",
            hidden=HIDDEN,
            width=WIDTH,
        )
    )
    rounds: list[Round] = st.session_state.setdefault(_ROUNDS, [])
    _buttons(rounds)
    slot = st.empty()
    _draw(slot, rounds)
    while st.session_state.get(_RUNNING) and len(rounds) < ROUNDS:
        state = rounds[-1].state if rounds else b""
        with asked(ActivationLab(running_example().model, len(rounds), state)) as ticket:
            done = ticket.result()
        if rounds:
            rounds[-1] = replace(rounds[-1], state=b"")  # only the newest is gone on from
        rounds.append(done)
        _draw(slot, rounds)
    if st.session_state.get(_RUNNING) and len(rounds) == ROUNDS:
        st.session_state[_RUNNING] = False
        st.rerun()


def _buttons(
    rounds: list[Any],
) -> None:  # Any: a Round, whose module imports no torch, its work does
    """Offer what can be done: start, stop, go on, or start again."""
    if st.session_state.get(_RUNNING):
        st.button(tr("Stop"), on_click=_set, args=(False,), icon=":material/stop_circle:")
    elif not rounds:
        st.button(tr("Train all eight"), on_click=_set, args=(True,), icon=":material/play_arrow:")
    elif len(rounds) < ROUNDS:
        st.button(tr("Go on"), on_click=_set, args=(True,), icon=":material/play_arrow:")
    else:
        st.button(tr("Train again"), on_click=_again, icon=":material/replay:")


def _draw(slot: Any, rounds: list[Round]) -> None:  # Any: a slot
    """Show how far the training is."""
    if not rounds:
        return
    rows = training_rows([done.losses for done in rounds])
    with slot.container():
        st.altair_chart(
            chart(("activations", str(rows)), lambda: training_chart(rows, ROUND * ROUNDS)),
            alt=tr("The loss of every activation by training step"),
        )
        if len(rounds) < ROUNDS:
            return
        results = result_rows(rounds[-1].losses, rounds[0].reach, rounds[-1].still)
        show_rows(results, "networks", tr("What became of every network"))
        as_table(rows, "activations", tr("The loss of every activation by training step"))
        st.caption(
            tr(
                "Most end alike: so small a network can do with many of them. What differs is how "
                "much of the first gradient gets through, and how many units learn nothing from "
                "any "
                "of the points at the end."
            )
        )


def _set(running: bool) -> None:
    st.session_state[_RUNNING] = running


def _again() -> None:
    st.session_state[_ROUNDS] = []
    _set(True)
