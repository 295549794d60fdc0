"""The picture and its noise, scrubbed in the browser; what needs the engine comes after."""

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from core.engine.looks.noising import NoiseLook
from core.engine.request import MAX_SEED
from core.errors import ExplainerError
from core.ideas.schedule_config import read_alpha_bar, read_betas
from core.ideas.schedules import (
    accumulate_alpha_bar,
    make_cosine_betas,
    make_linear_betas,
    make_sigmoid_betas,
    rescale_to_zero_snr,
)
from core.models.folders import read_json
from core.models.schedulers_info import SCHEDULERS
from core.models.uploads import fit
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.latents_source import Source
from core.ui.looking import known, read
from core.ui.running_example import running_example
from core.ui.tokenizing import model_folder
from core.views.noising import Schedule, frame_times, noising_data, pixel_noise

FIRST_PAINT_S = 0.5  # left to the browser before the engine's libraries are imported
WIDEST = 192  # pixels of the live picture; larger ones are shown smaller
_PAINTED, _FAILED, _VISITS = "noising_painted", "noising_failed", "noising_visits"
ENDS_IN_NOISE = "nothing left at the end"
NAMES = {
    "linear": "linear", "scaled_linear": "scaled linear", "squaredcos_cap_v2": "cosine",
    "sigmoid": "sigmoid", "trained": "its own list",
}  # fmt: skip


def model_config() -> dict[str, Any]:  # Any: what JSON holds
    """Return the scheduler config of the running example's model.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    folder = model_folder(running_example().model)
    return read_json(folder / "scheduler" / "scheduler_config.json")


def own_schedule(config: dict[str, Any]) -> Schedule:  # Any: as above
    """Return the model's own noise schedule.

    Args:
        config: from ``model_config``.

    Raises:
        ExplainerError: the config describes none.
    """
    kind = "trained" if config.get("trained_betas") is not None else config.get("beta_schedule")
    return Schedule(NAMES.get(str(kind), str(kind)), read_alpha_bar(config))


def other_schedules(config: dict[str, Any]) -> dict[str, Schedule]:  # Any: as above
    """Return schedules to compare with, by name, as long as the model's own.

    Args:
        config: from ``model_config``.

    Raises:
        ExplainerError: the config describes no schedule.
    """
    betas = read_betas(config)
    steps = len(betas)
    made = {
        ENDS_IN_NOISE: rescale_to_zero_snr(betas),
        "cosine": make_cosine_betas(steps),
        "linear": make_linear_betas(train_steps=steps),
        "sigmoid": make_sigmoid_betas(train_steps=steps),
    }
    titles = {ENDS_IN_NOISE: "its own, with nothing left at the end (zero terminal SNR)"}
    return {
        name: Schedule(titles.get(name, name), accumulate_alpha_bar(found))
        for name, found in made.items()
    }


def choose_other(config: dict[str, Any]) -> Schedule:  # Any: as above
    """Ask for the schedule to compare with.

    Args:
        config: from ``model_config``.

    Raises:
        ExplainerError: the config describes no schedule.
    """
    others = other_schedules(config)
    return others[st.selectbox("Compare with the schedule", list(others), key="noising_other")]


def choose_seed() -> int:
    """Ask for the noise: the same seed is the same noise."""
    seed = st.number_input(
        "Seed of the noise", 0, MAX_SEED, running_example().seed, key="noising_seed",
        help="The same seed is the same noise; another one is new noise.",
    )  # fmt: skip
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
    look = look_of(source, schedule, seed)
    failed, error = st.session_state.get(_FAILED, (None, None))
    if failed == look and error is not None:  # asking again by itself would fail again, for ever
        show_error(error)
        st.button("Try again", on_click=lambda: st.session_state.pop(_FAILED))
    waits = failed != look and (known(look) is None or _visits() is None)
    st.fragment(_draw, run_every=FIRST_PAINT_S if waits else None)(
        source, schedule, other, seed, waits
    )


def look_of(source: Source, schedule: Schedule, seed: int) -> NoiseLook:
    """Return what the engine is asked: the picture noised in its latents, along the time axis.

    Args:
        source: the picture.
        schedule: the model's own.
        seed: of the noise.
    """
    levels = tuple(float(schedule.alpha_bar[t]) for t in frame_times(schedule.alpha_bar))
    return NoiseLook(
        running_example().model, source.pixels, source.width, source.height, levels, seed
    )


def _draw(source: Source, schedule: Schedule, other: Schedule, seed: int, waits: bool) -> None:
    look = look_of(source, schedule, seed)
    found, visits = known(look), _visits()
    pixels = shown_pixels(source)
    noise = pixel_noise(pixels.shape[0], pixels.shape[1], seed)
    decoded = None if found is None else (frame_times(schedule.alpha_bar), found.pictures)
    mount("noising", noising_data(pixels, noise, schedule, other, decoded, *_told(visits)))
    if not waits:
        return
    first = not st.session_state.get(_PAINTED)
    st.session_state[_PAINTED] = True
    if first:
        return
    try:
        _find_visits()
        read(look, "Picture")
    except ExplainerError as wrong:
        st.session_state[_FAILED] = (look, wrong)
    st.rerun(scope="app")


def _told(visits: tuple[float, ...] | None) -> tuple[tuple[float, ...], str]:
    if not visits:
        return (), ""
    title = SCHEDULERS[running_example().scheduler].title
    return visits, (
        f"Marks: where your run stops on its way back, {title}, {len(visits)} U-Net calls, "
        f"from t = {max(visits):g}."
    )


def _visits() -> tuple[float, ...] | None:
    """Return the timesteps of the running example's run, where they have been found out."""
    found = st.session_state.get(_VISITS)
    return found[1] if found and found[0] == _run() else None


def _find_visits() -> None:
    """Ask the scheduler where the run stops; what it refuses is no matter of this page."""
    from core.models.timetable import timetable  # imports diffusers

    if _visits() is not None:
        return
    request = running_example()
    try:
        visits = timetable(request.scheduler, model_config(), dict(request.params), request.steps)
    except ExplainerError:
        visits = ()
    st.session_state[_VISITS] = (_run(), visits)


def _run() -> tuple[object, ...]:
    request = running_example()
    return request.model, request.scheduler, request.params, request.steps
