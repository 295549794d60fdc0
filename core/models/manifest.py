"""The list of a model folder's files with their checksums, so that damage is found and named."""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ExplainerError
from core.models.config_files import read_json, unreadable
from core.words import tr

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "manifest.json"


def write_manifest(folder: Path) -> Path:
    """List every file of a model folder with its size and sha256.

    Args:
        folder: a finished checkpoint in diffusers format.

    Returns:
        The manifest, ``{file: {"sha256": …, "bytes": …}}``, inside the folder.

    Raises:
        ValueError: the folder holds no files.
    """
    files = [file for file in plain_files(folder) if file.name != MANIFEST]
    if not files:
        raise ValueError(f"{folder} holds no files, expected a checkpoint")
    listed = {
        file.relative_to(folder).as_posix(): {
            "sha256": sha256_of(file),
            "bytes": file.stat().st_size,
        }
        for file in files
    }
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    return manifest


def verify_manifest(folder: Path) -> dict[str, str]:
    """Check every listed file of a model folder against its checksum.

    Args:
        folder: holds ``manifest.json``.

    Returns:
        The sha256 of each file, by its path within the folder.

    Raises:
        ExplainerError: the manifest or a file is missing or damaged; the file is named.
    """
    try:
        listed = read_json(folder / MANIFEST)
        expected = {name: (str(row["sha256"]), int(row["bytes"])) for name, row in listed.items()}
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        told = tr("{file} in {folder} is damaged.", file=MANIFEST, folder=folder.name)
        raise ExplainerError(told, _restore(folder)) from error
    if not expected:
        raise ExplainerError(
            tr("{manifest} in {folder} lists no files.", manifest=MANIFEST, folder=folder.name),
            _restore(folder),
        )
    for name, (sha256, size) in expected.items():
        file = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ExplainerError(
                tr(
                    "{manifest} in {folder} names a file elsewhere.",
                    manifest=MANIFEST,
                    folder=folder.name,
                ),
                _restore(folder),
            )
        try:
            found = file.stat().st_size if file.is_file() else None
        except OSError as error:  # no permission, a name too long
            what = tr("{file:.80} in {folder} cannot be read.", file=name, folder=folder.name)
            raise ExplainerError(what, _restore(folder)) from error
        if found is None:
            raise ExplainerError(
                tr("{name} is missing in {folder}.", name=name, folder=folder.name),
                _restore(folder),
            )
        if found != size:
            raise ExplainerError(
                tr(
                    "{name} is damaged: it has {found:,} bytes, {size:,} were expected.",
                    name=name,
                    found=found,
                    size=size,
                ),
                _restore(folder),
            )
        if sha256_of(file) != sha256:
            raise ExplainerError(
                tr(
                    "{name} is damaged: its checksum is not the one in {manifest}.",
                    name=name,
                    manifest=MANIFEST,
                ),
                _restore(folder),
            )
    return {name: sha256 for name, (sha256, _) in expected.items()}


def plain_files(folder: Path) -> list[Path]:
    """Return every file of a folder, sorted, but those below a name that begins with a dot.

    Copies from a Mac bring a ``._`` file for each file, and Git and the Hub's client keep their
    own: none of these is part of a model.

    Args:
        folder: any; one that is not there holds no files.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(file for file in found if file.is_file())


def read_weights(folder: Path, name: str) -> "dict[str, Tensor]":
    """Check a model folder as a whole and read one of its weight files, in single precision.

    Whatever reads weights that ship reads them here: a flipped byte loads without complaint.

    Args:
        folder: holds ``manifest.json``.
        name: of the file within the folder, which the manifest lists.

    Raises:
        ExplainerError: the manifest or a file is missing or damaged; the file is named.
    """
    if name not in verify_manifest(folder):
        raise ExplainerError(
            tr("{name} is not listed in {manifest}.", name=name, manifest=MANIFEST),
            _restore(folder),
        )
    from safetensors.torch import load_file  # imports torch

    return {key: value.float() for key, value in load_file(folder / name).items()}


def sha256_of(file: Path) -> str:
    """Return a file's sha256 as 64 hexadecimal digits.

    Raises:
        ExplainerError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(file) from error


def _restore(folder: Path) -> str:
    return tr(
        "Put {folder} back as it came: git checkout, or a fresh download.", folder=folder.name
    )
