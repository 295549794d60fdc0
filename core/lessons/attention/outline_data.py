"""The outline of a picture as a thin line, to be laid over what is no picture."""

import base64
import io

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from core.ideas.arrays import Pixels

TARGET = 576  # pixels that the longer side of what is drawn should at least have
REACH = 0.01  # of the longer side: what is smaller is no outline
WIDER = 1.6  # times as far: the two blurs whose difference crosses 0 at an edge
STEEP = 0.25  # of the steepest place: what is flatter is no edge


def large(picture: Pixels) -> Pixels:
    """Repeat every pixel until a picture is large enough to be looked at.

    Args:
        picture: (H, W, 3).
    """
    times = max(1, -(-TARGET // max(picture.shape[:2])))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def outline_of(picture: Pixels) -> Pixels:
    """Draw where a picture changes fastest: white with a dark rim, so that it shows on everything.

    An edge is where the difference of two blurs crosses 0 (Marr & Hildreth 1980, "Theory of edge
    detection"), here along the direction in which the picture's colours differ most.

    Args:
        picture: (H, W, 3).

    Returns:
        As large as ``large`` makes it, (H', W', 4): see-through but for the line.
    """
    height, width = large(picture).shape[:2]
    brightness = _most_different(picture)
    reach = REACH * max(picture.shape[:2])
    fine, coarse = _blurred(brightness, reach), _blurred(brightness, WIDER * reach)
    above = _resized(fine - coarse, height, width) > 0
    down, across = np.gradient(_resized(fine, height, width))
    slope = np.hypot(down, across)
    edge = np.zeros(above.shape, bool)
    edge[:-1] |= above[:-1] != above[1:]
    edge[:, :-1] |= above[:, :-1] != above[:, 1:]
    edge &= slope > STEEP * slope.max()
    line = edge.copy()  # two pixels wide
    line[1:] |= edge[:-1]
    line[:, 1:] |= edge[:, :-1]
    drawn = np.zeros((height, width, 4), np.uint8)
    drawn[_grown(line)] = (0, 0, 0, 150)
    drawn[line] = (255, 255, 255, 255)
    return drawn


def address_of(line: Pixels) -> str:
    """Write a line as a PNG for the browser, as a data address.

    Args:
        line: from ``outline_of``.
    """
    written = io.BytesIO()
    Image.fromarray(line).save(written, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def laid_over(colours: Pixels, line: Pixels) -> Pixels:
    """Lay a line over colours.

    Args:
        colours: (H, W, 3).
        line: of the same size, (H, W, 4).
    """
    share = line[..., 3:].astype(np.float32) / 255
    return np.rint(colours * (1 - share) + line[..., :3] * share).astype(np.uint8)


def _most_different(picture: Pixels) -> NDArray[np.float64]:
    """Return colours as one number each, along their first principal component."""
    colours = picture.reshape(-1, 3).astype(np.float64)
    colours -= colours.mean(axis=0)
    direction = np.linalg.eigh(colours.T @ colours)[1][:, -1]
    return (colours @ direction).reshape(picture.shape[:2])


def _blurred(values: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Blur with a Gaussian whose standard deviation is so many pixels."""
    radius = max(1, round(3 * reach))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / reach) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        pad = [(radius, radius) if axis == at else (0, 0) for at in (0, 1)]
        windows = sliding_window_view(np.pad(values, pad, "edge"), 2 * radius + 1, axis)
        values = windows @ weights
    return values


def _resized(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float32]:
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add every neighbour."""
    padded = np.pad(mask, 1)
    return np.any(sliding_window_view(padded, (3, 3)), axis=(-2, -1))
