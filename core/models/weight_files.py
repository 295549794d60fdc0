"""Which weight files of a checkpoint are loaded, and whether they are whole; imports no torch."""

import json
import math
import re
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from core.errors import ExplainerError
from core.models.config_files import (
    LFS_POINTER,
    Config,
    again,
    kind_of,
    named,
    read_json,
    say_absent,
    unreadable,
)
from core.words import tr

STEMS = {  # what the libraries call the weights of each part
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}
FIRST = (None, "fp16", "bf16")  # variants in the order in which they are taken, before all others
MOST_PARAMETERS = 4_000_000_000  # Stable Diffusion XL, the largest of the family, has 3.5 billion
LONGEST_HEADER = 8_000_000  # bytes; Stable Diffusion's longest has 100,000
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes of the numbers that can be loaded
COUNTS = {"I64": 8, "I32": 4}  # positions, which old text encoders keep among their weights
PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04")  # how torch's files begin
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that hold the weights of one part.

    Attributes:
        variant: "fp16" in ``model.fp16.safetensors``; None for plain names.
        index: name of the file that says which weight is in which shard; "" where one file holds
            all.
        files: names of the weight files.
    """

    variant: str | None
    index: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of one part as they lie in its folder, every file of them whole.

    Attributes:
        chosen: their names.
        paths: of every file that is read: the weights, and the index where there is one.
        shapes: of every tensor, by its name.
    """

    chosen: Chosen
    paths: tuple[Path, ...]
    shapes: dict[str, tuple[int, ...]]


def choose_weights(
    part: str, names: Collection[str], first: Sequence[str | None] = FIRST
) -> Chosen | None:
    """Choose weight files by their names, as diffusers and transformers look for them.

    Plain names come first, then variants. One file holds all of a part, or an index says which
    shard holds what; diffusers asks for the index first, transformers for the one file.

    Args:
        part: "unet", "vae", "text_encoder" or "text_encoder_2".
        names: of the files in the part's folder.
        first: variants in the order in which they are taken; others come after these.

    Returns:
        The files, None where no file has a name that the libraries give.
    """
    stem, seen = STEMS[kind_of(part)], [name for name in names if not name.startswith(".")]
    shard = rf"{stem}(\.(?P<new>[\w-]+?))?-\d{{5}}-of-\d{{5}}(\.(?P<old>[\w-]+))?\.safetensors"
    whole = rf"{stem}(\.(?P<new>[\w-]+))?\.safetensors"
    shards: dict[str | None, list[str]] = {}
    wholes: dict[str | None, str] = {}
    for name in sorted(seen):
        if found := re.fullmatch(shard, name):
            shards.setdefault(found["new"] or found["old"], []).append(name)
        elif found := re.fullmatch(whole, name):
            wholes[found["new"]] = name
    others = sorted({*shards, *wholes} - set(first), key=str)
    for variant in (*first, *others):
        index = next((name for name in _index_names(stem, variant) if name in seen), "")
        sharded = Chosen(variant, index, tuple(shards[variant])) if variant in shards else None
        single = Chosen(variant, "", (wholes[variant],)) if variant in wholes else None
        if kind_of(part) == "text_encoder" and single:
            return single
        if sharded and index:
            return sharded
        if single:
            return single
    return None


def find_weights(folder: Path) -> Weights:
    """Choose the weight files of one part and check that they are whole.

    Args:
        folder: a checkpoint's "unet", "vae", "text_encoder" or "text_encoder_2".

    Raises:
        ExplainerError: there are none that can be loaded, or one is damaged; says which.
    """
    try:
        names = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise unreadable(folder) from error
    chosen = choose_weights(folder.name, names)
    if chosen is None:
        _refuse_names(folder, names)
    paths = [folder / name for name in chosen.files]
    if chosen.index:
        paths = _read_index(folder / chosen.index)
        chosen = replace(chosen, files=tuple(path.name for path in paths))
    shapes: dict[str, tuple[int, ...]] = {}
    for file in paths:
        shapes |= check_weights(file)
    if sum(map(math.prod, shapes.values())) > MOST_PARAMETERS:
        raise ExplainerError(
            tr(
                "The weights in {folder} hold more than {most:,} numbers.",
                folder=named(folder),
                most=MOST_PARAMETERS,
            ),
            tr("Choose a smaller checkpoint."),
        )
    index = [folder / chosen.index] if chosen.index else []
    return Weights(chosen, (*paths, *index), shapes)


