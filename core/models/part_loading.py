"""One network of a checkpoint into memory, from a folder's own files or from a single file."""

import contextlib
import functools
import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from core.errors import ExplainerError
from core.models.building import CLASSES, build_empty, first_line, text_config
from core.models.config_files import kind_of, read_json
from core.models.folders import Folder
from core.models.hardware import is_out_of_memory
from core.models.single_files import Source
from core.models.uncompiled import compiler_left_out
from core.models.weight_files import STEMS, is_renamed_index
from core.words import tr, tr_later

with compiler_left_out():
    from diffusers.utils.logging import disable_progress_bar

TITLES = {
    "unet": "U-Net",
    "text_encoder": tr("text encoder"),
    "text_encoder_2": tr("second text encoder"),
}
disable_progress_bar()  # diffusers' own, which counts shards on the console


def load_part(folder: Folder, part: str, dtype: torch.dtype, device: str) -> Any:  # Any: a network
    """Load one network strictly: every weight must be in the file, in the right shape.

    Args:
        folder: looked over.
        part: of the folder.
        dtype: of the weights in memory.
        device: where they go.

    Raises:
        ExplainerError: the weights do not load, are not all there, or not finite.
    """
    read = _from_folder if folder.single is None else _from_single
    try:
        network, wrong = read(folder, part, dtype)
    except Exception as error:  # the libraries' own, and safetensors', have no type in common
        if is_out_of_memory(error):
            raise
        raise ExplainerError(
            tr(
                "The weights of {part} in {path} do not load: {error}",
                part=part,
                path=folder.path.name,
                error=first_line(error),
            ),
            tr("Get the checkpoint again, or put its {part} back.", part=part),
        ) from error
    if wrong:
        raise ExplainerError(
            tr(
                "The weights of {part} in {path} lack {count} that its config.json "
                "asks for, the first is {first:.80}.",
                part=part,
                path=folder.path.name,
                count=len(wrong),
                first=min(wrong),
            ),
            tr("Get the checkpoint again, or put its {part} back.", part=part),
        )
    for name, weight in network.named_parameters():
        if not weight.isfinite().all():
            text = (
                tr_later(
                    "The weights of {part} in {path} hold numbers that are not finite in half "
                    "precision, the first in {name:.80}."
                )
                if dtype == torch.float16
                else tr_later(
                    "The weights of {part} in {path} hold numbers that are not finite, the first "
                    "in {name:.80}."
                )
            )
            raise ExplainerError(
                tr(text, part=part, path=folder.path.name, name=name),
                tr("Get the checkpoint again, or choose another."),
            )
    if dtype == torch.float16 and part != "vae":  # which is asked again where it overflows
        network.register_forward_hook(functools.partial(_name_overflow, part))
    return network.to(device).eval().requires_grad_(False)


def _from_folder(folder: Folder, part: str, dtype: torch.dtype) -> tuple[Any, list[str]]:
    """Read a part's own files; returns the network and the names of what it lacks."""
    with warnings.catch_warnings(), _shown(folder, part) as (place, variant):
        warnings.simplefilter("ignore")  # of the libraries, about each other
        own = {"config": text_config(folder, part)} if part.startswith("text_encoder") else {}
        network, info = CLASSES[part].from_pretrained(
            place,
            **own,
            local_files_only=True,
            use_safetensors=True,
            variant=variant,
            dtype=dtype,
            output_loading_info=True,
        )
    return network, [str(key) for key in (*info["missing_keys"], *info["mismatched_keys"])]


