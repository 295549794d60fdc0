"""Latents and what is known of them as plain pictures, each on a scale that is said."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.views.colormaps import latent_colours
from core.views.strips import channel_tiles, enlarge

Pixels = NDArray[np.uint8]
Latents = NDArray[np.floating]
SIDE = 256  # least pixels of a picture made of latents
GAP = 4  # pixels between the pictures of a row


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
    """Put pictures side by side.

    Args:
        pictures: of one size, (H, W, 3) each.
    """
    padded = [np.pad(one, ((0, 0), (0, GAP), (0, 0)), constant_values=255) for one in pictures]
    return np.concatenate(padded, axis=1)[:, :-GAP]


def _large(picture: Pixels) -> Pixels:
    return enlarge(picture, max(1, -(-SIDE // min(picture.shape[:2]))))
