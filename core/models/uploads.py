"""A picture that somebody gives us: checked before it is decoded, repaired where that is honest.

Imports no torch. Nothing of the file but its pixels is kept: no name, no metadata, no profile.
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from core.errors import ExplainerError

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = ("png", "jpg", "jpeg", "webp")
MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 16_000_000
LEAST_SIDE = 8  # pixels
MOST_ASPECT = 8
KEPT_SIDE = 1024  # pixels of the longer side; no model here takes more
GROUND = (255, 255, 255)  # below transparent parts
OTHER = ExplainerError(
    "This file is not a PNG, JPEG or WebP picture.", "Save it as one of these, then try again."
)
DAMAGED = ExplainerError(
    "This picture is damaged or cut off.", "Open and save it again, or take another one."
)


@dataclass(frozen=True, slots=True, eq=False)  # a picture has no plain ==
class Upload:
    """A picture that can be used.

    Attributes:
        picture: RGB, neither side above ``KEPT_SIDE``.
        notes: what was done to it, one sentence each; none where nothing was.
    """

    picture: Image.Image
    notes: tuple[str, ...]


def read_upload(data: bytes) -> Upload:
    """Read a picture file; nothing about it is trusted.

    Args:
        data: the file's bytes.

    Returns:
        The picture, upright, with what had to be done to it.

    Raises:
        ExplainerError: it is no picture, damaged, too large, too small, or too narrow.
    """
    if not data:
        raise ExplainerError("This file is empty.", "Choose a PNG, JPEG or WebP picture.")
    if len(data) > MOST_BYTES:
        raise ExplainerError(
            f"This file has {len(data) / 1024**2:.1f} MB.",
            f"Choose one of at most {MOST_BYTES // 1024**2} MB.",
        )
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ExplainerError(
            "This picture has far too many pixels.",
            f"Choose one of at most {MOST_PIXELS // 10**6} million.",
        ) from error
    except Image.UnidentifiedImageError as error:
        raise OTHER from error
    except Exception as error:  # whatever a broken header makes the decoders raise
        raise DAMAGED from error
    _check_size(opened)
    notes: list[str] = []
    try:
        picture = _rgb(_upright(_decode(opened, notes), notes), notes)
    except MemoryError as error:
        raise ExplainerError(
            "There is not enough memory for this picture.", "Choose a smaller one."
        ) from error
    except Exception as error:  # as above, and pixels that end too early
        raise DAMAGED from error
    return Upload(picture, tuple(notes))


def fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Cut the middle out of a picture and scale it to a size.

    Args:
        picture: RGB.
        width: pixels.
        height: pixels.
    """
    if picture.size == (width, height):
        return picture
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def say_fit(picture: Image.Image, width: int, height: int) -> str:
    """Say what ``fit`` does to a picture, or "" where it does nothing.

    Args:
        picture: RGB.
        width: pixels.
        height: pixels.
    """
    if picture.size == (width, height):
        return ""
    cut = picture.width * height != picture.height * width
    done = "Cut to its middle and scaled" if cut else "Scaled"
    return f"{done} from {picture.width} × {picture.height} to {width} × {height} pixels."


def _check_size(opened: Image.Image) -> None:
    """Judge by the header alone: a few bytes can promise gigabytes of pixels."""
    width, height = opened.size
    said = f"This picture has {width:,} × {height:,} pixels."
    if min(width, height) < LEAST_SIDE:
        raise ExplainerError(said, f"Choose one of at least {LEAST_SIDE} pixels each way.")
    if width * height > MOST_PIXELS:
        raise ExplainerError(said, f"Choose one of at most {MOST_PIXELS // 10**6} million.")
    if max(width, height) > MOST_ASPECT * min(width, height):
        raise ExplainerError(
            said, f"Choose one that is at most {MOST_ASPECT} times as long as it is wide."
        )


def _decode(opened: Image.Image, notes: list[str]) -> Image.Image:
    """Decode the first picture, and shrink it while it is still in its own mode."""
    if getattr(opened, "n_frames", 1) > 1:
        notes.append("Only the first picture of the animation is used.")
    if opened.format == "JPEG":  # decodes at an eighth, a quarter or a half where that is enough
        opened.draft(None, (KEPT_SIDE, KEPT_SIDE))
    opened.load()
    picture: Image.Image = opened
    if picture.mode.startswith("I"):
        notes.append("Its 16 bits a pixel became 8.")
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.mode in ("P", "PA", "1", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode == "RGBA" and _is_opaque(picture):
        picture = picture.convert("RGB")
    if max(picture.size) > KEPT_SIDE:
        if picture.mode == "RGBA":
            picture = picture.convert("RGBa")  # colours of what is transparent must not bleed in
        share = KEPT_SIDE / max(picture.size)
        size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
        small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        small.info["exif"] = opened.info.get("exif")
        picture = small.convert("RGBA") if small.mode == "RGBa" else small
    return picture


def _upright(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Turn the picture as the camera was held; an orientation that does not exist is none."""
    try:
        turned = ImageOps.exif_transpose(picture)
    except Exception:  # broken metadata says nothing about the pixels
        return picture
    if turned.size != picture.size:
        notes.append("Turned as its camera was held.")
    return turned


def _rgb(picture: Image.Image, notes: list[str]) -> Image.Image:
    if picture.mode in ("RGBA", "RGBa", "LA", "La", "PA"):
        whole = picture.convert("RGBA")
        if not _is_opaque(whole):
            notes.append("Transparent parts were put on white.")
        ground = Image.new("RGB", whole.size, GROUND)
        ground.paste(whole, mask=whole.getchannel("A"))
        return ground
    plain = picture.convert("RGB")
    plain.info.clear()
    return plain


def _is_opaque(picture: Image.Image) -> bool:
    return picture.getchannel("A").getextrema() == (255, 255)
