"""A checkpoint folder is looked over before anything in it is loaded; imports no torch."""

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, CatalogEntry, find_entry, local_folder
from core.models.manifest import MANIFEST, sha256_of, verify_manifest

PARTS = {  # what the pipeline is made of, and the only classes that are ever built
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
}
MOST_PARAMETERS = 3_000_000_000  # Stable Diffusion 2.1, the largest of the family, has 1.3 billion
LFS_POINTER = b"version https://git-lfs"

Config = dict[str, Any]  # Any: what JSON holds


@dataclass(frozen=True, slots=True)
class Folder:
    """A checkpoint whose files are all there and whole.

    Attributes:
        path: the folder.
        configs: config of "unet", "vae", "text_encoder" and "scheduler".
        variants: name of the weight variant of each part ("fp16"), None for the plain files.
        fingerprint: one sha256 over every file that is loaded.
    """

    path: Path
    configs: dict[str, Config]
    variants: dict[str, str | None]
    fingerprint: str


def find_checkpoint(model_id: str) -> tuple[CatalogEntry, Path]:
    """Return a model's entry and its folder; only a few names are looked up, no file is read.

    Args:
        model_id: an id of the catalog.

    Raises:
        ExplainerError: the id is unknown, or the model is not on this machine.
    """
    entry = find_entry(model_id)
    folder = local_folder(entry)
    if folder is None and entry.kind == "built-in":
        raise ExplainerError(
            f"The built-in model's weights are missing: {entry.source}",
            "Put the folder back as it came: git checkout, or a fresh download.",
        )
    if folder is None:
        raise ExplainerError(
            f"{entry.title} is not on this machine.",
            f"Run `GLASSBOX_ONLINE=1 python -m core models --get {entry.id}` once, or choose "
            f"{BUILT_IN}.",
        )
    if entry.kind == "built-in" and not (folder / MANIFEST).is_file():
        raise ExplainerError(
            f"{MANIFEST} of the built-in model is missing, so its weights cannot be trusted.",
            "Put the folder back as it came: git checkout, or a fresh download.",
        )
    return entry, folder


def inspect_folder(path: Path) -> Folder:
    """Check that a folder holds a whole Stable Diffusion checkpoint of a size that can be loaded.

    Args:
        path: a checkpoint in diffusers format. Where it has a manifest, every file is verified.

    Returns:
        Its configs, which weights to load, and its fingerprint.

    Raises:
        ExplainerError: something is missing, damaged, of another kind or too large; says which.
    """
    index = read_json(path / "model_index.json")
    for part, expected in PARTS.items():
        if index.get(part) != list(expected):
            raise ExplainerError(
                f"{path.name} is not a Stable Diffusion 1.x or 2.x checkpoint: its {part} is "
                f"{_class_name(index.get(part))}, {expected[1]} was expected.",
                "Choose a checkpoint of that family.",
            )
    known = verify_manifest(path) if (path / MANIFEST).is_file() else {}
    configs = {part: read_json(path / part / "config.json") for part in PARTS}
    configs["scheduler"] = read_json(path / "scheduler" / "scheduler_config.json")
    for part in PARTS:
        _check_plausible(path / part / "config.json", configs[part])
    _check_family(path, configs)
    weights = {part: _weights(path / part) for part in PARTS}
    files = [
        path / "scheduler" / "scheduler_config.json",
        *(path / part / "config.json" for part in PARTS),
        *(file for file in sorted((path / "tokenizer").glob("*")) if file.is_file()),
        *(file for _, found in weights.values() for file in found),
    ]
    return Folder(
        path=path,
        configs=configs,
        variants={part: variant for part, (variant, _) in weights.items()},
        fingerprint=_fingerprint(path, files, known),
    )


def read_json(file: Path) -> Config:
    """Read one config file.

    Args:
        file: JSON, an object.

    Raises:
        ExplainerError: it is missing or damaged; says which.
    """
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExplainerError(f"{_named(file)} cannot be read.", _again(file)) from error
    except ValueError as error:
        raise ExplainerError(f"{_named(file)} is damaged: not JSON.", _again(file)) from error
    if not isinstance(config, dict):
        raise ExplainerError(f"{_named(file)} is damaged: not a JSON object.", _again(file))
    return config


