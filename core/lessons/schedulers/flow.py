"""The same run told as a flow: four names of one answer, one step twice, and shifted schedules."""

from typing import Any

import streamlit as st

from core.engine.works.schedulers import MOST_SHIFT, FlowWork
from core.ideas.flow import flow_step, flow_time, flow_velocity, shift_time, space_flow, to_flow
from core.ideas.prediction import v_from_x0, x0_from_eps
from core.ideas.samplers.ddim import ddim_step
from core.lessons.schedulers.flow_data import (
    SIDE,
    curves_of,
    pictures,
    share_chart,
    shares_of,
    told_at,
)
from core.models.schedulers.flow import FLOW_CLASSES
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import ask, real, whole
from core.ui.made import chart as kept_chart
from core.ui.made import made, png
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.shown import here
from core.ui.tables import as_table
from core.views.numbers import minus, short
from core.views.run import Run
from core.words import tr, tr_later

FORMULAS = (
    flow_velocity, to_flow, flow_time, flow_step, ddim_step, x0_from_eps, v_from_x0, shift_time,
)  # fmt: skip
NAMES = (
    tr_later("**ε**, the noise"),
    tr_later("**x̂₀**, the picture"),
    tr_later("**v**, turned by the noise level"),
    tr_later("**u = ε − x̂₀**, the velocity"),
)


def show(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show an answer in four languages, the step in two coordinates, and shifted schedules.

    Args:
        config: of the running example's model.

    Raises:
        ExplainerError: the engine could not run it.
    """
    run = here(running_example()).run
    _show_languages(run)
    _show_schedules(run)


def _show_languages(run: Run) -> None:
    st.markdown(
        tr(
            "**One answer, four languages.** From any of them, with the noisy picture, follow the "
            "others. Flow models are trained to say u: where the mixture moves as noise is added."
        )
    )
    first = int((run.alpha_bars == 0).sum())  # where no signal is left, noise tells no picture
    calls = len(run.timesteps)
    field = whole("call", (first + calls) // 2, first + 1, calls)
    call = ask(st.slider, tr("U-Net call"), field) - 1
    told = made(("told as a flow", run, call), lambda: told_at(run, call))
    with st.container(horizontal=True):
        for name, picture in zip(NAMES, pictures(told, run), strict=True):
            heard = tr(name).replace("*", "")
            st.image(png(picture), tr(name), width=SIDE, output_format="PNG", alt=heard)
    st.markdown(
        tr(
            "**The same step, walked twice.** DDIM on x at t = {t:g}; and one straight step on the "
            "flow’s mixture z, along u, from s = {s:.3f} to s = {after:.3f}. Brought to one scale, "
            "the two differ by **{apart}** at most: one path, two descriptions.",
            t=float(run.timesteps[call]),
            s=told.s,
            after=told.s_next,
            apart=short(told.apart, 1),
        )
    )
    st.caption(
        tr(
            "v is not this velocity: v mixes ε and x̂₀ by the noise level, u is the same all along "
            "a straight line. And this network stays one that was trained on other mixtures than a "
            "flow model: your run asks it at s = {s:.3f} first, a flow at s = 1.",
            s=shares_of(run)[0],
        )
    )


def _show_schedules(run: Run) -> None:
    st.markdown(
        tr(
            "**Where a flow takes its steps.** Evenly in s, then *shifted*: a larger picture shows "
            "each detail in more numbers, so that the same noise hides less of it, and more steps "
            "are wanted where noise is strong. Stable Diffusion 3 takes a shift of 3."
        )
    )
    shift = ask(
        st.slider, tr("Shift"), real("shift", 3.0, 1.0, float(MOST_SHIFT)), step=0.5,
        help=tr("1 leaves the steps evenly spaced."),
    )  # fmt: skip
    request, steps = running_example(), int(run.steps[-1]) + 1
    library = read(FlowWork(request.model, steps, shift))
    title = SCHEDULERS[request.scheduler].title
    curves = curves_of(run, title, shift, library)
    st.altair_chart(
        kept_chart(("flows", run, shift), lambda: share_chart(curves)),
        alt=tr("Shares of noise over the way, of your run and of flows"),
    )
    rows = [
        {tr_later("of"): name, tr_later("step"): at, "s": s}
        for name, shares in curves.items()
        for at, s in enumerate(shares)
    ]
    as_table(rows, "flows", tr("The same shares of noise as a table"))
    once, twice = space_flow(steps, shift)[-2], library[FLOW_CLASSES[0]][-2]
    if abs(once - twice) > 1e-6:
        st.markdown(
            tr(
                "**The library shifts twice:** its last step begins at s = {theirs}, the formula "
                "once gives {ours}. It shifts the ends first, and all that lies between with them.",
                theirs=minus(f"{twice:.4f}"),
                ours=minus(f"{once:.4f}"),
            )
        )
    st.caption(
        tr("None of these is offered for drawing: they are for models that name the velocity.")
    )
