"""The closer looks at the latents, each imported when it is chosen: charts take time to load."""

from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.look_box import look_box, look_place
from core.ui.picture_source import Source


def _numbers(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    from core.lessons.latents.numbers import show_numbers

    show_numbers(reading)


def _posterior(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    from core.lessons.latents.posterior import show_posterior

    show_posterior(source, facts, reading)


def _surgery(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    from core.lessons.latents.surgery import show_surgery

    show_surgery(source, reading)


def _between(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    from core.lessons.latents.between import show_between

    show_between(source, facts, reading)


def _run(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    from core.lessons.latents.run import show_run_latents

    show_run_latents(reading)


def _lab(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    from core.lessons.latents.lab import show_lab

    show_lab()


LOOKS = {
    "The numbers": _numbers,
    "How sure": _posterior,
    "Surgery": _surgery,
    "Between two": _between,
    "Your run": _run,
    "Train your own": _lab,
}


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box(list(LOOKS), "latents_look")


def show_look(
    look: str, source: Source, facts: LatentFacts, reading: PictureReading | None
) -> None:
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.
        source: the picture.
        facts: of the running example's model.
        reading: from ``show_hero``; without it there is nothing to look at yet.

    Raises:
        ExplainerError: the model or the engine could not do it.
    """
    place = look_place(LOOKS, look)
    if reading is not None:
        with place:
            LOOKS[look](source, facts, reading)


def show_formulas(look: str) -> None:
    """Show the formulas of a look.

    Args:
        look: from ``choose_look``.
    """
    from core.lessons.latents import formulas as latents_formulas

    latents_formulas.show_formulas(look)