def _from_single(folder: Folder, part: str, dtype: torch.dtype) -> tuple[Any, list[str]]:
    """Read a part of a single file; returns the network and the names of what it lacks."""
    assert folder.single is not None
    with compiler_left_out():
        network = build_empty(folder, part)
    source = folder.single.sources[part]
    state = _named_as_library(network, source, folder.configs[part])
    wanted = network.state_dict()
    state = {name: state[name].to(dtype) for name in wanted if name in state}
    wrong = [name for name, weight in wanted.items()
             if name not in state or state[name].shape != weight.shape]  # fmt: skip
    if not wrong:
        network.load_state_dict(state, strict=True, assign=True)
        for name, buffer in [*network.named_buffers()]:  # which no file holds
            assert name.endswith("position_ids"), name
            places = torch.arange(buffer.shape[-1]).expand(buffer.shape)
            owner, _, own = name.rpartition(".")
            network.get_submodule(owner).register_buffer(own, places, persistent=False)
    return network, wrong


def _named_as_library(network: Any, source: Source, config: dict[str, Any]) -> dict[str, Tensor]:
    """Read a part's tensors from a single file and give them the names of the library's network.

    The library's own converters do it, told the config: without it they would ask the network.
    """
    with compiler_left_out():  # late: whoever opens folders needs none of them
        from diffusers.loaders.single_file_utils import (
            convert_ldm_unet_checkpoint,
            convert_ldm_vae_checkpoint,
            convert_open_clip_checkpoint,
        )

    prefix = source.prefix
    with safe_open(source.file, framework="pt") as file:
        state = {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
    match source.naming:
        case "ldm_unet":
            return convert_ldm_unet_checkpoint(state, config)
        case "ldm_vae":
            return convert_ldm_vae_checkpoint(state, config)
        case "open_clip":
            state = convert_open_clip_checkpoint(network, state, prefix)
        case _:
            state = {name.removeprefix(prefix): weight for name, weight in state.items()}
    if hasattr(network, "text_model"):  # flat since transformers 5, but for the one that projects
        named = {name.removeprefix("text_model."): weight for name, weight in state.items()}
        return {n if n.startswith("text_proj") else f"text_model.{n}": w for n, w in named.items()}
    return {name.removeprefix("text_model."): weight for name, weight in state.items()}


def _name_overflow(
    part: str,
    _: nn.Module,
    given: tuple[Any, ...],  # Any, twice: what goes into the libraries' networks and comes out
    answer: Any,
) -> None:
    """Say which network left the range of half precision, where nothing infinite went into it."""
    sound = all(one.isfinite().all() for one in given if isinstance(one, Tensor))
    if sound and not answer[0].isfinite().all():
        raise ExplainerError(
            tr(
                "The {part} of this model gave numbers that are not finite in half precision.",
                part=TITLES[part],
            ),
            tr(
                "Lower the guidance, or choose another model. On the CPU it computes in float32: "
                "start "
                "the app with CUDA_VISIBLE_DEVICES= in front."
            ),
        )


@contextlib.contextmanager
def _shown(folder: Folder, part: str) -> Iterator[tuple[Path, str | None]]:
    """Show the library one part under names that it looks for.

    Those are the names in the folder, but for shards as older diffusers named them, an index beside
    one file that holds all, and JSON in anything but plain UTF-8: the weights are then linked to
    from a folder of their own, beside JSON written anew.
    """
    weights, place = folder.weights[part], folder.path / part
    chosen, renamed = weights.chosen, is_renamed_index(weights.chosen)
    told = [place / name for name in ("config.json", chosen.index) if name]
    plain = all(json.detect_encoding(file.read_bytes()) == "utf-8" for file in told)
    stray = not chosen.index and (place / f"{STEMS[kind_of(part)]}.safetensors.index.json").exists()
    if plain and not renamed and not stray:
        yield place, chosen.variant
        return
    with tempfile.TemporaryDirectory() as made:
        for file in told:
            name = f"{STEMS[kind_of(part)]}.safetensors.index.json" if renamed else file.name
            new = Path(made, file.name if file.name == "config.json" else name)
            new.write_text(json.dumps(read_json(file)), encoding="utf-8")
        for name in chosen.files:
            Path(made, name).symlink_to((place / name).resolve())
        yield Path(made), None if renamed else chosen.variant
