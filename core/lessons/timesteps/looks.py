"""The closer looks at the embedding, each imported when it is chosen: charts take time to load."""

from core.ideas.timestep import EmbeddingSettings
from core.models.time_facts import TimeFacts
from core.ui.look_box import look_box, look_place


def _clocks(settings: EmbeddingSettings, facts: TimeFacts) -> None:
    from core.lessons.timesteps.clocks import show_clocks

    show_clocks(settings, facts.train_steps)


def _alike(settings: EmbeddingSettings, facts: TimeFacts) -> None:
    from core.lessons.timesteps.alike import show_alike

    show_alike(settings, facts)


def _network(settings: EmbeddingSettings, facts: TimeFacts) -> None:
    from core.lessons.timesteps.network import show_network

    show_network(facts)


def _presets(_: EmbeddingSettings, facts: TimeFacts) -> None:
    from core.lessons.timesteps.presets import show_presets

    show_presets(facts.train_steps)


LOOKS = {
    "All the clocks": _clocks,
    "How alike": _alike,
    "Side by side": _presets,
    "In the network": _network,
}


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box(list(LOOKS), "timestep_look")


def show_look(look: str, settings: EmbeddingSettings, facts: TimeFacts) -> None:
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.
        settings: on show.
        facts: of the running example's model.

    Raises:
        ExplainerError: the model or the engine could not do it.
    """
    place = look_place(LOOKS, look)
    with place:
        LOOKS[look](settings, facts)
