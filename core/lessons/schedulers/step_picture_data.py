"""One channel of latents with one position framed."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.views.colormaps import latent_colours
from core.views.theme import PALETTE

SIDE = 320  # pixels, about
LIMIT = 3.0  # latents beyond are drawn as strong as these


def position_picture(channel: NDArray[np.floating], where: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw a channel with every number as a square, one of them framed.

    Args:
        channel: (h, w), at unit scale.
        where: row and column.

    Returns:
        uint8, about ``SIDE`` pixels wide, (H, W, 3).
    """
    times = max(2, SIDE // max(channel.shape))
    colours = latent_colours(channel, LIMIT)
    large = Image.fromarray(colours).resize(
        (channel.shape[1] * times, channel.shape[0] * times), Image.Resampling.NEAREST
    )
    top, left = where[0] * times, where[1] * times
    pen = ImageDraw.Draw(large)
    box = (left - 1, top - 1, left + times, top + times)
    pen.rectangle(box, outline=PALETTE["time"], width=max(2, times // 6))
    return np.asarray(large)
