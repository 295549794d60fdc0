"""Where checkpoints lie on this machine: single ones, and the folder trees of other programs."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

CHECKPOINTS = (".safetensors", ".ckpt")  # the second are named, and refused with what to do
TREES = (  # where programs keep whole checkpoints, below the folder that they are installed in
    "models/Stable-diffusion",
    "models/checkpoints",
    "models/diffusers",
    "Stable-diffusion",
    "checkpoints",
    "diffusers",
)
OWN_NAMES = {Path(tree).name.lower() for tree in TREES}
DEPTH, MOST = 4, 500  # folders below a tree's, and checkpoints in one
PARTS_BESIDE = (".vae.", ".text_encoder.", ".text_encoder_2.")  # in names of what is no checkpoint
AGAIN = 10.0  # seconds after which a tree is looked through again

_found: dict[str, tuple[float, tuple[Path, ...]]] = {}


def checkpoints_at(places: Iterable[str]) -> list[Path]:
    """Return the checkpoints at some places, each once.

    A place that is a checkpoint, or not there, stands for itself. Any other folder is looked
    through, in some seconds once at most: models are looked up all the time.

    Args:
        places: folders with ``model_index.json``, single files, or folder trees that hold them.
    """
    found: dict[Path, None] = {}
    for text in places:
        when, there = _found.get(text, (0.0, ()))
        if time.monotonic() >= when:
            place = Path(text)
            there, known = _look(place)
            _found[text] = (float("inf") if known else time.monotonic() + AGAIN, there)
        found |= dict.fromkeys(there)
    return list(found)


def _look(place: Path) -> tuple[tuple[Path, ...], bool]:
    """Return the checkpoints at a place, and whether it is one itself."""
    try:
        if place.is_file() or (place / "model_index.json").is_file():
            return (place,), True
        trees = [place / tree for tree in TREES if (place / tree).is_dir()]
        if not trees and (place.name.lower() in OWN_NAMES or _holds_checkpoints(place)):
            trees = [place]
        found = [one for tree in trees for one in _walk(tree)]
    except (OSError, ValueError):  # not there, not ours to read, no name of a file
        found = []
    # Nothing in it: it stands for itself, and whoever chooses it is told so.
    return tuple(dict.fromkeys(found[:MOST])) or (place,), False


def _holds_checkpoints(folder: Path) -> bool:
    with os.scandir(folder) as rows:
        return any(_is_checkpoint(Path(row.name)) for row in rows)


def _is_checkpoint(file: Path) -> bool:
    return (
        file.suffix.lower() in CHECKPOINTS
        and not file.name.startswith(".")
        and not any(part in file.name for part in PARTS_BESIDE)
    )


def _walk(tree: Path) -> list[Path]:
    """Return the checkpoints of a tree, sorted; a folder in diffusers format is one."""
    found: list[Path] = []
    for place, folders, names in os.walk(tree):
        at = Path(place)
        if "model_index.json" in names:
            found.append(at)
            folders.clear()
            continue
        deep = len(at.relative_to(tree).parts) >= DEPTH
        folders[:] = [] if deep else [name for name in folders if not name.startswith(".")]
        found += [at / name for name in names if _is_checkpoint(Path(name))]
        if len(found) > MOST:
            break
    return sorted(found)
