"""Plain pictures: of raw pixels, of latents on a scale that is said, and several in a row."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.ideas.arrays import Pixels
from core.views.colormaps import latent_colours
from core.views.strips import channel_tiles, enlarge

Latents = NDArray[np.floating]
SIDE = 256  # least pixels of a picture made of latents
GAP = 4  # pixels between the pictures of a row
ROUND = 4  # pixels, radius of their corners


def pixels_of(data: bytes, width: int, height: int) -> Pixels:
    """Return raw pixels as an array, (height, width, 3).

    Args:
        data: red, green, blue, row by row.
        width: pixels.
        height: pixels.
    """
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def channels_picture(latents: Latents, limit: float) -> Pixels:
    """Draw channels side by side, blue below 0, white at 0, red-brown above.

    Args:
        latents: (C, h, w).
        limit: the number at the ends of the scale.
    """
    return _large(channel_tiles(latent_colours(latents, limit)))


def map_picture(values: Latents, limit: float) -> Pixels:
    """Draw one number a position, from white at 0 to red-brown.

    Args:
        values: (h, w), 0 or more.
        limit: the number at the end of the scale.
    """
    return _large(latent_colours(values, limit))


def row_picture(pictures: Sequence[Pixels] | Pixels) -> Pixels:
    """Put pictures side by side, each with round corners; what lies between is transparent.

    Args:
        pictures: of one size, (H, W, 3) each.

    Returns:
        (H, n * W + (n - 1) * GAP, 4).
    """
    tall, wide = pictures[0].shape[:2]
    shape = Image.new("L", (wide, tall), 0)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, wide - 1, tall - 1), ROUND, 255)
    cut = [np.dstack([one, np.asarray(shape)]) for one in pictures]
    padded = [np.pad(one, ((0, 0), (0, GAP), (0, 0))) for one in cut]
    return np.concatenate(padded, axis=1)[:, :-GAP]


def _large(picture: Pixels) -> Pixels:
    return enlarge(picture, max(1, -(-SIDE // min(picture.shape[:2]))))
