"""A checkpoint folder is looked over before anything in it is loaded; imports no torch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, CatalogEntry, find_entry, local_folder
from core.models.config_files import (
    LARGEST_FILE,
    Config,
    again,
    config_file,
    named,
    read_config,
    read_json,
)
from core.models.manifest import MANIFEST, sha256_of, verify_manifest
from core.models.weight_files import Weights, find_weights

PARTS = {  # what the pipeline is made of, and the only classes that are ever built
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A checkpoint whose files are all there and whole.

    Attributes:
        path: the folder.
        configs: config of "unet", "vae", "text_encoder" and "scheduler".
        weights: of "unet", "vae" and "text_encoder".
        fingerprint: one sha256 over every file that is loaded.
    """

    path: Path
    configs: dict[str, Config]
    weights: dict[str, Weights]
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
            "The built-in model's weights are missing from core/weights.",
            "Put the folder back as it came: git checkout, or a fresh download.",
        )
    if folder is None and entry.kind == "folder":
        raise ExplainerError(
            f"The folder {entry.title} that was offered holds no model that can be read.",
            "Whoever started the app named it in GLASSBOX_FOLDERS: look at its name and rights.",
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
    configs = {part: read_config(path, part) for part in (*PARTS, "scheduler")}
    _check_family(path, configs)
    weights = {part: find_weights(path / part) for part in PARTS}
    files = [
        config_file(path, "scheduler"),
        *(config_file(path, part) for part in PARTS),
        *_tokenizer_files(path / "tokenizer"),
        *(file for part in PARTS for file in weights[part].paths),
    ]
    return Folder(path, configs, weights, _fingerprint(path, files, known))


def _tokenizer_files(folder: Path) -> list[Path]:
    """Return what is read of a tokenizer: plain files, none of those that begin with a dot."""
    try:
        files = {file: file.stat().st_size for file in folder.glob("[!.]*") if file.is_file()}
    except OSError as error:
        raise ExplainerError(f"{named(folder)} cannot be read.", again(folder)) from error
    for file, size in files.items():
        if size > LARGEST_FILE:
            raise ExplainerError(
                f"{named(file)} has {size:,} bytes; {LARGEST_FILE:,} at most were expected.",
                again(file),
            )
    return sorted(files)


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
    read, width = (
        unet.get("cross_attention_dim", 1280),
        configs["text_encoder"].get("hidden_size", 512),
    )
    if any(one != width for one in (read if isinstance(read, list) else [read])):
        raise ExplainerError(
            f"unet/config.json has cross_attention_dim = {read}; {width} was expected, the "
            "hidden_size of text_encoder/config.json.",
            f"The two are of different checkpoints: get {path.name} again.",
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
                f"{named(file)} is damaged: its checksum is not the Hub's.", again(file)
            )
        whole.update(f"{name} {sha256}\n".encode())
    return whole.hexdigest()


def _class_name(entry: object) -> str:
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str):
        return entry[1][:60]
    return "missing"
