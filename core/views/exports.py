"""Pictures to take away, with the settings inside, and settings read back from a picture."""

import io
import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from core.engine.request import Request, from_json, to_json, validated
from core.errors import ExplainerError
from core.models.schedulers_info import SCHEDULERS

OURS = "glassbox"  # our own chunk: the whole request as JSON
CUSTOM = "parameters"  # what other programs write and read
MAX_PIXELS = 16_000_000
WHAT_TO_DROP = "Drop a PNG that was saved here, just as it was saved."


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
    chunks.add_text(CUSTOM, _as_parameters(request, width, height))
    chunks.add_text(OURS, to_json(request))
    written = io.BytesIO()
    Image.fromarray(picture).save(written, "PNG", pnginfo=chunks)
    return written.getvalue()


def settings_from_png(data: bytes) -> Request:
    """Read the request back out of a PNG.

    Args:
        data: a file's bytes; nothing about them is trusted. The pixels are not decoded.

    Returns:
        The request, validated; from another program's picture, as much of it as has a meaning
        here.

    Raises:
        ExplainerError: it is no PNG, holds no settings, or holds some that cannot be used.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            found = {name: text for name, text in picture.info.items() if isinstance(text, str)}
            pixels = picture.width * picture.height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ExplainerError("This file cannot be read as a PNG picture.", WHAT_TO_DROP) from error
    if pixels > MAX_PIXELS:
        raise ExplainerError("This picture is too large to be one of ours.", WHAT_TO_DROP)
    if OURS in found:
        return from_json(found[OURS])
    if CUSTOM in found:
        return _from_parameters(found[CUSTOM])
    raise ExplainerError("This picture holds no settings.", WHAT_TO_DROP)


def webp_animation(frames: NDArray[np.uint8], frame_ms: int = 120, rest_ms: int = 1500) -> bytes:
    """Write frames as one WebP that plays for ever.

    Args:
        frames: pictures, (n, H, W, 3).
        frame_ms: how long each is shown, milliseconds.
        rest_ms: how long the last is shown, milliseconds.

    Returns:
        The file's bytes.

    Raises:
        ValueError: there is no frame.
    """
    if len(frames) == 0:
        raise ValueError("there are 0 frames, expected at least 1")
    first, *others = (Image.fromarray(frame) for frame in frames)
    written = io.BytesIO()
    first.save(
        written, "WEBP", save_all=True, append_images=others, loop=0, quality=90, method=3,
        duration=[frame_ms] * len(others) + [rest_ms],
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


def _as_parameters(request: Request, width: int, height: int) -> str:
    """Say a request as AUTOMATIC1111's web UI does (its "PNG info").

    There a clip skip of 1 leaves no layer out and stays unsaid; here that is 0.
    """
    lines = [request.prompt]
    if request.negative:
        lines.append(f"Negative prompt: {request.negative}")
    skip = f", Clip skip: {request.clip_skip + 1}" if request.clip_skip else ""
    lines.append(
        f"Steps: {request.steps}, Sampler: {SCHEDULERS[request.scheduler].title}, "
        f"CFG scale: {request.guidance:g}, Seed: {request.seed}, Size: {width}x{height}, "
        f"Model: {request.model}{skip}"
    )
    return "\n".join(lines)


def _from_parameters(text: str) -> Request:
    """Take prompts, steps, sampler, guidance, seed and clip skip; the rest is theirs alone."""
    words, line, numbers = f"\n{text}".rpartition("\nSteps: ")
    if not line:
        raise ExplainerError("This picture holds no settings.", WHAT_TO_DROP)
    prompt, _, negative = words[1:].partition("\nNegative prompt: ")
    pairs = dict(re.findall(r"([A-Z][\w ]*): ([^,\n]*)", f"Steps: {numbers}"))
    titles = {info.title.lower(): name for name, info in SCHEDULERS.items()}
    request = Request(prompt=prompt, negative=negative)
    try:
        request = replace(
            request,
            steps=int(pairs["Steps"]),
            seed=int(pairs.get("Seed", request.seed)),
            guidance=float(pairs.get("CFG scale", request.guidance)),
            scheduler=titles.get(pairs.get("Sampler", "").lower(), request.scheduler),
            clip_skip=max(0, int(pairs.get("Clip skip", 1)) - 1),
        )
    except ValueError as error:
        raise ExplainerError(
            "The settings in this picture cannot be read.", WHAT_TO_DROP
        ) from error
    return validated(request)
