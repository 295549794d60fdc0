"""The heat map over all timesteps; where a run stops is found out after the first paint."""

import streamlit as st

from core.engine.request import Request
from core.errors import ExplainerError
from core.ideas.timestep import EmbeddingSettings
from core.models.schedulers_info import SCHEDULERS
from core.models.time_facts import TimeFacts, read_time_facts
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.running_example import running_example
from core.ui.tokenizing import model_folder
from core.views.timesteps_map import map_data

FIRST_PAINT_S = 0.5  # left to the browser before the scheduler's library is imported
_PAINTED, _VISITS = "timesteps_painted", "timesteps_visits"

Run = tuple[object, ...]


def time_facts() -> TimeFacts:
    """Return what the running example's model says of time.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    return read_time_facts(model_folder(running_example().model))


def show_map(settings: EmbeddingSettings, facts: TimeFacts) -> None:
    """Show every timestep's embedding, with the timesteps that the running example visits.

    Args:
        settings: on show.
        facts: of the running example's model.
    """
    request = running_example()
    turns = FIRST_PAINT_S if visits_of(request) is None else None
    st.fragment(_draw, run_every=turns)(settings, facts, request)


def say_told(settings: EmbeddingSettings, facts: TimeFacts) -> str:
    """Say in our own words what the bars are, and whether this model's network is told them.

    Args:
        settings: on show.
        facts: of the running example's model.
    """
    told = (
        "**The green bars are all the network is told of the time.**"
        if settings == facts.settings
        else "**The green bars are what these settings would tell a network of the time;** your "
        'model has settings of its own ("This model").'
    )
    return (
        f"{told} A cosine and its sine are one clock hand: fast clocks tell close times apart, "
        "slow clocks far ones."
    )


def visits_of(request: Request) -> tuple[float, ...] | None:
    """Return the timesteps that a run visits, where they have been found out.

    Args:
        request: a valid request.
    """
    found = st.session_state.get(_VISITS)
    return found[1] if found and found[0] == _run(request) else None


def _draw(settings: EmbeddingSettings, facts: TimeFacts, request: Request) -> None:
    """Draw what is there; from the second turn on, find out what is missing."""
    visits = visits_of(request)
    said = ""
    if visits is not None:
        title = SCHEDULERS[request.scheduler].title
        said = f"Your run: {title}, {len(visits)} U-Net calls" if visits else ""
    mount("timesteps", map_data(settings, facts.train_steps, visits or (), said))
    if visits is not None:
        wrong = st.session_state[_VISITS][2]
        if wrong is not None:
            show_error(wrong)
        return
    first = st.session_state.get(_PAINTED) != _run(request)
    st.session_state[_PAINTED] = _run(request)
    if first:
        return
    st.session_state[_VISITS] = (_run(request), *_find_visits(facts, request))
    st.rerun(scope="app")


def _find_visits(
    facts: TimeFacts, request: Request
) -> tuple[tuple[float, ...], ExplainerError | None]:
    """Ask the scheduler where the run stops; what is wrong is told and not asked again."""
    from core.models.timetable import timetable  # imports diffusers

    params = dict(request.params)
    try:
        return timetable(request.scheduler, facts.scheduler_config, params, request.steps), None
    except ExplainerError as error:
        return (), error


def _run(request: Request) -> Run:
    return request.model, request.scheduler, request.steps, request.params
