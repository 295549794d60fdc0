"""What one box of the U-Net put out, as pictures, with how its numbers became colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.ideas.arrays import Pixels
from core.models.unet_seen import BoxSeen
from core.views.colormaps import LATENTS_SAY, latent_colours
from core.views.numbers import percent
from core.views.strips import enlarge
from core.words import tr

SPREAD = 2.0  # standard deviations of a component at the ends of its colour
SHARE = 0.995  # of the numbers that lie within the scale
WIDTH = 544  # pixels of the whole picture: twice as many as it has room for
STRIP = 32  # numbers of a vector in a row


@dataclass(frozen=True, slots=True, eq=False)
class BlockPicture:
    """One box's output to look at.

    Attributes:
        picture: (H, W, 4), see-through between its parts: the principal components in colour at
            the top left, twice as large as the channels that vary most; of a vector, its rows.
        said: how numbers became colours.
        numbers: a line of statistics.
    """

    picture: Pixels
    said: str
    numbers: str


def block_picture(seen: BoxSeen) -> BlockPicture:
    """Make what one box put out visible.

    Args:
        seen: from the engine.
    """
    values = seen.channels.astype(np.float32)
    limit = tidy_limit(values)
    scale = tr(LATENTS_SAY, limit=limit)
    numbers = tr(
        "mean {mean} · standard deviation {std:.2f} · {low} to {high} · {negative:.0f} % below 0",
        mean=_signed(seen.mean),
        std=seen.std,
        low=_signed(seen.low),
        high=_signed(seen.high),
        negative=100 * seen.negative,
    )
    if seen.components is None:
        said = tr("All {count} numbers, row by row: {scale}.", count=values.size, scale=scale)
        rows = latent_colours(_fold(values.ravel()), limit)
        return BlockPicture(_solid(enlarge(rows, WIDTH // STRIP)), said, numbers)
    shares = ", ".join(map(percent, seen.shares))
    colours = component_colours(seen.components.astype(np.float32))
    return BlockPicture(
        picture=_board(colours, [latent_colours(channel, limit) for channel in values]),
        said=tr(
            "In colour: positions of one colour hold alike numbers. Red, green and blue are the "
            "three directions in which positions differ most ({shares} of the variance), "
            "±{spread:g} standard deviations. Beside it the {count} channels that vary most: "
            "{scale}.",
            shares=shares,
            spread=SPREAD,
            count=len(values),
            scale=scale,
        ),
        numbers=tr(
            "{numbers} · channels {channels}",
            numbers=numbers,
            channels=", ".join(map(str, seen.picked)),
        ),
    )


def component_colours(components: NDArray[np.floating]) -> Pixels:
    """Colour a feature map by its first three principal components.

    Args:
        components: (3, H, W), each with mean 0.

    Returns:
        One picture, (H, W, 3); a component that is 0 everywhere gives the middle of its colour.
    """
    spread = components.std(axis=(1, 2), keepdims=True)
    shares = 0.5 + components / (2 * SPREAD * np.where(spread > 0, spread, 1))
    return np.rint(255 * np.clip(np.moveaxis(shares, 0, -1), 0, 1)).astype(np.uint8)


def tidy_limit(values: NDArray[np.floating]) -> float:
    """Return a number to end a colour scale at: two digits, with nearly all numbers within.

    Args:
        values: any numbers.
    """
    reach = float(np.quantile(np.abs(values), SHARE))
    if not reach > 0:
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(reach)) - 1)
    return float(f"{math.ceil(reach / unit - 1e-9) * unit:.2g}")


def _fold(vector: NDArray[np.floating]) -> NDArray[np.floating]:
    """Lay a vector in rows; the last is filled up with zeros."""
    rows = math.ceil(len(vector) / STRIP)
    return np.pad(vector, (0, rows * STRIP - len(vector))).reshape(rows, STRIP)


def _board(whole: Pixels, channels: Sequence[Pixels]) -> Pixels:
    """Lay out the components over two by two places, channels in the places that are left."""
    columns, gap = 4, 8
    wide = (WIDTH - (columns - 1) * gap) // columns
    tall = max(1, round(wide * whole.shape[0] / whole.shape[1]))
    places = [(0, 2), (0, 3), (1, 2), (1, 3), *((row, at) for row in (2, 3) for at in range(4))]
    used = places[: len(channels)]
    rows = max([1, *(row for row, _ in used)]) + 1
    board = np.zeros((rows * (tall + gap) - gap, WIDTH, 4), np.uint8)
    board[: 2 * tall + gap, : 2 * wide + gap] = _resized(whole, 2 * tall + gap, 2 * wide + gap)
    for (row, column), channel in zip(used, channels, strict=False):
        top, left = row * (tall + gap), column * (wide + gap)
        board[top : top + tall, left : left + wide] = _resized(channel, tall, wide)
    return board


def _resized(picture: Pixels, tall: int, wide: int) -> Pixels:
    """Make a picture larger or smaller, its pixels kept as squares, and solid."""
    changed = Image.fromarray(picture).resize((wide, tall), Image.Resampling.NEAREST)
    return _solid(np.asarray(changed))


def _solid(picture: Pixels) -> Pixels:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")
