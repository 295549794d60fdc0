"""A checkpoint folder is looked over before anything in it is loaded; imports no torch."""

import hashlib
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, LOCAL, CatalogEntry, find_entry, local_folder
from core.models.config_files import (
    LARGEST_FILE,
    Config,
    again,
    config_file,
    named,
    read_config,
    read_json,
    unreadable,
)
from core.models.manifest import MANIFEST, sha256_of, verify_manifest
from core.models.single_files import Single, read_single
from core.models.weight_files import Weights, find_weights
from core.words import tr

PARTS = {  # what the pipeline is made of, and the only classes that are ever built
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
}


SECOND = "text_encoder_2"  # of Stable Diffusion XL alone
SECOND_CLASS = ("transformers", "CLIPTextModelWithProjection")


@dataclass(frozen=True, slots=True)
class Folder:
    """A checkpoint whose files are all there and whole.

    Attributes:
        path: the folder; of a single file the one that holds its configs.
        configs: config of "unet", "vae", "text_encoder", "scheduler", and "text_encoder_2" where
            there is one.
        weights: of each network; empty for a single file.
        fingerprint: one sha256 over every file that is loaded.
        single: the file that holds all weights, None where each part has its own.
        empty_is_zero: whether no negative prompt means text states of zeros.
    """

    path: Path
    configs: dict[str, Config]
    weights: dict[str, Weights]
    fingerprint: str
    single: Single | None = None
    empty_is_zero: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """Its networks."""
        return tuple(part for part in self.configs if part != "scheduler")


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
            tr("The built-in model's weights are missing from core/weights."),
            tr("Put the folder back as it came: git checkout, or a fresh download."),
        )
    if folder is None and entry.kind in LOCAL:
        raise ExplainerError(
            tr(
                "The folder {title} that was offered holds no model that can be read.",
                title=entry.title,
            )
            if entry.kind == "folder"
            else tr(
                "The file {title} that was offered holds no model that can be read.",
                title=entry.title,
            ),
            tr(
                "Whoever started the app named it in GLASSBOX_FOLDERS or added it: look at its "
                "name "
                "and rights."
            ),
        )
    if folder is None:
        raise ExplainerError(
            tr("{title} is not on this machine.", title=entry.title),
            tr(
                "Run `GLASSBOX_ONLINE=1 python -m core models --get {id}` once, or choose "
                "{built_in}.",
                id=entry.id,
                built_in=BUILT_IN,
            ),
        )
    if entry.kind == "built-in" and not (folder / MANIFEST).is_file():
        raise ExplainerError(
            tr(
                "{manifest} of the built-in model is missing, so its weights cannot be trusted.",
                manifest=MANIFEST,
            ),
            tr("Put the folder back as it came: git checkout, or a fresh download."),
        )
    return entry, folder


def inspect_folder(path: Path, file: Path | None = None) -> Folder:
    """Check that a folder holds a whole Stable Diffusion checkpoint of a size that can be loaded.

    Args:
        path: a checkpoint in diffusers format. Where it has a manifest, every file is verified.
        file: the single file that holds the weights; the folder then holds its configs alone.

    Returns:
        Its configs, which weights to load, and its fingerprint.

    Raises:
        ExplainerError: something is missing, damaged, of another kind or too large; says which.
    """
    index = read_json(path / "model_index.json")
    parts = parts_of(path, index)
    known = verify_manifest(path) if (path / MANIFEST).is_file() else {}
    configs = {part: read_config(path, part) for part in (*parts, "scheduler")}
    _check_family(path, configs)
    single = read_single(file) if file else None
    weights = {} if single else {part: find_weights(path / part) for part in parts}
    files = [
        config_file(path, "scheduler"),
        *(config_file(path, part) for part in parts),
        *_tokenizer_files(path / "tokenizer"),
        *(_tokenizer_files(path / "tokenizer_2") if SECOND in parts else ()),
        *(file for part in weights for file in weights[part].paths),
    ]
    fingerprint = _fingerprint(path, files, known)
    if single:
        whole = " ".join((fingerprint, *map(sha256_of, single.files)))
        fingerprint = hashlib.sha256(whole.encode()).hexdigest()
    return Folder(path, configs, weights, fingerprint, single, is_empty_zero(index))


def is_empty_zero(index: Config) -> bool:
    """Whether no negative prompt means text states of zeros, as in Stable Diffusion XL.

    Args:
        index: the checkpoint's model_index.json.
    """
    return has_second(index) and index.get("force_zeros_for_empty_prompt", True) is True


def has_second(index: Config) -> bool:
    """Whether a checkpoint has a second text encoder.

    Args:
        index: its model_index.json.
    """
    return index.get(SECOND, [None, None]) != [None, None]


