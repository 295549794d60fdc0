"""A picture that somebody gives us: checked before it is decoded, repaired where that is honest.

Imports no torch. Nothing of the file but its pixels is kept: no name, no metadata, no profile.
"""

import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageChops, ImageCms, ImageFile, ImageOps

from core.errors import ExplainerError
from core.words import in_a_row, tr

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = ("png", "jpg", "jpeg", "webp")
MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 16_000_000
LEAST_SIDE = 8  # pixels
MOST_ASPECT = 8
KEPT_SIDE = 1024  # pixels of the longer side; no model here takes more
SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # colour profiles are for, Pillow's mode
_TURNED, _FLIPPED = tr("Turned as its camera was held."), tr("Mirrored, as its file says.")
TURNS = {  # by EXIF's orientation
    2: (Image.Transpose.FLIP_LEFT_RIGHT, _FLIPPED),
    3: (Image.Transpose.ROTATE_180, _TURNED),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, _FLIPPED),
    5: (Image.Transpose.TRANSPOSE, in_a_row(_TURNED, _FLIPPED)),
    6: (Image.Transpose.ROTATE_270, _TURNED),
    7: (Image.Transpose.TRANSVERSE, in_a_row(_TURNED, _FLIPPED)),
    8: (Image.Transpose.ROTATE_90, _TURNED),
}
SIDEWAYS = 5  # from this orientation on, width and height change places
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # white, red, green, blue; x and y
GROUND = (255, 255, 255)  # below transparent parts
OTHER = ExplainerError(
    tr("This file is not a PNG, JPEG or WebP picture."),
    tr("Save it as one of these, then try again."),
)
DAMAGED = ExplainerError(
    tr("This picture is damaged or cut off."),
    tr("Open and save it again, or take another one."),
)


@dataclass(frozen=True, slots=True, eq=False)  # a picture has no plain ==
class Upload:
    """A picture that can be used.

    Attributes:
        picture: RGB in sRGB, neither side above ``KEPT_SIDE``.
        size: width and height of the file's own picture, upright, pixels.
        notes: what was done to it, one sentence each; none where nothing was.
    """

    picture: Image.Image
    size: tuple[int, int]
    notes: tuple[str, ...]


