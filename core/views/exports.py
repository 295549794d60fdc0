"""Pictures to take away, with the settings inside, and settings read back from a picture."""

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin

from core.engine.request import Request, from_json, to_json
from core.errors import ExplainerError
from core.views.other_programs import (
    Note,
    read_json_settings,
    read_parameters,
    take_over,
    write_parameters,
)
from core.words import tr, tr_later

OURS = "glassbox"  # our own chunk: the whole request as JSON
CUSTOM = "parameters"  # what other programs write and read
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 16_000_000
WHAT_TO_DROP = tr_later("Drop a PNG that was saved here, just as it was saved.")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a picture holds.

    Attributes:
        request: what made it, validated.
        notes: what happened and what to try, for every field that could not be kept.
    """

    request: Request
    notes: tuple[Note, ...]


def png_with_settings(
    picture: NDArray[np.uint8], request: Request, size: tuple[int, int] | None = None
) -> bytes:
    """Write a picture as PNG, with the request inside twice.

    The chunk ``glassbox`` holds the request as JSON; ``parameters`` says the same in the words
    that AUTOMATIC1111's web UI and many other programs write and read.

    Args:
        picture: (H, W, 3).
        request: what made it, validated.
        size: height and width of what the request draws; None where that is this picture.

    Returns:
        The file's bytes.
    """
    height, width = size or picture.shape[:2]
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text(CUSTOM, write_parameters(request, width, height))
    chunks.add_text(OURS, to_json(request))
    written = io.BytesIO()
    Image.fromarray(picture).save(written, "PNG", pnginfo=chunks)
    return written.getvalue()


def open_picture(data: bytes) -> Opened:
    """Read the settings out of a picture.

    Args:
        data: a file's bytes; nothing about them is trusted. The pixels are decoded only where no
            settings stand before them.

    Returns:
        The request; from another program's picture, as much of it as has a meaning here, with a
        note for every field that has none.

    Raises:
        ExplainerError: it is no picture, holds no settings, or our own cannot be used.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ExplainerError(
                    tr("This picture is too large to be one of ours."), tr(WHAT_TO_DROP)
                )
            opened = _read(_texts(picture.info)) or _read(_texts_behind(picture))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ExplainerError(
            tr("This file cannot be read as a picture."), tr(WHAT_TO_DROP)
        ) from error
    if opened is None:
        raise ExplainerError(tr("This picture holds no settings."), tr(WHAT_TO_DROP))
    return opened


def _read(texts: dict[str, str]) -> Opened | None:
    """Read what a picture's texts say; None where none of them holds settings."""
    if OURS in texts:
        return Opened(from_json(texts[OURS]), ())
    # Fooocus has JSON under the same name.
    plain = texts.get(CUSTOM, "").lstrip("\ufeff \n")
    theirs = None if plain.startswith("{") else read_parameters(plain)
    theirs = theirs or read_json_settings(texts)
    if theirs is None:
        return None
    request, notes = take_over(theirs)
    return Opened(request, tuple(notes))


def _texts(info: Mapping[Any, Any]) -> dict[str, str]:  # Any: Pillow's, of every kind
    """Return the texts by name: without a byte order mark, in the letters that were meant.

    A plain text of a PNG is Latin-1; many programs write UTF-8 there, which hardly ever is both.
    """
    texts = {name: text for name, text in info.items() if isinstance(text, str)}
    for name, text in texts.items():
        if not isinstance(text, PngImagePlugin.iTXt):
            with suppress(UnicodeError):
                text = text.encode("latin-1").decode("utf-8")
        texts[name] = text.removeprefix("\ufeff")
    return texts


def _texts_behind(picture: Image.Image) -> dict[str, str]:
    """Return the texts behind the pixels, as the PNG standard allows, and those of EXIF."""
    texts: dict[str, str] = {}
    if isinstance(picture, PngImagePlugin.PngImageFile):
        with suppress(OSError, ValueError, SyntaxError):  # damaged pixels: what was read counts
            picture.load()
        texts = _texts(picture.info)
    with suppress(Exception):  # whatever broken EXIF makes Pillow raise
        exif = picture.getexif()
        comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
        if comment is not None and CUSTOM not in texts:
            texts[CUSTOM] = comment if isinstance(comment, str) else _user_comment(comment)
        for value in exif.values():  # ComfyUI has no fitting tag, and says in the text what it is
            name, colon, text = str(value).partition(":")
            if colon and name.lower() in ("prompt", "workflow"):
                texts.setdefault(name.lower(), text)
    return texts


def _user_comment(comment: bytes) -> str:
    """Decode EXIF's UserComment: eight bytes say how the rest is written."""
    code, text = comment[:8], comment[8:]
    if not code.startswith(b"UNICODE") or 0 not in text:  # some say Unicode and write UTF-8
        known = code.rstrip(b"\0") in (b"ASCII", b"JIS", b"UNICODE", b"")
        plain = text if known else comment
        try:
            return plain.decode("utf-8")
        except UnicodeError:
            return plain.decode("latin-1")
    # No standard says which byte comes first; in the letters of settings the high one is 0.
    little = text[1::2].count(0) > text[0::2].count(0)
    return text.decode("utf-16-le" if little else "utf-16-be").removeprefix("\ufeff")


def webp_animation(
    frames: NDArray[np.uint8], frame_ms: int = 120, rest_ms: int = 1500, about: str = ""
) -> bytes:
    """Write frames as one WebP that plays for ever.

    Args:
        frames: pictures, (n, H, W, 3).
        frame_ms: how long each is shown, milliseconds.
        rest_ms: how long the last is shown, milliseconds.
        about: what the file says of itself, as EXIF's description.

    Returns:
        The file's bytes.

    Raises:
        ValueError: there is no frame.
    """
    if len(frames) == 0:
        raise ValueError("there are 0 frames, expected at least 1")
    first, *others = (Image.fromarray(frame) for frame in frames)
    written, exif = io.BytesIO(), Image.Exif()
    if about:
        exif[ExifTags.Base.ImageDescription] = about
    first.save(
        written, "WEBP", save_all=True, append_images=others, loop=0, quality=90, method=3,
        exif=exif, duration=[frame_ms] * len(others) + [rest_ms],
    )  # fmt: skip
    return written.getvalue()


def gif_animation(frames: NDArray[np.uint8], frame_ms: int = 120, rest_ms: int = 1500) -> bytes:
    """Write frames as one GIF that plays for ever; each frame has 256 colours of its own.

    Args:
        frames: pictures, (n, H, W, 3).
        frame_ms: how long each is shown, milliseconds; GIF counts in tens.
        rest_ms: how long the last is shown, milliseconds.

    Returns:
        The file's bytes.

    Raises:
        ValueError: there is no frame.
    """
    if len(frames) == 0:
        raise ValueError("there are 0 frames, expected at least 1")
    first, *others = (Image.fromarray(frame).quantize(256) for frame in frames)
    written = io.BytesIO()
    first.save(
        written, "GIF", save_all=True, append_images=others, loop=0, optimize=False,
        duration=[frame_ms] * len(others) + [rest_ms],
    )  # fmt: skip
    return written.getvalue()
