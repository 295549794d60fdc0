"""Flows in the lab of points: their film, what it shows, and how near they come in few steps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.labs.points_field import NO_CLASS
from core.labs.points_settings import FLOW, NOISE, STRAIGHT, PointSettings
from core.lessons.training.flow_data import film_data, reach_of, told_walk, walked
from core.lessons.training.points_data import Event, PathsData, field_of
from core.ui.address import ask, one_of, real, value, whole
from core.ui.component import mount
from core.ui.made import chart, made
from core.ui.tables import as_table
from core.views.numbers import percent
from core.words import in_a_row, tr, tr_later

FILM = "training/paths"
ANY, BLUE, ORANGE = tr_later("either"), tr_later("blue"), tr_later("orange")
LABELS = {ANY: NO_CLASS, BLUE: 0, ORANGE: 1}
TOLD_STEPS = 20  # of the walks that a training tells meanwhile
MEANWHILE = tr_later(
    "**The last pane is what the network has learned so far**: the same noise, walked along the "
    "arrows below."
)


def show_flow(
    settings: PointSettings, done: Mapping[str, Event], events: Sequence[Event], going: bool
) -> None:
    """Show noise flow by single pairs, by their mean, and along what was learned so far.

    Args:
        settings: of the training on show.
        done: the last events of finished trainings, by what each learned.
        events: that the training on show has told.
        going: whether it goes on.
    """
    try:
        checked = settings.validated()
    except ExplainerError:  # not yet enough points
        return
    film, below = st.container(), st.container()
    flows = {goal: done[goal] for goal in (FLOW, STRAIGHT) if goal in done}
    label, w, steps = NO_CLASS, 1.0, 0
    if flows and not going:
        with below:
            label, w, steps = ask_walk(settings, ANY, tr("Steps along the flow"))
    looks = [event for event in events if event["kind"] == "look"] if going else []
    name = ("flow", checked, tuple(flows), label, w, steps, going, len(looks))

    def make() -> PathsData:
        learned: dict[str, NDArray[np.float32] | None] = {FLOW: None}
        if flows or settings.goal == STRAIGHT:
            learned[STRAIGHT] = None
        for goal, event in flows.items():
            field = replace(field_of(event), label=label, w=w)
            learned[goal] = walked(field, steps or TOLD_STEPS, settings.seed)
        if looks:
            newest = looks[-1]
            learned[FLOW if newest["step"] <= settings.steps else STRAIGHT] = told_walk(newest)
        return film_data(checked, learned, label, going)

    with film:
        mount(FILM, made(name, make))
    with below:
        st.markdown(tr(MEANWHILE) if going else _say_flow(flows))


def ask_walk(settings: PointSettings, begins: str, steps_label: str) -> tuple[int, float, int]:
    """Ask which class is walked to, how strongly it is asked for, and in how many steps.

    Args:
        settings: of the training.
        begins: one of ``LABELS``, asked for at first.
        steps_label: of the slider.

    Returns:
        The class, or ``NO_CLASS``; the guidance weight; the steps.
    """
    how, asked, weight = st.columns(3, gap="large")
    steps = ask(how.slider, steps_label, whole("walk_steps", 10, 1, 50))
    if not settings.classes:
        return NO_CLASS, 1.0, steps
    label = one_of("asked", LABELS, begins, begins="default")
    ask(asked.segmented_control, tr("Asked for"), label, format_func=tr, required=True)
    if value(label) == ANY:
        return NO_CLASS, 1.0, steps
    w = ask(weight.slider, tr("Guidance w"), real("w", 2.0, 0.0, 8.0), step=0.5)
    return LABELS[value(label)], w, steps


def _say_flow(done: Mapping[str, Event]) -> str:
    """Say what the film shows, and what to try next."""
    if FLOW not in done and STRAIGHT not in done:
        return tr(
            "**First pane: what one training pair says.** A straight line from a noise to a point "
            "of the data. **Second: what a network can know.** Where lines meet it can only name "
            "the mean of them all, so its ways bend and never cross. The pink point shows both: "
            "its own pair, and those that meet where it is. Followed in ever finer steps, the "
            "exact mean leads back to the very points of the data."
        )
    if STRAIGHT not in done:
        flow = reach_of(done[FLOW])
        return tr(
            "**Learned in {seconds:.0f} s on one core.** Its ways are {detour:.2f} times as long "
            "as straight lines, for they are those of the mean: flow matching learns from straight "
            "lines, and is not straight. **Set 1 step**: it misses the data by {one:.2f}. Then "
            "**press Straighten**: it makes pairs by itself, each noise with the point where it "
            "ends, and learns these.",
            seconds=done[FLOW]["seconds"],
            detour=flow["detour"],
            one=flow["apart"][0],
        )
    straight = reach_of(done[STRAIGHT])
    said = tr(
        "**Straightened.** Lines between its own pairs hardly cross, so that their mean is nearly "
        "each of them: its ways are now {detour:.2f} times as long as straight lines. **Set 1 "
        "step**: one step misses the data by {one:.3f} on average.",
        detour=straight["detour"],
        one=straight["apart"][0],
    )
    if FLOW not in done:
        return said
    flow = reach_of(done[FLOW])
    return in_a_row(
        said,
        tr(
            "Before it was {detour:.2f} and {one:.3f}. It took {seconds:.0f} s more, after "
            "{first:.0f} s for the flow.",
            detour=flow["detour"],
            one=flow["apart"][0],
            seconds=done[STRAIGHT]["seconds"] - done[FLOW]["seconds"],
            first=done[FLOW]["seconds"],
        ),
    )


def show_reach(settings: PointSettings, done: Mapping[str, Event]) -> None:
    """Show how near what is drawn comes to the data, for every network that has learned them.

    Args:
        settings: of the points.
        done: the last events of finished trainings, by what each learned.
    """
    if not done:
        return
    from core.lessons.training.reach_data import (  # altair: not for the first paint
        fresh_apart,
        ratio_at_one,
        reach_chart,
        reach_rows,
    )

    reached = {goal: reach_of(event) for goal, event in done.items()}
    name = ("reach", settings.validated(), tuple(reached))
    st.altair_chart(
        chart(name, lambda: reach_chart(reached, fresh_apart(settings))),
        alt=tr("Mean distance of what is drawn to the data, over the number of steps"),
    )
    as_table(reach_rows(reached), "points-reach", tr("Distances by the number of steps"))
    ratio = ratio_at_one(reached)
    if ratio is None:
        st.caption(
            tr(
                "Train the noise, the flow and the straightened flow on the same points, and all "
                "three lines stand here."
            )
        )
        return
    missed = reached[STRAIGHT]["missed"][0] / reached[NOISE]["missed"][0]
    st.markdown(
        tr(
            "**One step of the straightened flow is off by {share} of what one step of DDIM is.** "
            "Measured the other way, from the data to the nearest that is drawn, it is {missed}. "
            "Both are needed: who draws everything into the middle of a spiral is near its line, "
            "and has drawn no spiral.",
            share=percent(ratio),
            missed=percent(missed),
        )
    )