def read_picture(file: Path) -> Upload:
    """Read a picture file from this machine, no more of it than is ever taken.

    Args:
        file: any; one without end, such as a device, is too large.

    Raises:
        ExplainerError: as for ``read_upload``.
        OSError: it is not there, or not ours to read.
    """
    with file.open("rb") as stream:
        return read_upload(stream.read(MOST_BYTES + 1))


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
        raise ExplainerError(tr("This file is empty."), tr("Choose a PNG, JPEG or WebP picture."))
    if len(data) > MOST_BYTES:
        raise ExplainerError(
            tr("This file has more than {most_bytes} MB.", most_bytes=MOST_BYTES // 1024**2),
            tr("Choose a smaller one."),
        )
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ExplainerError(
            tr("This picture has far too many pixels."),
            tr("Choose one of at most {most} million.", most=MOST_PIXELS // 10**6),
        ) from error
    except Image.UnidentifiedImageError as error:
        raise OTHER from error
    except Exception as error:  # whatever a broken header makes the decoders raise
        raise DAMAGED from error
    _check_size(opened)
    (width, height), profile = opened.size, opened.info.get("icc_profile")
    notes: list[str] = []
    try:
        picture = _decode(opened, data, notes)
        turn = _turn_of(opened)
        if turn != 1:
            how, said = TURNS[turn]
            picture = picture.transpose(how)
            notes.append(said)
        if not profile and _names_other_space(opened, data):
            notes.append(
                tr(
                    "Its colours are said to be in another space than sRGB, with no profile in the "
                    "file; they were left as they are."
                )
            )
        picture = _on_white(_srgb(picture, profile, notes), notes)
    except MemoryError as error:
        raise ExplainerError(
            tr("There is not enough memory for this picture."), tr("Choose a smaller one.")
        ) from error
    except Exception as error:  # as above, and pixels that end too early
        raise DAMAGED from error
    sideways = turn >= SIDEWAYS
    return Upload(picture, (height, width) if sideways else (width, height), tuple(notes))


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


def say_fit(upload: Upload, width: int, height: int) -> str:
    """Say what ``fit`` does to an uploaded picture, or "" where it stays as it was.

    Args:
        upload: from ``read_upload``.
        width: pixels.
        height: pixels.
    """
    if upload.size == (width, height):
        return ""
    cut = upload.size[0] * height != upload.size[1] * width
    sizes = {
        "from_width": upload.size[0],
        "from_height": upload.size[1],
        "width": width,
        "height": height,
    }
    if not cut:
        return tr("Scaled from {from_width} × {from_height} to {width} × {height} pixels.", **sizes)
    return tr(
        "Cut to its middle and scaled from {from_width} × {from_height} to {width} × {height} "
        "pixels.",
        **sizes,
    )


def _check_size(opened: Image.Image) -> None:
    """Judge by the header alone: a few bytes can promise gigabytes of pixels."""
    width, height = opened.size
    said = tr("This picture has {width:,} × {height:,} pixels.", width=width, height=height)
    if min(width, height) < LEAST_SIDE:
        raise ExplainerError(
            said, tr("Choose one of at least {least} pixels each way.", least=LEAST_SIDE)
        )
    if width * height > MOST_PIXELS:
        raise ExplainerError(
            said,
            tr("Choose one of at most {most} million.", most=MOST_PIXELS // 10**6),
        )
    if max(width, height) > MOST_ASPECT * min(width, height):
        raise ExplainerError(
            said,
            tr(
                "Choose one that is at most {most} times as long as it is wide.",
                most=MOST_ASPECT,
            ),
        )


def _decode(opened: ImageFile.ImageFile, data: bytes, notes: list[str]) -> Image.Image:
    """Decode the first picture, and shrink it while its colours are its own.

    Returns:
        L, CMYK, RGB, or RGBA where a part can be seen through.
    """
    if getattr(opened, "is_animated", False) and opened.format != "MPO":
        still = opened.info.get("default_image")  # of PNG: stands in, and is no part of it
        notes.append(
            tr("The still picture is used, not the animation that it stands in for.")
            if still
            else tr("Only the first picture of the animation is used.")
        )
    if opened.format in ("JPEG", "MPO"):  # decodes at an eighth to a half where that is enough
        opened.draft(None, (KEPT_SIDE, KEPT_SIDE))
    sixteen = any(";16" in str(tile.args) for tile in opened.tile)
    clear = _clear_colour(opened, data) if "transparency" in opened.info else None
    opened.load()
    picture: Image.Image = opened
    if sixteen:
        notes.append(tr("Its 16 bits a pixel became 8."))
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if clear is not None:
        picture.info.pop("transparency", None)
        picture = picture.convert("RGB")
        picture.putalpha(clear)
    elif picture.mode in ("P", "PA", "1", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode == "RGBA" and _is_opaque(picture):
        picture = picture.convert("RGB")
    if max(picture.size) > KEPT_SIDE:
        if picture.mode == "RGBA":
            picture = picture.convert("RGBa")  # colours of what is transparent must not bleed in
        share = KEPT_SIDE / max(picture.size)
        size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
        small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture = small.convert("RGBA") if small.mode == "RGBa" else small
    return picture


def _clear_colour(opened: ImageFile.ImageFile, data: bytes) -> Image.Image | None:
    """Find the pixels of the one colour that a PNG calls transparent, where Pillow does not.

    The colour is written at the file's own depth: 2 and 4 bits of grey, 16 of grey or colour. Of
    the latter Pillow keeps the upper half only, so the lower is decoded as well.

    Returns:
        Opacity, (L); None where Pillow knows the pixels by itself.
    """
    rawmode = str(opened.tile[0].args) if opened.tile else ""
    colour = opened.info["transparency"]
    if rawmode in ("L;2", "L;4"):
        steps = 2 ** int(rawmode[-1]) - 1
        # Bits beyond the depth mean nothing; scaled as the pixels are.
        opened.info["transparency"] = (colour & steps) * 255 // steps
    elif rawmode == "I;16B":
        return Image.fromarray(np.where(np.asarray(opened) == colour, 0, 255).astype(np.uint8))
    elif rawmode == "RGB;16B":
        lower = Image.open(io.BytesIO(data), formats=FORMATS)
        lower.tile = [tile._replace(args="RGB;16L") for tile in lower.tile]
        seen = Image.new("L", opened.size)
        for part, shift in ((opened, 8), (lower, 0)):
            for band, value in zip(part.split(), colour, strict=True):
                other = [0 if one == value >> shift & 255 else 255 for one in range(256)]
                seen = ImageChops.lighter(seen, band.point(other))
        return seen
    return None


def _turn_of(opened: Image.Image) -> int:
    """Return EXIF's orientation; one that does not exist is 1, as it is."""
    try:
        turn = opened.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # broken metadata says nothing about the pixels
        return 1
    return turn if turn in TURNS else 1


def _names_other_space(opened: Image.Image, data: bytes) -> bool:
    """Whether a file names another space than sRGB: by PNG's cICP, gAMA and cHRM, or by EXIF."""
    code = data.find(b"\0\0\0\4cICP", 0, max(0, data.find(b"IDAT")))
    if code >= 0:
        return data[code + 8 : code + 10] != b"\x01\x0d"  # primaries and curve
    gamma, white = opened.info.get("gamma"), opened.info.get("chromaticity")
    if "srgb" in opened.info:
        return False
    if gamma and abs(gamma * 2.2 - 1) > 0.05:
        return True
    if white and max(abs(one - other) for one, other in zip(white, SRGB, strict=True)) > 0.01:
        return True
    with suppress(Exception):  # broken metadata says nothing
        return opened.getexif().get_ifd(ExifTags.IFD.Interop).get(1) == "R03"  # Adobe RGB
    return False


def _srgb(picture: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Convert colours out of the space that the file says they are in; transparency stays."""
    if not profile:
        return picture
    try:
        # Any: Pillow gives its inside the type of what it was read from
        told: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = SPACES[told.profile.xcolor_space.strip()]
        if picture.mode == "CMYK" or mode == "CMYK":
            plain = picture if picture.mode == mode else None
        else:
            plain = picture.convert("RGB").convert(mode)
            if mode == "L" and _differs(plain.convert("RGB"), picture.convert("RGB"), 0):
                plain = None
        if plain is None:
            raise ValueError(f"the profile is for {mode}, the picture is {picture.mode}")
        srgb = ImageCms.createProfile("sRGB")
        found = ImageCms.profileToProfile(plain, told, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        notes.append(tr("Its colour profile does not fit it and was left out."))
        return picture
    if found is None or not _differs(found, picture.convert("RGB"), 1):
        return picture
    notes.append(tr("Its colours were converted to sRGB, from the profile in the file."))
    if picture.mode == "RGBA":
        found.putalpha(picture.getchannel("A"))
    return found


def _differs(one: Image.Image, other: Image.Image, by: int) -> bool:
    return int(np.asarray(ImageChops.difference(one, other)).max()) > by


def _on_white(picture: Image.Image, notes: list[str]) -> Image.Image:
    if picture.mode == "RGBA":
        notes.append(tr("Transparent parts were put on white."))
        ground = Image.new("RGB", picture.size, GROUND)
        ground.paste(picture, mask=picture.getchannel("A"))
        return ground
    plain = picture.convert("RGB")
    plain.info.clear()
    return plain


def _is_opaque(picture: Image.Image) -> bool:
    return picture.getchannel("A").getextrema() == (255, 255)
