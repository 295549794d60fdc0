"""The closer looks at schedulers, each imported when it is chosen: charts take time to load."""

from typing import Any

from core.ui.look_box import look_box, look_place

Config = dict[str, Any]  # Any: what JSON holds


def _table(config: Config) -> None:
    from core.lessons.schedulers.table import show_table

    show_table(config)


def _settings(config: Config) -> None:
    from core.lessons.schedulers.settings import show_settings

    show_settings(config)


def _step(config: Config) -> None:
    from core.lessons.schedulers.step import show_step

    show_step(config)


def _own(config: Config) -> None:
    from core.lessons.schedulers.own import show_own

    show_own(config)


def _proof(config: Config) -> None:
    from core.lessons.schedulers.proof import show_proof

    show_proof(config)


def _variance(_: Config) -> None:
    from core.lessons.schedulers.variance import show_variance

    show_variance()


LOOKS = {
    "Settings": _settings,
    "All of them": _table,
    "One step": _step,
    "Your own noise levels": _own,
    "The proof": _proof,
    "Learned variance": _variance,
}


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box(list(LOOKS), "schedulers_look")


def show_look(look: str, config: Config) -> None:
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.
        config: the scheduler config of the running example's model.

    Raises:
        ExplainerError: the model or the engine could not do it.
    """
    place = look_place(LOOKS, look)
    with place:
        LOOKS[look](config)


def show_formulas(look: str) -> None:
    """Show the formulas of a look.

    Args:
        look: from ``choose_look``.
    """
    from core.lessons.schedulers import formulas as schedulers_formulas

    schedulers_formulas.show_formulas(look)
