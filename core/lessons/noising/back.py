"""The picture, noised as much as the running example's run expects at its timesteps."""

from typing import Any

import streamlit as st

from core.engine.works.noising import NoiseWork
from core.lessons.noising.hero_data import Schedule
from core.models.schedulers.table import SCHEDULERS
from core.ui.made import png
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.runs import read
from core.views.numbers import count
from core.words import tr, tr_later

MOST_STOPS, IN_A_ROW = 12, 6  # pictures of the run's timesteps


def show(
    source: Source, config: dict[str, Any], schedule: Schedule, seed: int
) -> None:  # Any: what JSON holds
    """Show the picture noised to the timesteps of the run.

    Args:
        source: the picture.
        config: the model's scheduler config.
        schedule: its noise schedule.
        seed: of the noise.
    """
    request = running_example()
    from core.models.schedulers.factory import timetable  # imports diffusers

    scheduler = SCHEDULERS[request.scheduler]
    visits = timetable(scheduler, config, dict(request.params), request.steps)
    stops = min(MOST_STOPS, len(visits))
    some = [visits[round(at * (len(visits) - 1) / max(1, stops - 1))] for at in range(stops)]
    times = [min(len(schedule.alpha_bar) - 1, max(0, round(t))) for t in some]
    levels = tuple(float(schedule.alpha_bar[t]) for t in times)
    found = read(
        NoiseWork(request.model, source.pixels, source.width, source.height, levels, seed),
        tr_later("Picture"),
    )
    st.markdown(
        tr(
            "**{scheduler} asks the network {times}**, first at t = {first:g}, last at t = "
            "{last:g}. Below is your picture, noised as much as the network expects there.",
            scheduler=scheduler.title,
            times=count(len(visits), "time"),
            first=max(visits),
            last=min(visits),
        )
    )
    for at, (t, level, picture) in enumerate(zip(some, levels, found.pictures, strict=True)):
        if at % IN_A_ROW == 0:
            row = st.columns(IN_A_ROW, gap="small")
        row[at % IN_A_ROW].image(
            png(picture),
            tr("t = {t:g}, weight {level:.2f}", t=t, level=level**0.5),
            width="stretch",
            output_format="PNG",
            alt=tr("Noised to t = {t:g}, decoded", t=t),
        )
    st.caption(
        tr(
            "These are noised on purpose, forwards; they are not the pictures of your run. Between "
            "two whole timesteps the nearest is shown."
        )
    )
