"""One step of the running example at one latent position, with every number filled in."""

from typing import Any

import streamlit as st

from core.engine.looks.schedulers import FreshNoiseLook
from core.ideas.equation import equation_of
from core.models.schedulers_info import SCHEDULERS
from core.ui.looking import read
from core.ui.running_example import running_example
from core.ui.shown import here
from core.views.run import Run
from core.views.schedulers_step import (
    CALCULATED,
    Position,
    draws_noise,
    first_call,
    number_rows,
    work_out,
)
from core.views.schedulers_step_picture import position_picture


def show_step(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show the formula of a step, filled in, and its result beside the library's.

    Args:
        config: of the running example's model.

    Raises:
        ExplainerError: this scheduler is not worked out here, or the engine could not run it.
    """
    request = running_example()
    if request.scheduler not in CALCULATED:
        names = ", ".join(SCHEDULERS[name].title for name in CALCULATED)
        st.markdown(f"One step is worked out for **{names}**. Choose one of them above.")
        return
    run = here(request).run
    step, where = _choose(run)
    call = first_call(run, step)
    fresh = 0.0
    if draws_noise(run):
        noise = read(FreshNoiseLook(request.model, request, call))
        fresh = float(noise[where])
    worked = work_out(run, config, step, where, fresh)
    st.latex(equation_of(worked.function).tex)
    st.latex(worked.filled)
    ours, theirs, apart = st.columns(3)
    ours.metric("These few lines", f"{worked.ours:.7f}")
    theirs.metric("diffusers’ step() in this run", f"{worked.theirs:.7f}")
    apart.metric("Apart by", f"{abs(worked.ours - worked.theirs):.1e}")
    picture, given, numbers = st.columns([4, 6, 9], gap="medium")
    picture.image(
        position_picture(run.path[call][where[0]], where[1:]), "Where, in x_t", width="stretch",
        output_format="PNG", alt="The noisy latents of this channel, the position framed",
    )  # fmt: skip
    given.markdown(number_rows(worked.given))
    numbers.markdown(number_rows(worked.numbers))
    st.markdown(
        f":small[{equation_of(worked.function).source}. Latents are kept at "
        f"{'x0 + sigma eps' if worked.scale != 'unit scale' else 'unit scale'}; the library adds "
        "up in float32.]"
    )


def _choose(run: Run) -> tuple[int, Position]:
    """Ask for the step and the position."""
    channels, height, width = run.path.shape[1:]
    steps = int(run.steps[-1]) + 1
    asked = st.columns(4)
    step = 1 if steps == 1 else asked[0].slider("Step", 1, steps, (steps + 1) // 2, key="calc_step")
    channel = asked[1].number_input("Channel", 0, channels - 1, 0, key="calc_channel")
    row = asked[2].number_input("Row", 0, height - 1, height // 2, key="calc_row")
    column = asked[3].number_input("Column", 0, width - 1, width // 2, key="calc_column")
    return step - 1, (int(channel), int(row), int(column))