def is_renamed_index(chosen: Chosen) -> bool:
    """Whether the index has the name of older diffusers, which the libraries do not look for.

    Args:
        chosen: from ``choose_weights``.
    """
    return chosen.variant is not None and chosen.index.endswith(".index.json")


def check_weights(file: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of a whole safetensors file, see ``read_header``."""
    return read_header(file)[0]


def read_header(file: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]]:
    """Check that a safetensors file is whole, by its header and its length.

    Args:
        file: a .safetensors file.

    Returns:
        The shape of every tensor, by its name, and what the file says of itself.

    Raises:
        ExplainerError: it is missing, a Git LFS pointer, cut short, or not safetensors; says which.
    """
    rows, about = read_rows(file)
    for name, row in rows.items():
        check_kind(file, name, row)
    return {name: tuple(row["shape"]) for name, row in rows.items()}, about


def read_rows(file: Path) -> tuple[dict[str, Config], dict[str, Any]]:
    """Read what a safetensors file says that it holds, and check that it has as many bytes.

    Args:
        file: a .safetensors file.

    Returns:
        By each tensor's name its "dtype", "shape" and "data_offsets"; what the file says of itself.

    Raises:
        ExplainerError: as for ``read_header``.
    """
    try:
        if not file.is_file():
            raise ExplainerError(say_absent(file), again(file))
        size = file.stat().st_size
        with file.open("rb") as stream:
            start = stream.read(64)
            if start[8:9] != b"{":
                _refuse_other_file(file, start)
            length = struct.unpack("<Q", start[:8])[0] if len(start) >= 8 else 0
            fits = 2 <= length <= min(size - 8, LONGEST_HEADER)
            stream.seek(8)
            header = json.loads(stream.read(length)) if fits else None
    except OSError as error:
        raise unreadable(file) from error
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise ExplainerError(
            tr("{file} is damaged: not safetensors.", file=named(file)), again(file)
        )
    said = header.pop("__metadata__", None)
    end = max((_end_of(file, row) for row in header.values()), default=0)
    if size != 8 + length + end:
        raise ExplainerError(
            tr(
                "{file} is damaged: {size:,} bytes, {length:,} were expected.",
                file=named(file),
                size=size,
                length=8 + length + end,
            ),
            again(file),
        )
    return header, said if isinstance(said, dict) else {}


def check_kind(file: Path, name: str, row: Config) -> None:
    """Refuse a tensor whose numbers are of a kind that cannot be loaded.

    Args:
        file: where it is.
        name: of the tensor.
        row: of it, from ``read_rows``.

    Raises:
        ExplainerError: they are.
    """
    kind = row["dtype"]
    if kind not in WIDTHS and not (kind in COUNTS and name.endswith("position_ids")):
        raise ExplainerError(
            tr(
                "{file} holds {name:.80} as {kind!s:.20}; {widths} can be loaded.",
                file=named(file),
                name=name,
                kind=kind,
                widths=", ".join(WIDTHS),
            ),
            tr("Choose a checkpoint in full or half precision."),
        )


def is_pickle(file: Path) -> bool:
    """Whether a file's name says that it is pickled.

    Args:
        file: any.
    """
    return file.suffix.lower() in PICKLES


def refuse_pickle(file: Path) -> NoReturn:
    """Say that a pickled checkpoint is never opened, and how to have one that is.

    Args:
        file: the checkpoint.

    Raises:
        ExplainerError: always.
    """
    raise ExplainerError(
        tr(
            "{file} is pickled, and pickled files are never opened: they can run code.",
            file=named(file),
        ),
        tr(
            "Get the same checkpoint as .safetensors, which most have. Or convert it away from "
            "this "
            "machine: huggingface.co/spaces/safetensors/convert, or the checkpoint merger of "
            "AUTOMATIC1111 with one model and the format safetensors."
        ),
    )


def _refuse_other_file(file: Path, start: bytes) -> None:
    """Refuse what is no safetensors file by its first bytes."""
    if start.startswith(LFS_POINTER):
        raise ExplainerError(
            tr("{file} is only a Git LFS pointer, not the weights.", file=named(file)),
            tr("Run `git lfs pull` in the checkpoint's folder."),
        )
    if start.startswith(PICKLED):
        refuse_pickle(file)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b'{"error', b"<?xml")):
        raise ExplainerError(
            tr(
                "{file} is a web page, not the weights: the download was refused.", file=named(file)
            ),
            tr("Log in where it comes from, and get it again."),
        )
    if start.startswith(b"GGUF"):
        raise ExplainerError(
            tr(
                "{file} is a GGUF file, whose weights are kept in other kinds of numbers.",
                file=named(file),
            ),
            tr("Get the same checkpoint as .safetensors in full or half precision."),
        )


def _end_of(file: Path, row: Any) -> int:  # Any: what JSON holds
    """Check one line of a header; returns where its numbers end."""
    try:
        kind, shape, (begin, end) = row["dtype"], row["shape"], row["data_offsets"]
        whole = len(shape) < 9 and all(
            type(n) is int and 0 <= n < 2**63 for n in (*shape, begin, end)
        )
        bits = {**WIDTHS, **COUNTS}.get(kind, 0)
        right = whole and (not bits or math.prod(shape) * bits == end - begin)
    except (TypeError, KeyError, ValueError) as error:
        raise ExplainerError(
            tr("{file} is damaged: its header.", file=named(file)), again(file)
        ) from error
    if not right:
        raise ExplainerError(tr("{file} is damaged: its header.", file=named(file)), again(file))
    return end


def _index_names(stem: str, variant: str | None) -> tuple[str, ...]:
    if variant is None:
        return (f"{stem}.safetensors.index.json",)
    # the second as diffusers named it before 0.32
    return (
        f"{stem}.safetensors.index.{variant}.json",
        f"{stem}.safetensors.{variant}.index.json",
    )


def _read_index(file: Path) -> list[Path]:
    """Return the shards that an index names."""
    index = read_json(file)
    places = index.get("weight_map")
    shards = set(places.values()) if isinstance(places, dict) and _plain(places.values()) else ()
    if not shards or not isinstance(index.get("metadata"), dict):
        raise ExplainerError(
            tr(
                "{file} is damaged: it has no weight_map of file names, or no metadata.",
                file=named(file),
            ),
            again(file),
        )
    return [file.parent / name for name in sorted(shards)]


def _plain(names: Collection[object]) -> bool:
    """Whether all are names of files beside the index, and nothing else."""
    return all(isinstance(name, str) and re.fullmatch(r"\w[\w.-]*", name) for name in names)


def _refuse_names(folder: Path, names: Sequence[str]) -> NoReturn:
    """Say what is there in place of the weights, and what to do about it."""
    stem = STEMS[kind_of(folder.name)]
    expected = f"{stem}.safetensors"
    shards = [name for name in names if re.fullmatch(rf"{stem}.*-\d{{5}}-of-\d{{5}}.*", name)]
    other = [name for name in names if name.endswith(".safetensors") and name not in shards]
    if other:
        raise ExplainerError(
            tr(
                "The weights in {folder} have another name: {other:.80} is there, "
                "{expected} was expected.",
                folder=named(folder),
                other=other[0],
                expected=expected,
            ),
            tr(
                "If it holds the whole {folder}, rename it to {expected}.",
                folder=folder.name,
                expected=expected,
            ),
        )
    if shards and shards[0].endswith(".safetensors"):
        raise ExplainerError(
            tr(
                "{folder} holds weights in parts such as {part:.80}, but no "
                "{expected}.index.json that says what is in which.",
                folder=named(folder),
                part=shards[0],
                expected=expected,
            ),
            tr("Get {expected}.index.json from where the checkpoint came from.", expected=expected),
        )
    if any(name.endswith(PICKLES) for name in names):
        raise ExplainerError(
            tr(
                "There is no .safetensors file in {folder}, only pickled weights, which are "
                "never opened: they can run code.",
                folder=named(folder),
            ),
            tr(
                "Get the same checkpoint with {expected} in {folder}, which most have; "
                "huggingface.co/spaces/safetensors/convert makes one away from this machine.",
                expected=expected,
                folder=folder.name,
            ),
        )
    raise ExplainerError(
        tr(
            "There is no .safetensors file in {folder}; {expected} was expected.",
            folder=named(folder),
            expected=expected,
        ),
        tr("Choose a checkpoint that has safetensors weights."),
    )
