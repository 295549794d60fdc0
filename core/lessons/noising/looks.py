"""Closer looks at noising: the chain of small steps, what is left at the end, the way back."""

from typing import Any

import streamlit as st

from core.engine.looks.noising import NoiseLook
from core.ideas.schedule_config import read_betas
from core.ideas.schedules import accumulate_alpha_bar, rescale_to_zero_snr
from core.lessons.noising.hero import shown_pixels
from core.lessons.noising.hero_data import (
    GHOST_GAIN,
    Schedule,
    frame_times,
    ghost,
    jump,
    level_rows,
    to_pixels,
    walk_chart,
    walk_picture,
    walk_rows,
)
from core.models.schedulers.table import SCHEDULERS
from core.ui.look_box import look_box, look_place
from core.ui.looking import read
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.tables import offer_csv
from core.views.numbers import count

JUMP, LEFT, BACK, TABLE = "One jump or many steps", "What is left", "Your run’s steps", "In numbers"
NOTHING = 1e-8  # signal power below which nothing is left
MOST_STOPS, IN_A_ROW = 12, 6  # pictures of the run's timesteps


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box([JUMP, LEFT, BACK, TABLE], "noising_look")


def show_look(
    look: str, source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: what JSON holds
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.
        source: the picture.
        config: the model's scheduler config.
        schedule: its noise schedule.
        seed: of the noise.

    Raises:
        ExplainerError: the engine could not do it.
    """
    place = look_place((JUMP, LEFT, BACK, TABLE), look)
    with place:
        if look == JUMP:
            _show_jump(source, config, schedule, seed)
        elif look == LEFT:
            _show_left(source, config, schedule, seed)
        elif look == BACK:
            _show_back(source, config, schedule, seed)
        else:
            _show_table(schedule)


def _show_jump(
    source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: as above
    betas = read_betas(config)
    last = st.slider(
        "Small steps taken, one after the other", 1, len(betas), len(betas) // 2,
        key="noising_steps",
    ) - 1  # fmt: skip
    pixels = shown_pixels(source)
    walk = walk_picture(pixels, betas, last, seed)
    chain, once, chart = st.columns([1, 1, 2], gap="medium")
    chain.image(
        to_pixels(walk.last), f"{last + 1:,} small steps, each with fresh noise", width="stretch",
        output_format="PNG", alt="The picture after every small step",
    )  # fmt: skip
    once.image(
        jump(pixels, float(schedule.alpha_bar[last]), seed), f"One jump to t = {last}",
        width="stretch", output_format="PNG", alt="The picture after one jump",
    )  # fmt: skip
    with chart:
        st.altair_chart(walk_chart(walk, betas), alt="Weight and variance, jump beside chain")
    st.markdown(
        "**Different noise, the same mixture:** as much of the picture is left, and the noise is "
        "as strong. So training need not walk the chain: it jumps."
    )
    rows = walk_rows(walk, betas)
    st.dataframe(rows, hide_index=True, alt="Measured in the chain beside the jump's formula")
    offer_csv(rows, "chain")


def _show_left(
    source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: as above
    pixels = shown_pixels(source)
    copies = st.select_slider(
        "Fully noised copies, averaged", [1, 4, 16, 64, 256, 1024, 4096], 256, key="noising_copies"
    )
    zero = accumulate_alpha_bar(rescale_to_zero_snr(read_betas(config)))
    own, rescaled = float(schedule.alpha_bar[-1]), float(zero[-1])
    columns = st.columns(2, gap="large")
    for column, title, level in zip(
        columns, ("The model’s own schedule", "With nothing left at the end"), (own, rescaled),
        strict=True,
    ):  # fmt: skip
        with column:
            st.subheader(title, anchor=False)
            picture, numbers = st.columns(2)
            picture.image(
                ghost(pixels, level, copies, seed), width="stretch", output_format="PNG",
                alt=f"Average of {copies} fully noised copies",
            )  # fmt: skip
            numbers.metric("weight of the picture at the last t", f"{level**0.5:.3f}")
    if own > NOTHING:
        st.markdown(
            "**Not all is gone.** Averaging cancels noise, not the picture: what survived becomes "
            f"visible. Count black as −1 and white as 1: of a white picture a mean of "
            f"{own**0.5:.3f} is left. The network learned to rely on it; the pure noise that a run "
            "starts from has a mean of about 0, which asks for medium brightness. Very dark and "
            "very bright pictures are hard to reach."
        )
    else:
        st.markdown(
            "**All is gone.** This model’s schedule ends in noise alone, as a run begins: nothing "
            "of the picture’s brightness is given away."
        )
    st.caption(f"Shown {GHOST_GAIN:g} times stronger.")


def _show_back(
    source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: as above
    request = running_example()
    from core.models.schedulers.factory import timetable  # imports diffusers

    scheduler = SCHEDULERS[request.scheduler]
    visits = timetable(scheduler, config, dict(request.params), request.steps)
    stops = min(MOST_STOPS, len(visits))
    some = [visits[round(at * (len(visits) - 1) / max(1, stops - 1))] for at in range(stops)]
    times = [min(len(schedule.alpha_bar) - 1, max(0, round(t))) for t in some]
    levels = tuple(float(schedule.alpha_bar[t]) for t in times)
    found = read(
        NoiseLook(request.model, source.pixels, source.width, source.height, levels, seed),
        "Picture",
    )
    st.markdown(
        f"**{scheduler.title} asks the network {count(len(visits), 'time')}**, first at "
        f"t = {max(visits):g}, last at t = {min(visits):g}. Below is your picture, noised as much "
        "as the network expects there."
    )
    for at, (t, level, picture) in enumerate(zip(some, levels, found.pictures, strict=True)):
        if at % IN_A_ROW == 0:
            row = st.columns(IN_A_ROW, gap="small")
        row[at % IN_A_ROW].image(
            picture, f"t = {t:g}, weight {level**0.5:.2f}", width="stretch", output_format="PNG",
            alt=f"Noised to t = {t:g}, decoded",
        )  # fmt: skip
    st.caption(
        "These are noised on purpose, forwards; they are not the pictures of your run. Between "
        "two whole timesteps the nearest is shown."
    )


def _show_table(schedule: Schedule) -> None:
    rows = level_rows(schedule.alpha_bar, frame_times(schedule.alpha_bar))
    st.dataframe(rows, hide_index=True, alt="Weights, SNR and sigma by timestep")
    offer_csv(rows, "noising")
