"""One step of the running example at one latent position, with every number filled in."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.engine.works.schedulers import FreshNoiseWork
from core.ideas.equation import equation_of
from core.lessons.schedulers.step_data import (
    Position,
    WorkedLine,
    draws_noise,
    first_call,
    lands_at,
    last_call,
    number_rows,
    work_out,
)
from core.lessons.schedulers.step_picture_data import position_picture
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import ask, value, whole
from core.ui.made import png
from core.ui.page import show_equation
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.settings import say_low_start
from core.ui.shown import here
from core.views.numbers import minus, short
from core.views.run import Run
from core.words import tr


def show(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show the formula of a step, filled in, and its result beside the library's.

    Args:
        config: of the running example's model.

    Raises:
        ExplainerError: these settings are not worked out here, or the engine could not run it.
    """
    request = running_example()
    run = here(request).run
    step, where = _choose(run)
    call, ends = first_call(run, step), last_call(run, step)
    fresh = read(FreshNoiseWork(request.model, request, ends)) if draws_noise(run) else None
    worked = work_out(run, config, step, where, fresh)
    last = call + 1 == len(run.timesteps) or run.steps[call] == run.steps[-1]
    told = {
        "step": step + 1,
        "steps": int(run.steps[-1]) + 1,
        "t": run.timesteps[call],
        "call": call + 1,
    }
    st.markdown(
        tr(
            "**Step {step} of {steps} goes from t = {t:g} to the end**; it begins with call "
            "{call}. At one place of the latents it is this:",
            **told,
        )
        if last
        else tr(
            "**Step {step} of {steps} goes from t = {t:g} to t = {after:g}**; it begins with call "
            "{call}. At one place of the latents it is this:",
            after=lands_at(run, config, step),
            **told,
        )
    )
    after = None if last else run.timesteps[first_call(run, step + 1)]
    if after is not None and after != lands_at(run, config, step):
        st.markdown(
            tr(
                "{scheduler} counts {stride:g} timesteps down, the whole part of {train:,} / "
                "{steps}; the next call is told t = {after:g} all the same.",
                scheduler=SCHEDULERS[request.scheduler].title,
                stride=run.timesteps[call] - lands_at(run, config, step),
                train=config.get("num_train_timesteps", 1000),
                steps=request.steps,
                after=after,
            )
        )
    say_low_start(float(run.timesteps[0]), float(run.alpha_bars[0]))
    shown: set[str] = set()
    for line in worked.lines:
        if len(worked.lines) > 1:
            st.markdown(_SAYS[line.role]())
        _show_formulas(line, shown)
        st.latex(line.filled)
    ours, theirs, apart = st.columns(3)
    ours.metric(tr("These few lines"), minus(f"{worked.ours:.7f}"))
    theirs.metric(tr("diffusers’ step() in this run"), minus(f"{worked.theirs:.7f}"))
    apart.metric(tr("Apart by"), short(abs(worked.ours - worked.theirs)))
    picture, numbers = st.columns([1, 2], gap="large")
    picture.image(
        png(position_picture(run.path[call][where[0]], where[1:])), tr("The place, framed, in xₜ"),
        width="stretch", output_format="PNG",
        alt=tr("The noisy latents of this channel, the place framed"),
    )  # fmt: skip
    for line in worked.lines:
        if len(worked.lines) > 1:
            numbers.markdown(_SAYS[line.role]())
        numbers.markdown(number_rows([*line.given, *line.numbers]))
    functions = dict.fromkeys(one for line in worked.lines for one in line.functions)
    st.markdown(
        tr(
            ":small[{source}. Latents are kept at {scale}; the library adds up in float32.]",
            source=" · ".join(tr(equation_of(one).source) for one in functions),
            scale=worked.scale,
        )
    )


_SAYS: dict[str, Callable[[], str]] = {
    "corrects": lambda: tr("First the latents are **corrected** by what the network saw in them:"),
    "looks": lambda: tr("First a step **to look from**; the network is asked there again:"),
    "steps": lambda: tr("Then **the step itself**:"),
}


def _show_formulas(line: WorkedLine, shown: set[str]) -> None:
    """Show what no line before has shown."""
    for function in line.functions:
        tex = equation_of(function).tex
        if tex not in shown:
            shown.add(tex)
            st.latex(tex)


def show_more() -> None:
    """Show the formulas of the running example's scheduler."""
    for function in SCHEDULERS[running_example().scheduler].formulas:
        show_equation(function)


def _choose(run: Run) -> tuple[int, Position]:
    """Ask for the step and the position."""
    channels, height, width = run.path.shape[1:]
    steps = int(run.steps[-1]) + 1
    asked = st.columns(4)
    step = (
        1
        if steps == 1
        else ask(
            asked[0].slider,
            tr("Step"),
            whole("step", (steps + 1) // 2, 1, steps),
            help=tr("Between two places of the run."),
        )
    )
    fields = (
        whole("channel", 1, 1, channels),
        whole("row", height // 2 + 1, 1, height),
        whole("column", width // 2 + 1, 1, width),
    )
    labels = tr("Channel"), tr("Row"), tr("Column")
    for place, label, field in zip(asked[1:], labels, fields, strict=True):
        ask(place.number_input, label, field)
    channel, row, column = (value(field) - 1 for field in fields)
    return step - 1, (channel, row, column)