def check_weights(file: Path) -> int:
    """Check that a safetensors file is whole, by its header and its length.

    Args:
        file: a .safetensors file.

    Returns:
        How many numbers it holds.

    Raises:
        ExplainerError: it is a Git LFS pointer, cut short, or not safetensors; says which.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            start = stream.read(64)
            if start.startswith(LFS_POINTER):
                raise ExplainerError(
                    f"{_named(file)} is only a Git LFS pointer, not the weights.",
                    "Run `git lfs pull` in the checkpoint's folder.",
                )
            length = struct.unpack("<Q", start[:8])[0] if len(start) >= 8 else 0
            stream.seek(8)
            header = json.loads(stream.read(length)) if 2 <= length <= size - 8 else None
    except OSError as error:
        raise ExplainerError(f"{_named(file)} cannot be read.", _again(file)) from error
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise ExplainerError(f"{_named(file)} is damaged: not safetensors.", _again(file))
    tensors = [row for name, row in header.items() if name != "__metadata__"]
    try:
        end = max((row["data_offsets"][1] for row in tensors), default=0)
        numbers = sum(math.prod(row["shape"]) for row in tensors)
    except (TypeError, KeyError, IndexError) as error:
        raise ExplainerError(f"{_named(file)} is damaged: its header.", _again(file)) from error
    if size != 8 + length + end:
        raise ExplainerError(
            f"{_named(file)} is damaged: {size:,} bytes, {8 + length + end:,} were expected.",
            _again(file),
        )
    return numbers


def _weights(folder: Path) -> tuple[str | None, list[Path]]:
    """Return the variant and files of a part's weights: plain ones first, then half precision."""
    files = sorted(folder.glob("*.safetensors"))
    plain = [file for file in files if ".fp16." not in file.name and "ema" not in file.name]
    chosen = plain or [file for file in files if ".fp16." in file.name]
    if not chosen:
        pickled = [*folder.glob("*.bin"), *folder.glob("*.ckpt"), *folder.glob("*.pt")]
        why = " (pickled weights are never opened: they can run code)" if pickled else ""
        raise ExplainerError(
            f"There is no .safetensors file in {_named(folder)}{why}.",
            "Choose a checkpoint that has safetensors weights.",
        )
    if sum(check_weights(file) for file in chosen) > MOST_PARAMETERS:
        raise ExplainerError(
            f"The weights in {_named(folder)} hold more than {MOST_PARAMETERS:,} numbers.",
            "Choose a smaller checkpoint.",
        )
    return (None if plain else "fp16"), chosen


def _check_plausible(file: Path, config: Config) -> None:
    """Refuse sizes no Stable Diffusion has, before anything is built from them."""
    for name, value in config.items():
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, bool) or not isinstance(number, int):
                continue
            most = 100 if "layers" in name else 1_000_000
            if not -1 <= number <= most:
                raise ExplainerError(
                    f"{_named(file)} asks for {name} = {number:,}, far beyond any real model.",
                    _again(file),
                )


def _check_family(path: Path, configs: dict[str, Config]) -> None:
    """Refuse U-Nets that want more than latents, a timestep and one prompt."""
    unet, latents = configs["unet"], configs["vae"].get("latent_channels", 4)
    extra = [
        name
        for name in ("addition_embed_type", "encoder_hid_dim_type", "class_embed_type")
        if unet.get(name) is not None
    ]
    if unet.get("time_cond_proj_dim") is not None:
        extra.append("time_cond_proj_dim")
    channels = unet.get("in_channels", latents)
    if channels != latents:
        extra.append(f"in_channels = {channels} for {latents} latent channels")
    if extra:
        raise ExplainerError(
            f"The U-Net of {path.name} wants more than a prompt ({', '.join(extra)}).",
            "Choose a text-to-picture checkpoint of Stable Diffusion 1.x or 2.x.",
        )


def _fingerprint(path: Path, files: list[Path], known: dict[str, str]) -> str:
    whole = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix()
        sha256 = known.get(name) or sha256_of(file)
        blob = file.resolve().name
        # The Hub's cache names each large file by its checksum.
        if file.is_symlink() and len(blob) == 64 and blob != sha256:
            raise ExplainerError(
                f"{_named(file)} is damaged: its checksum is not the Hub's.", _again(file)
            )
        whole.update(f"{name} {sha256}\n".encode())
    return whole.hexdigest()


def _class_name(entry: object) -> str:
    return str(entry[1])[:60] if isinstance(entry, list) and len(entry) == 2 else "missing"


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _again(file: Path) -> str:
    return f"Get the checkpoint again, or put {file.name} back."
