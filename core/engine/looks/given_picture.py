"""Pictures that a look is given: what every look that encodes one checks of it."""

from typing import TYPE_CHECKING

from core.engine.request import SIDES
from core.errors import ExplainerError
from core.ideas.checks import check_whole

if TYPE_CHECKING:
    from core.models.loading import Checkpoint


def check_sides(width: object, height: object) -> tuple[int, int]:
    """Return width and height in pixels.

    Args:
        width: as given.
        height: as given.

    Raises:
        ExplainerError: one is no number of pixels, or out of range.
    """
    return (
        check_whole(width, "width of the picture", *SIDES),
        check_whole(height, "height of the picture", *SIDES),
    )


def check_pixels(pixels: bytes, width: int, height: int) -> bytes:
    """Return the pixels: red, green, blue, row by row.

    Args:
        pixels: as given.
        width: of the picture.
        height: of the picture.

    Raises:
        ExplainerError: they are too many or too few.
    """
    if not isinstance(pixels, bytes) or len(pixels) != width * height * 3:
        raise ExplainerError(
            f"These are not the pixels of a picture of {width} × {height}.", "Choose it again."
        )
    return pixels


def check_fits(checkpoint: "Checkpoint", width: int, height: int) -> None:
    """Refuse a picture that a model's latents cannot hold.

    Args:
        checkpoint: of the model.
        width: of the picture.
        height: of the picture.

    Raises:
        ExplainerError: a side is no multiple of what the autoencoder shrinks by.
    """
    scale = checkpoint.vae_scale
    if width % scale or height % scale:
        raise ExplainerError(
            f"A picture of {width} × {height} does not fit this model.",
            f"Its sides must be multiples of {scale}.",
        )
