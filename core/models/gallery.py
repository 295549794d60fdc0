"""The small pictures that ship with the project; imports no torch."""

import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import ExplainerError
from core.words import tr, tr_later

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "gallery"
TITLES = (  # those in gallery.json, for translators
    tr_later("Red apple"),
    tr_later("Lion"),
    tr_later("Octopus"),
    tr_later("Astronaut"),
    tr_later("Cactus"),
    tr_later("Motorcycle"),
    tr_later("Hamburger"),
    tr_later("Soccer ball"),
    tr_later("City at dusk"),
    tr_later("Mushroom"),
    tr_later("Finer and finer stripes"),
    tr_later("Smaller and smaller letters"),
)


@dataclass(frozen=True, slots=True)
class GalleryPicture:
    """One picture of the gallery.

    Attributes:
        name: short, in links and on the command line, such as "apple".
        title: what a person would call it.
        unseen: whether the built-in autoencoder never saw it in training.
    """

    name: str
    title: str
    unseen: bool


@dataclass(frozen=True, slots=True, eq=False)  # an array has no plain ==
class LabObjects:
    """What the autoencoders of the lab learn from.

    Attributes:
        names: of the objects, (n,).
        pictures: uint8, (n, side, side, 4), colour not multiplied by alpha.
    """

    names: tuple[str, ...]
    pictures: NDArray[np.uint8]


@cache
def gallery() -> tuple[GalleryPicture, ...]:
    """Return what is in the gallery, in its own order.

    Raises:
        ExplainerError: the folder is damaged.
    """
    return tuple(GalleryPicture(**row) for row in _about()["pictures"])


def find_picture(name: object) -> GalleryPicture:
    """Return one entry of the gallery.

    Args:
        name: as typed or from a link.

    Raises:
        ExplainerError: there is no such picture.
    """
    for picture in gallery():
        if picture.name == name:
            return picture
    names = ", ".join(picture.name for picture in gallery())
    raise ExplainerError(
        tr("There is no picture {name!r:.40} here.", name=name),
        tr("Choose one of: {names}.", names=names),
    )


@cache
def picture_bytes(name: str) -> bytes:
    """Return the file of a gallery picture, WebP.

    Args:
        name: of the picture.

    Raises:
        ExplainerError: there is no such picture, or its file is missing.
    """
    return _read(f"{find_picture(name).name}.webp")


def open_picture(name: str) -> Image.Image:
    """Return a gallery picture, RGB, 256 x 256 pixels; whoever asks gets a copy.

    Args:
        name: of the picture.

    Raises:
        ExplainerError: there is no such picture, or its file is missing or damaged.
    """
    return _decode(picture_bytes(name), name).convert("RGB")


@cache
def lab_objects() -> LabObjects:
    """Return the small objects of the lab.

    Raises:
        ExplainerError: the folder is damaged.
    """
    about = _about()["lab"]
    side, names = about["side"], tuple(about["names"])
    sheet = np.array(_decode(_read("lab.webp"), "lab").convert("RGBA"))
    down, across = sheet.shape[0] // side, sheet.shape[1] // side
    tiles = sheet.reshape(down, side, across, side, 4).swapaxes(1, 2)
    return LabObjects(names, tiles.reshape(-1, side, side, 4)[: len(names)])


def _decode(data: bytes, name: str) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=("WEBP",))
        picture.load()
    except (OSError, ValueError) as error:
        raise _damaged(f"{name}.webp") from error
    return picture


def _about() -> dict:
    try:
        return json.loads(_read("gallery.json"))
    except ValueError as error:
        raise _damaged("gallery.json") from error


def _read(file: str) -> bytes:
    try:
        return (FOLDER / file).read_bytes()
    except OSError as error:
        raise _damaged(file) from error


def _damaged(file: str) -> ExplainerError:
    return ExplainerError(
        tr("{file} of the gallery is missing or damaged.", file=file),
        tr("Put assets/gallery back as it was."),
    )
