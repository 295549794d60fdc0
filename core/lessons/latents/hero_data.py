"""Picture, latents and what comes back, as the browser draws them; no torch, no charts."""

import base64
import io
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.ideas.arrays import Pixels
from core.ideas.picture_likeness import psnr, ssim
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.views.colormaps import diverging, noise_greys
from core.views.numbers import minus, percent
from core.words import tr, tr_later

LIMIT = 3.0  # ends of the colour scale, deviations of a unit Gaussian
ERROR_LIMIT = 0.25  # of the range of a pixel; white in the error map
LIKENESS = tr_later(
    "PSNR measures how far pixels are apart: 20 dB is poor, 40 dB can hardly be seen, ∞ is equal. "
    "SSIM compares patterns: 1 is equal."
)


def picture_url(pixels: Pixels) -> str:
    """Return a picture as an address that holds it, without loss.

    Args:
        pixels: (H, W, 3).
    """
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def numbers(values: NDArray[np.floating]) -> str:
    """Return numbers as little-endian float32 in base64.

    Args:
        values: any shape, row by row.
    """
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")


class SizesData(TypedDict):
    """Lines below: the size before and after, and how many times fewer numbers that are."""

    before: str
    after: str
    fewer: str


class LatentsData(TypedDict):
    """What the encoder found, and what comes back.

    Attributes:
        numbers: of the latents, float32 in base64, channel by channel.
        projection: address of the latents as colours.
        back: address of the picture that comes back.
        error: address of where the two pictures differ.
        errorLimit: what is white in there.
        likeness: of the two pictures, in words.
    """

    numbers: str
    projection: str
    back: str
    error: str
    errorLimit: str
    likeness: str


class LatentsHeroData(TypedDict):
    """What the component shows of a picture.

    Attributes:
        title: names the picture.
        picture: its address.
        width: pixels.
        height: pixels.
        scale: pixels of one position of the latents, each way.
        channels: numbers at each position.
        sizes: in words.
        colours: 257 times red, green, blue in base64, for -limit to limit.
        limit: of the colours.
        latents: None while they are not there.
    """

    title: str
    picture: str
    width: int
    height: int
    scale: int
    channels: int
    sizes: SizesData
    colours: str
    limit: float
    latents: LatentsData | None


def hero_data(
    title: str, pixels: Pixels, facts: LatentFacts, reading: PictureReading | None
) -> LatentsHeroData:
    """Return what the component shows: the picture, its latents, and what comes back.

    Args:
        title: our own name for the picture.
        pixels: of the picture, (H, W, 3).
        facts: of the model.
        reading: from the engine; None while it is not there.
    """
    tall, wide = pixels.shape[0] // facts.scale, pixels.shape[1] // facts.scale
    before, after = pixels.size, facts.channels * tall * wide
    return {
        "title": title,
        "picture": picture_url(pixels),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "scale": facts.scale,
        "channels": facts.channels,
        "sizes": {
            "before": tr(
                "{width} × {height} × 3 = {numbers:,} numbers",
                width=pixels.shape[1],
                height=pixels.shape[0],
                numbers=before,
            ),
            "after": tr(
                "{width} × {height} × {channels} = {numbers:,}",
                width=wide,
                height=tall,
                channels=facts.channels,
                numbers=after,
            ),
            "fewer": tr("{times:.3g} times fewer", times=before / after),
        },
        "colours": diverging(),
        "limit": LIMIT,
        "latents": None if reading is None else _latents(pixels, reading),
    }


def _latents(pixels: Pixels, reading: PictureReading) -> LatentsData:
    return {
        "numbers": numbers(reading.mean),
        "projection": picture_url(reading.preview(reading.mean)),
        "back": picture_url(reading.back),
        "error": picture_url(error_picture(pixels, reading.back)),
        "errorLimit": percent(ERROR_LIMIT),
        "likeness": say_likeness(pixels, reading.back),
    }


def say_likeness(first: Pixels, second: Pixels) -> str:
    """Say PSNR and SSIM of two pictures.

    Args:
        first: (H, W, 3).
        second: the same shape.
    """
    decibels = psnr(first, second)
    said = "∞" if np.isinf(decibels) else minus(f"{decibels:.1f}")
    return tr("PSNR {psnr} dB · SSIM {ssim}", psnr=said, ssim=minus(f"{ssim(first, second):.3f}"))


def error_picture(first: Pixels, second: Pixels, limit: float = ERROR_LIMIT) -> Pixels:
    """Draw where two pictures differ: black is nowhere, white the limit or more.

    Args:
        first: (H, W, 3).
        second: the same shape.
        limit: as a share of a pixel's range.

    Returns:
        Greys, (H, W, 3).
    """
    apart = np.abs(first.astype(np.float64) - second).mean(axis=-1) / 255
    return noise_greys(2 * apart - limit, limit)
