"""The picture, its latents and what comes back: drawn at once, computed after the first paint."""

from core.engine.works.latents import PictureWork
from core.lessons.latents.hero_data import hero_data
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.component import mount
from core.ui.made import made
from core.ui.paint_first import paint_first
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.views.pictures import pixels_of
from core.words import tr_later


def show_hero(source: Source, facts: LatentFacts) -> PictureReading | None:
    """Show the row; what is missing is read after it has been painted.

    Args:
        source: the picture.
        facts: of the running example's model.

    Returns:
        What the engine said; None while it is not there.
    """
    work = work_of(source)
    reading = find(work)
    paint_first(
        "latents", work, reading is not None,
        lambda: _draw(source, facts), lambda _: read(work, tr_later("Part")),
    )  # fmt: skip
    return reading


def work_of(source: Source) -> PictureWork:
    """Return what the engine is asked about a picture.

    Args:
        source: the picture.
    """
    return PictureWork(running_example().model, source.pixels, source.width, source.height)


def _draw(source: Source, facts: LatentFacts) -> None:
    reading = find(work_of(source))
    pixels = pixels_of(source.pixels, source.width, source.height)
    data = made(
        ("latents", source, facts, reading),
        lambda: hero_data(source.title, pixels, facts, reading),
    )
    mount("latents/hero", data)
