"""The picture and its noise, scrubbed in the browser; what needs the engine comes after."""

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from core.engine.request import MAX_SEED
from core.engine.works.noising import NoiseWork
from core.ideas.schedule_config import read_alpha_bar, read_betas
from core.ideas.schedules import (
    accumulate_alpha_bar,
    make_cosine_betas,
    make_linear_betas,
    make_sigmoid_betas,
    rescale_to_zero_snr,
)
from core.lessons.noising.hero_data import (
    NoisingData,
    Schedule,
    frame_times,
    noising_data,
    pixel_noise,
)
from core.models.schedulers.table import SCHEDULERS
from core.models.uploads import fit
from core.ui.address import ask, one_of, whole
from core.ui.component import mount
from core.ui.made import made
from core.ui.paint_first import paint_first
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.ui.tokenizing import scheduler_config
from core.ui.visits import find_visits, known_visits
from core.views.numbers import count
from core.words import tr, tr_later

WIDEST = 192  # pixels of the live picture; larger ones are shown smaller
ENDS_IN_NOISE = tr_later("nothing left")
NAMES = {
    "linear": tr_later("linear"), "scaled_linear": tr_later("scaled linear"),
    "squaredcos_cap_v2": tr_later("cosine"), "sigmoid": tr_later("sigmoid"),
    "trained": tr_later("its own list"),
}  # fmt: skip


def own_schedule(config: dict[str, Any]) -> Schedule:  # Any: as above
    """Return the model's own noise schedule.

    Args:
        config: the scheduler config of the running example's model.

    Raises:
        ExplainerError: the config describes none.
    """
    kind = "trained" if config.get("trained_betas") is not None else config.get("beta_schedule")
    return Schedule(tr(NAMES.get(str(kind), str(kind))), read_alpha_bar(config))


def other_schedules(config: dict[str, Any]) -> dict[str, Schedule]:  # Any: as above
    """Return schedules to compare with, by name, as long as the model's own.

    Args:
        config: the scheduler config of the running example's model.

    Raises:
        ExplainerError: the config describes no schedule.
    """
    betas = read_betas(config)
    steps = len(betas)
    made = {
        "cosine": make_cosine_betas(steps),  # the first: it keeps the picture longest
        ENDS_IN_NOISE: rescale_to_zero_snr(betas),
        "linear": make_linear_betas(train_steps=steps),
        "sigmoid": make_sigmoid_betas(train_steps=steps),
    }
    titles = {ENDS_IN_NOISE: tr("its own, with nothing left at the end (zero terminal SNR)")}
    return {
        name: Schedule(titles.get(name, tr(name)), accumulate_alpha_bar(found))
        for name, found in made.items()
    }


def choose_other(config: dict[str, Any]) -> Schedule:  # Any: as above
    """Ask for the schedule to compare with.

    Args:
        config: the scheduler config of the running example's model.

    Raises:
        ExplainerError: the config describes no schedule.
    """
    others = other_schedules(config)
    field = one_of("compared", others)
    return others[ask(st.selectbox, tr("Compare with the schedule"), field, format_func=tr)]


def choose_seed() -> int:
    """Ask for the noise: the same seed is the same noise."""
    seed = ask(
        st.number_input,
        tr("Seed of the noise"),
        whole("noise", running_example().seed, 0, MAX_SEED),
        help=tr("The same seed is the same noise; another one is new noise."),
    )
    return int(seed)


def shown_pixels(source: Source) -> NDArray[np.uint8]:
    """Return the picture in the size that is noised live.

    Args:
        source: the picture.
    """
    picture = Image.frombytes("RGB", (source.width, source.height), source.pixels)
    if max(source.width, source.height) > WIDEST:
        share = WIDEST / max(source.width, source.height)
        picture = fit(picture, round(source.width * share), round(source.height * share))
    return np.asarray(picture)


def show_hero(source: Source, schedule: Schedule, other: Schedule, seed: int) -> None:
    """Show the picture under noise; what is missing is computed after it has been painted.

    Args:
        source: the picture.
        schedule: the model's own.
        other: to compare it with.
        seed: of the noise.
    """
    work = work_of(source, schedule, seed)

    def compute(_: None) -> None:
        find_visits(running_example(), scheduler_config(running_example().model))
        read(work, tr_later("Picture"))

    there = find(work) is not None and known_visits(running_example()) is not None
    paint_first("noising", work, there, lambda: _draw(source, schedule, other, seed), compute)


def work_of(source: Source, schedule: Schedule, seed: int) -> NoiseWork:
    """Return what the engine is asked: the picture noised in its latents, along the time axis.

    Args:
        source: the picture.
        schedule: the model's own.
        seed: of the noise.
    """
    levels = tuple(float(schedule.alpha_bar[t]) for t in frame_times(schedule.alpha_bar))
    return NoiseWork(
        running_example().model, source.pixels, source.width, source.height, levels, seed
    )


def _draw(source: Source, schedule: Schedule, other: Schedule, seed: int) -> None:
    found, visits = find(work_of(source, schedule, seed)), known_visits(running_example())
    told = _told(() if visits is None else visits.timesteps)

    def data() -> NoisingData:
        pixels = shown_pixels(source)
        noise = pixel_noise(pixels.shape[0], pixels.shape[1], seed)
        decoded = None if found is None else (frame_times(schedule.alpha_bar), found.pictures)
        return noising_data(pixels, noise, schedule, other, decoded, *told)

    levels = schedule.title, other.title, schedule.alpha_bar.tobytes(), other.alpha_bar.tobytes()
    name = source.pixels, source.width, source.height, seed, levels, told, found
    mount("noising/hero", made(("noising", *name), data))


def _told(visits: tuple[float, ...]) -> tuple[tuple[float, ...], str]:
    """Return the marks on the time axis, and what they are; none where the scheduler refuses."""
    if not visits:
        return (), ""
    title = SCHEDULERS[running_example().scheduler].title
    return visits, (
        tr(
            "Marks: where your run stops on its way back, {scheduler}, {calls}, "
            "from t = {first:g}.",
            scheduler=title,
            calls=count(len(visits), "U-Net call"),
            first=max(visits),
        )
    )
