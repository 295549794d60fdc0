"""Pictures that a work is given: what every work that encodes one checks of it."""

from typing import TYPE_CHECKING, Any

from core.engine.request import SIDES
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.words import tr

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.loading import Checkpoint


def check_picture(width: object, height: object, *pictures: bytes) -> dict[str, Any]:
    """Return width, height and the pixels of the first picture, by these names.

    Args:
        width: pixels, as given.
        height: pixels, as given.
        pictures: red, green, blue, row by row; all of this size.
    """
    width = check_whole(width, tr("width of the picture"), *SIDES)
    height = check_whole(height, tr("height of the picture"), *SIDES)
    for pixels in pictures:
        if not isinstance(pixels, bytes) or len(pixels) != width * height * 3:
            raise ExplainerError(
                tr(
                    "These are not the pixels of a picture of {width} × {height}.",
                    width=width,
                    height=height,
                ),
                tr("Choose it again."),
            )
    return {"width": width, "height": height, "pixels": pictures[0]}


def open_picture(checkpoint: "Checkpoint", pixels: bytes, width: int, height: int) -> "Tensor":
    """Return a picture as a model's autoencoder reads it, (1, 3, height, width) in [-1, 1].

    Raises:
        ExplainerError: a side is no multiple of what the autoencoder shrinks by.
    """
    from core.models.latents import picture_tensor

    scale = checkpoint.vae_scale
    if width % scale or height % scale:
        raise ExplainerError(
            tr(
                "A picture of {width} × {height} does not fit this model.",
                width=width,
                height=height,
            ),
            tr("Its sides must be multiples of {scale}.", scale=scale),
        )
    return picture_tensor(pixels, width, height)