def parts_of(path: Path, index: Config) -> tuple[str, ...]:
    """Return the networks of a checkpoint; refuse one that has others than those built here.

    Args:
        path: the folder.
        index: its model_index.json.

    Raises:
        ExplainerError: a network is of another class, or missing.
    """
    expected = dict(PARTS)
    if has_second(index):
        expected[SECOND] = SECOND_CLASS
    for part, right in expected.items():
        if index.get(part) != list(right):
            raise ExplainerError(
                tr(
                    "{path} is not a checkpoint of Stable Diffusion 1, 2 or XL: its {part} is "
                    "{found}, {expected} was expected.",
                    path=path.name,
                    part=part,
                    found=_class_name(index.get(part)),
                    expected=right[1],
                ),
                tr("Choose a checkpoint of that family."),
            )
    return tuple(expected)


def _tokenizer_files(folder: Path) -> list[Path]:
    """Return what is read of a tokenizer: plain files, none of those that begin with a dot."""
    try:
        files = {file: file.stat().st_size for file in folder.glob("[!.]*") if file.is_file()}
    except OSError as error:
        raise unreadable(folder) from error
    for file, size in files.items():
        if size > LARGEST_FILE:
            raise ExplainerError(
                tr(
                    "{file} has {size:,} bytes; {most:,} at most were expected.",
                    file=named(file),
                    size=size,
                    most=LARGEST_FILE,
                ),
                again(file),
            )
    return sorted(files)


def _check_family(path: Path, configs: dict[str, Config]) -> None:
    """Refuse U-Nets that want more than latents, a timestep, a prompt, and what is masked."""
    unet, latents = configs["unet"], configs["vae"].get("latent_channels", 4)
    extra = [
        name
        for name in ("encoder_hid_dim_type", "class_embed_type", "time_cond_proj_dim")
        if unet.get(name) is not None
    ]
    channels = unet.get("in_channels", latents)
    if channels not in (latents, 2 * latents + 1):
        extra.append(
            tr(
                "in_channels = {channels} for {latents} latent channels",
                channels=channels,
                latents=latents,
            )
        )
    if (unet.get("addition_embed_type") is None) is (SECOND in configs):
        extra.append(f"addition_embed_type = {unet.get('addition_embed_type')}")
    if extra:
        raise ExplainerError(
            tr(
                "The U-Net of {path} wants more than a prompt ({extra}).",
                path=path.name,
                extra=", ".join(extra),
            ),
            tr("Choose a text-to-picture checkpoint of Stable Diffusion 1, 2 or XL."),
        )
    _check_widths(path, configs)


def _check_widths(path: Path, configs: dict[str, Config]) -> None:
    """Refuse a U-Net that reads other text states than the text encoders give."""
    unet, readers = configs["unet"], [part for part in configs if part.startswith("text_encoder")]
    read = unet.get("cross_attention_dim", 1280)
    width = sum(configs[part].get("hidden_size", 512) for part in readers)
    if any(one != width for one in (read if isinstance(read, list) else [read])):
        raise ExplainerError(
            tr(
                "unet/config.json has cross_attention_dim = {read}; {width} was expected, the "
                "hidden_size of {readers}.",
                read=read,
                width=width,
                readers=reduce(_and, (f"{part}/config.json" for part in readers)),
            ),
            tr("The two are of different checkpoints: get {path} again.", path=path.name),
        )
    if SECOND in configs:
        sizes = 6 * (unet.get("addition_time_embed_dim") or 0)
        wanted = configs[SECOND].get("projection_dim", 512) + sizes
        found = unet.get("projection_class_embeddings_input_dim")
        if found != wanted:
            raise ExplainerError(
                tr(
                    "unet/config.json has projection_class_embeddings_input_dim = {found}; "
                    "{wanted} "
                    "was expected, the pooled text and six sizes.",
                    found=found,
                    wanted=wanted,
                ),
                tr("The two are of different checkpoints: get {path} again.", path=path.name),
            )


def _and(first: str, last: str) -> str:
    return tr("{first} and {last}", first=first, last=last)


def _fingerprint(path: Path, files: list[Path], known: dict[str, str]) -> str:
    whole = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix()
        sha256 = known.get(name) or sha256_of(file)
        blob = file.resolve().name
        # The Hub's cache names each large file by its checksum.
        if file.is_symlink() and len(blob) == 64 and blob != sha256:
            raise ExplainerError(
                tr("{file} is damaged: its checksum is not the Hub's.", file=named(file)),
                again(file),
            )
        whole.update(f"{name} {sha256}\n".encode())
    return whole.hexdigest()


def _class_name(entry: object) -> str:
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str):
        return entry[1][:60]
    return tr("missing")
