"""Numbers to colours on perceptually uniform scales, each with a sentence that says how.

Lightness changes in equal steps of OKLab (Ottosson 2020), so equal differences in the numbers look
equally large. The diverging scale is centred at 0.
"""

import base64
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.words import tr_later

LATENTS_SAY = tr_later("blue below 0, white at 0, red-brown above; the scale ends at ±{limit:g}")
NOISE_SAY = tr_later("black below 0, grey at 0, white above; the scale ends at ±{limit:g}")

# OKLab to linear sRGB, from https://bottosson.github.io/posts/oklab/
_TO_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728],
     [1.0, -0.0894841775, -1.2914855480]]
)  # fmt: skip
_TO_RGB = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]]
)  # fmt: skip


def latent_colours(values: NDArray[np.floating], limit: float = 3.0) -> NDArray[np.uint8]:
    """Colour numbers around 0 on the diverging scale of the latents.

    Args:
        values: any shape, finite.
        limit: the number at the ends of the scale; what lies beyond is clipped.

    Returns:
        Colours, the same shape with a last axis of 3.

    Raises:
        ValueError: ``limit`` is not above 0.
    """
    return _diverging_table()[_positions(values, limit)]


def text_colours(shares: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colour shares on the scale of the text: near black at 0, through its hue, near white at 1.

    Args:
        shares: any shape; what lies outside 0 to 1 is clipped.

    Returns:
        Colours, the same shape with a last axis of 3.
    """
    return _text_table()[np.rint(np.clip(shares, 0, 1) * 255).astype(np.intp)]


def noise_greys(values: NDArray[np.floating], limit: float = 3.0) -> NDArray[np.uint8]:
    """Colour numbers around 0 from black to white.

    Args:
        values: any shape, finite.
        limit: the number at the ends of the scale; what lies beyond is clipped.

    Returns:
        Colours, the same shape with a last axis of 3.

    Raises:
        ValueError: ``limit`` is not above 0.
    """
    return _grey_table()[_positions(values, limit)]


@cache
def diverging() -> str:
    """Return the colours for -1 to 1, 257 times red, green, blue in base64."""
    return base64.b64encode(_diverging_table().tobytes()).decode("ascii")


def _positions(values: NDArray[np.floating], limit: float) -> NDArray[np.intp]:
    if not limit > 0:
        raise ValueError(f"limit is {limit}, expected a number above 0")
    share = (np.clip(values, -limit, limit) + limit) / (2 * limit)
    return np.rint(share * 256).astype(np.intp)  # 257 entries, so that 0 has one of its own


@cache
def _diverging_table() -> NDArray[np.uint8]:
    """Blue (the hue of the latents) through near white to red-brown, 257 colours."""
    side = np.linspace(-1, 1, 257)
    lightness = 0.97 - 0.55 * np.abs(side)
    chroma = 0.13 * np.abs(side)
    hue = np.where(side < 0, np.radians(246), np.radians(38))
    return _srgb(np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1))


@cache
def _text_table() -> NDArray[np.uint8]:
    share = np.linspace(0, 1, 256)
    lightness = 0.2 + 0.76 * share
    chroma = 0.13 * np.sin(np.pi * (0.15 + 0.75 * share))
    hue = np.radians(348)
    return _srgb(np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1))


@cache
def _grey_table() -> NDArray[np.uint8]:
    lightness = np.linspace(0, 1, 257)
    return _srgb(np.stack([lightness, np.zeros(257), np.zeros(257)], axis=-1))


def _srgb(oklab: NDArray[np.floating]) -> NDArray[np.uint8]:
    linear = np.clip((oklab @ _TO_LMS.T) ** 3 @ _TO_RGB.T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(curved * 255).astype(np.uint8)
