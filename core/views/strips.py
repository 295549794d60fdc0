"""Many small pictures as one: sprite sheets for the browser, and latents as tiles.

A sheet is one encoded image with all frames in rows, so that a page sends one picture instead of
forty and the browser scrubs through it alone.
"""

import base64
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.views.browser import SheetData

SHEET_PIXELS = 8_000_000  # a browser decodes a sheet to four bytes a pixel
LONGEST_SIDE = 16_383  # of a WebP
PAD = 4


@dataclass(frozen=True, slots=True)
class Sheet:
    """All frames of a film in one encoded image, row by row from the top left.

    Attributes:
        data: the encoded image.
        mime: its type, "image/webp" or "image/png".
        count: frames.
        columns: frames in a row.
        width: pixels of one frame across.
        height: pixels of one frame down.
        pad: pixels round every frame that repeat its edge, so that compression cannot carry the
            colours of one frame into the next.
    """

    data: bytes
    mime: str
    count: int
    columns: int
    width: int
    height: int
    pad: int = 0

    def as_json(self) -> SheetData:
        """Return what the browser needs to cut the frames out again."""
        url = f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"
        return {
            "url": url,
            "count": self.count,
            "columns": self.columns,
            "width": self.width,
            "height": self.height,
            "pad": self.pad,
        }


def photo_sheet(frames: NDArray[np.uint8], quality: int = 85) -> Sheet:
    """Lay pictures out on one sheet, a little compressed: frames to look at, not to measure.

    Frames are made smaller where all of them together would be too much for a browser.

    Args:
        frames: pictures, (n, H, W, 3).
        quality: WebP quality, 1 to 100.

    Raises:
        ValueError: there is no frame, or the shape is another.
    """
    _check(frames)
    count, height, width, _ = frames.shape
    share = min(1.0, math.sqrt(SHEET_PIXELS / (count * height * width)))
    if share < 1:
        size = (max(1, int(width * share)), max(1, int(height * share)))
        smaller = [
            Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS) for frame in frames
        ]
        frames = np.stack([np.asarray(frame) for frame in smaller])
    return _encode(frames, "WEBP", PAD, quality=quality, method=2)


def exact_sheet(frames: NDArray[np.uint8]) -> Sheet:
    """Lay small pictures out on one sheet without loss: latents, where a pixel is a number.

    Args:
        frames: pictures, (n, H, W, 3).

    Raises:
        ValueError: there is no frame, or the shape is another.
    """
    _check(frames)
    return _encode(frames, "PNG", 0)


def frames_in(sheet: Mapping[str, Any]) -> NDArray[np.uint8]:  # Any: JSON for the browser
    """Cut the frames of a sheet out again.

    Args:
        sheet: from ``Sheet.as_json``.

    Returns:
        Pictures, (n, H, W, 3).
    """
    data = base64.b64decode(sheet["url"].partition(",")[2])
    whole = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    width, height, pad = sheet["width"], sheet["height"], sheet["pad"]
    cut = []
    for index in range(sheet["count"]):
        row, column = divmod(index, sheet["columns"])
        top, left = pad + row * (height + 2 * pad), pad + column * (width + 2 * pad)
        cut.append(whole[top : top + height, left : left + width])
    return np.stack(cut)


def channel_tiles(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put the channels of latents side by side as one picture, near to a square.

    Args:
        colours: one picture a channel, (..., C, H, W, 3).

    Returns:
        One picture, (..., rows * H, columns * W, 3); four channels make two rows of two.

    Raises:
        ValueError: there are fewer than four axes, or no channel.
    """
    if colours.ndim < 4 or colours.shape[-4] == 0:
        raise ValueError(f"colours is {colours.shape}, expected (..., C, H, W, 3)")
    *lead, channels, height, width, _ = colours.shape
    columns = math.ceil(math.sqrt(channels))
    rows = math.ceil(channels / columns)
    tiles = np.full((*lead, rows * height, columns * width, 3), 128, np.uint8)
    for channel in range(channels):
        row, column = divmod(channel, columns)
        down, across = slice(row * height, (row + 1) * height), slice(column * width, None)
        tiles[..., down, across, :][..., :width, :] = colours[..., channel, :, :, :]
    return tiles


def enlarge(picture: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Make a picture larger with every pixel kept as a square (nearest neighbour).

    Args:
        picture: (H, W, 3).
        times: how many times larger, 1 or more.

    Raises:
        ValueError: ``times`` is below 1.
    """
    if times < 1:
        raise ValueError(f"times is {times}, expected 1 or more")
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def _check(frames: NDArray[np.uint8]) -> None:
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.shape[0] == 0:
        raise ValueError(f"frames is {frames.shape}, expected (n, H, W, 3) with n above 0")


def _encode(frames: NDArray[np.uint8], kind: str, pad: int, **options: int) -> Sheet:
    count, height, width, _ = frames.shape
    padded = np.pad(frames, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="edge")
    tall, wide = padded.shape[1:3]
    columns = max(1, min(count, LONGEST_SIDE // wide, math.ceil(math.sqrt(count))))
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * tall, columns * wide, 3), np.uint8)
    for index, frame in enumerate(padded):
        row, column = divmod(index, columns)
        sheet[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide] = frame
    written = io.BytesIO()
    Image.fromarray(sheet).save(written, kind, **options)
    return Sheet(written.getvalue(), f"image/{kind.lower()}", count, columns, width, height, pad)
