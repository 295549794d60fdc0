"""The heat map over all timesteps; where a run stops is found out after the first paint."""

from core.engine.request import Request
from core.ideas.timestep import EmbeddingSettings
from core.lessons.timesteps.map_data import map_data
from core.models.schedulers.table import SCHEDULERS
from core.models.time_facts import TimeFacts, read_time_facts
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.model_folder import model_folder
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.visits import find_visits, known_visits
from core.views.numbers import count
from core.words import tr


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
    paint_first(
        "timesteps", request, known_visits(request) is not None,
        lambda: _draw(settings, facts, request),
        lambda _: find_visits(request, facts.scheduler_config),
    )  # fmt: skip


def say_told(settings: EmbeddingSettings, facts: TimeFacts) -> str:
    """Say in our own words what the bars are, and whether this model's network is told them.

    Args:
        settings: on show.
        facts: of the running example's model.
    """
    told = (
        tr("**The green bars are all the network is told of the time.**")
        if settings == facts.settings
        else tr(
            "**The green bars are what these settings would tell a network of the time;** your "
            'model has settings of its own ("This model").'
        )
    )
    return tr(
        "{told} A cosine and its sine are one clock hand: fast clocks tell close times apart, "
        "slow clocks far ones.",
        told=told,
    )


def _draw(settings: EmbeddingSettings, facts: TimeFacts, request: Request) -> None:
    visits = known_visits(request)
    stops = () if visits is None else visits.timesteps
    title = SCHEDULERS[request.scheduler].title
    said = (
        tr("Your run: {scheduler}, {calls}", scheduler=title, calls=count(len(stops), "U-Net call"))
        if stops
        else ""
    )
    mount("timesteps/map", map_data(settings, facts.train_steps, stops, said))
    if visits is not None and visits.error is not None:
        show_error(visits.error)
