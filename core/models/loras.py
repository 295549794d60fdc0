"""Which LoRAs are offered, and which of them a run asks for; imports no torch."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.errors import ExplainerError
from core.ideas.checks import check_real, check_text
from core.models import turbo
from core.models.catalog import BUILT_IN
from core.models.lora_files import ANOTHER, LoraFile, read_lora
from core.models.manifest import sha256_of
from core.models.weight_files import PICKLES
from core.words import tr

LORAS = "GLASSBOX_LORAS"  # LoRA files and folders of them that whoever starts the app offers
MOST = 8  # in one run
LEAST_STRENGTH, MOST_STRENGTH = -4.0, 4.0
_UNNAMED = ("adapter_model", "pytorch_lora_weights")  # what libraries call all of theirs


class Chosen(NamedTuple):
    """A LoRA of a run.

    Attributes:
        name: of those offered, never where it lies.
        strength: 0 leaves the weights as they are, 1 is what was trained.
        digest: sha256 of its file, so that a file that has changed is another run; "" before it
            was looked at.
    """

    name: str
    strength: float
    digest: str = ""


def offered_loras() -> dict[str, Path]:
    """Return the files that are offered, the one that ships among them, by name; none is opened.

    Pickled ones are among them, so that whoever chooses one is told why it stays closed.
    """
    ships = turbo.FOLDER / turbo.WEIGHTS
    found = {turbo.FOLDER.name: ships} if ships.is_file() else {}
    for text in filter(None, os.environ.get(LORAS, "").split(os.pathsep)):
        for file in _files(Path(text)):
            called = file.parent.name if file.stem in _UNNAMED else file.stem
            name = called if file.suffix == ".safetensors" else file.name
            name = check_text(name, tr("name of the LoRA")).strip()[:80] or "LoRA"
            names = (name, *(f"{name} {number}" for number in range(2, len(found) + 3)))
            found[next(one for one in names if one not in found)] = file
    return found


def loras_for(model: str) -> list[str]:
    """Return the names of those that a model is offered: the one that ships fits no other.

    Args:
        model: the checkpoint's id in the catalog.
    """
    return [name for name in offered_loras() if model == BUILT_IN or name != turbo.FOLDER.name]


def offer_lora(text: str) -> str:
    """Return a LoRA's name; a file is offered for this process, as the command line does.

    Args:
        text: a name of those offered, or where a file lies.
    """
    file = Path(text)
    if text in offered_loras() or _files(file) != [file]:
        return text
    place, known = file.resolve(), os.environ.get(LORAS, "")
    if str(place) not in known.split(os.pathsep):
        os.environ[LORAS] = os.pathsep.join(filter(None, (known, str(place))))
    return next(name for name, one in offered_loras().items() if one == place)


def find_lora(name: str) -> tuple[LoraFile, str]:
    """Return what a LoRA's header says, and its checksum.

    Args:
        name: of those offered.

    Raises:
        ExplainerError: there is none of this name, or it cannot be used.
    """
    file = offered_loras().get(name) if isinstance(name, str) else None
    if file is None:
        raise ExplainerError(
            tr("There is no LoRA called {name!r:.60} here.", name=name),
            tr("Whoever starts the app names files or folders in {loras}.", loras=LORAS),
        )
    try:
        status = file.stat()
        return _looked_over(file, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise ExplainerError(tr("{file:.80} cannot be read.", file=file.name), ANOTHER) from error


@functools.lru_cache(64)
def _looked_over(file: Path, *_: int) -> tuple[LoraFile, str]:
    """Read a header, then the checksum of all; anew where the file was written since."""
    return read_lora(file), sha256_of(file)


def check_loras(given: object) -> tuple[Chosen, ...]:
    """Return the LoRAs of a run in the order of their names, with the checksums of their files.

    Args:
        given: names and strengths, perhaps with checksums; nothing about them is trusted.

    Raises:
        ExplainerError: they are no such pairs, one is not offered, cannot be used, or has changed.
    """
    rows: Sequence[object] = given if isinstance(given, tuple | list) else [given]
    if len(rows) > MOST:
        raise ExplainerError(
            tr("There are {rows} LoRAs.", rows=len(rows)), tr("Choose {most} at most.", most=MOST)
        )
    found: dict[str, Chosen] = {}
    for row in rows:
        if not isinstance(row, tuple | list) or len(row) not in (2, 3):
            raise ExplainerError(
                tr("A LoRA is not a name and a strength."), tr("Write it as name=0.8.")
            )
        name, strength, known = Chosen(*row)
        strength = (
            check_real(strength, tr("strength of a LoRA"), LEAST_STRENGTH, MOST_STRENGTH) + 0.0
        )
        digest = find_lora(name)[1]
        if name in found:
            raise ExplainerError(
                tr("The LoRA {name!r:.60} is given twice.", name=name), tr("Give it once.")
            )
        if known not in ("", digest):
            raise ExplainerError(
                tr("The file of the LoRA {name!r:.60} is another one than it was.", name=name),
                tr("Choose it again for the picture that it makes now."),
            )
        found[name] = Chosen(name, strength, digest)
    return tuple(found[name] for name in sorted(found))


def _files(place: Path) -> list[Path]:
    """Return LoRA files of a folder, or the file itself; what cannot be looked at holds none."""
    try:
        files = sorted(place.iterdir()) if place.is_dir() else [place]
        return [
            file for file in files
            if file.suffix.lower() in (".safetensors", *PICKLES)
            and not file.name.startswith(".") and file.is_file()
        ]  # fmt: skip
    except (OSError, ValueError):
        return []
