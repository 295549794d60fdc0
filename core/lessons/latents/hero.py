"""The picture, its latents and what comes back: drawn at once, computed after the first paint."""

from core.engine.looks.latents import PictureLook
from core.lessons.latents.hero_data import hero_data
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.component import mount
from core.ui.looking import known, read
from core.ui.paint_first import paint_first
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.views.pictures import pixels_of


def show_hero(source: Source, facts: LatentFacts) -> PictureReading | None:
    """Show the row; what is missing is read after it has been painted.

    Args:
        source: the picture.
        facts: of the running example's model.

    Returns:
        What the engine said; None while it is not there.
    """
    look = look_of(source)
    reading = known(look)
    paint_first(
        "latents", look, reading is not None,
        lambda: _draw(source, facts), lambda _: read(look, "Part"),
    )  # fmt: skip
    return reading


def look_of(source: Source) -> PictureLook:
    """Return what the engine is asked about a picture.

    Args:
        source: the picture.
    """
    return PictureLook(running_example().model, source.pixels, source.width, source.height)


def _draw(source: Source, facts: LatentFacts) -> None:
    pixels = pixels_of(source.pixels, source.width, source.height)
    mount("latents/hero", hero_data(source.title, pixels, facts, known(look_of(source))))
