"""A checkpoint from a folder into memory: safetensors only, no code, no pickle, no network."""

import contextlib
import functools
import gc
import json
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from core.errors import ExplainerError
from core.models.allocator import give_back
from core.models.catalog import BUILT_IN
from core.models.config_files import (
    RULES,
    Config,
    own_size,
    read_json,
    say_unsaid_size,
    vae_scale,
)
from core.models.folders import PARTS, Folder, find_checkpoint, inspect_folder
from core.models.hardware import Hardware, find_hardware, is_out_of_memory
from core.models.schedulers.settings import latent_config
from core.models.tokens import load_tokenizer, read_pad_id
from core.models.uncompiled import compiler_left_out
from core.models.weight_files import MOST_PARAMETERS, STEMS, is_renamed_index

with compiler_left_out():
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.utils.logging import disable_progress_bar
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

TITLES = {"unet": "U-Net", "text_encoder": "text encoder"}
disable_progress_bar()  # diffusers' own, which counts shards on the console


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Stable Diffusion model in memory; read-only and shared by all runs.

    Attributes:
        id: its name in the catalog.
        fingerprint: sha256 over every file it was loaded from.
        unet: UNet2DConditionModel; predicts noise (or v) from latents, timestep and text states.
        vae: AutoencoderKL; turns pictures into latents and back.
        text_encoder: CLIPTextModel; turns token ids into text states.
        tokenizer: safe to share between threads.
        pad_id: the token id that fills a prompt up to ``text_length``.
        scheduler_config: what every scheduler of this model is built from.
        device: where the three networks are.
        dtype: the type of their weights.
    """

    id: str
    fingerprint: str
    unet: Any  # Any, three times: the library's stubs take configs for plain dicts
    vae: Any
    text_encoder: Any
    tokenizer: Tokenizer
    pad_id: int
    scheduler_config: dict[str, Any]  # Any: what JSON holds
    device: torch.device
    dtype: torch.dtype

    @property
    def latent_channels(self) -> int:
        """Channels of a latent."""
        return self.vae.config.latent_channels

    @property
    def vae_scale(self) -> int:
        """Pixels per latent position, each way."""
        return vae_scale(self.vae.config)

    @property
    def height(self) -> int:
        """Pixels the model was trained on, downwards."""
        return own_size(self.unet.config, self.vae.config)[0] * self.vae_scale

    @property
    def width(self) -> int:
        """Pixels the model was trained on, across."""
        return own_size(self.unet.config, self.vae.config)[1] * self.vae_scale

    @property
    def size_note(self) -> str:
        """What to know of ``height`` and ``width``; "" where the U-Net's config says them."""
        return say_unsaid_size(self.unet.config, self.vae.config)

    @property
    def scaling_factor(self) -> float:
        """What latents are multiplied with to have about unit variance."""
        return float(self.vae.config.scaling_factor)

    @property
    def shift_factor(self) -> float:
        """What is taken from latents before they are scaled."""
        return float(self.vae.config.shift_factor or 0.0)

    @property
    def prediction_type(self) -> str:
        """What the U-Net predicts: "epsilon", "v_prediction" or "sample"."""
        return self.scheduler_config.get("prediction_type", "epsilon")

    @property
    def clip_layers(self) -> int:
        """Layers of the text encoder."""
        return self.text_encoder.config.num_hidden_layers

    @property
    def text_length(self) -> int:
        """Tokens the text encoder reads, 77."""
        return self.text_encoder.config.max_position_embeddings


def load_checkpoint(model_id: str = BUILT_IN, hardware: Hardware | None = None) -> Checkpoint:
    """Load a model that is on this machine.

    Args:
        model_id: an id of the catalog.
        hardware: what to compute on; found out where None.

    Returns:
        The model, in evaluation mode, its weights frozen.

    Raises:
        ExplainerError: the id is unknown, the model is not here, damaged, of another kind, or too
            large for the machine.
    """
    entry, folder = find_checkpoint(model_id)
    return load_folder(entry.id, folder, hardware or find_hardware())


def load_folder(model_id: str, path: Path, hardware: Hardware) -> Checkpoint:
    """Load a checkpoint folder in diffusers format.

    Args:
        model_id: the name it goes by.
        path: the folder.
        hardware: what to compute on.

    Raises:
        ExplainerError: the folder is damaged, of another kind, or too large for the machine.
    """
    folder = inspect_folder(path)
    dtype = getattr(torch, hardware.dtype)
    _check_budget(folder, dtype, hardware)
    tokenizer = load_tokenizer(path / "tokenizer")
    _check_vocabulary(folder, tokenizer)
    try:
        checkpoint = Checkpoint(
            id=model_id,
            fingerprint=folder.fingerprint,
            unet=_load_part(UNet2DConditionModel, folder, "unet", dtype, hardware.device),
            vae=_load_part(AutoencoderKL, folder, "vae", dtype, hardware.device),
            text_encoder=_load_part(CLIPTextModel, folder, "text_encoder", dtype, hardware.device),
            tokenizer=tokenizer,
            pad_id=read_pad_id(path / "tokenizer", tokenizer),
            scheduler_config=latent_config(folder.configs["scheduler"]),
            device=torch.device(hardware.device),
            dtype=dtype,
        )
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ExplainerError(
            f"There is not enough memory on {hardware.name} for {model_id}.",
            "Close other programs, or choose a smaller model.",
        ) from error
    # Hundreds of thousands of objects that live as long as the app: the collector need not walk
    # them at every rerun of every page. Thawed first, so that an older model can go.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    give_back()
    return checkpoint


@compiler_left_out()
def _check_budget(folder: Folder, dtype: torch.dtype, hardware: Hardware) -> None:
    """Build each part without memory, count its weights and try it, before any is loaded."""
    networks = {part: _build_empty(folder, part) for part in PARTS}
    total = sum(weight.numel() for net in networks.values() for weight in net.parameters())
    needed = total * dtype.itemsize
    if total > MOST_PARAMETERS or (hardware.memory_bytes and needed > hardware.memory_bytes):
        raise ExplainerError(
            f"{folder.path.name} has {total:,} weights, {needed / 1024**3:.1f} GiB; "
            f"{hardware.name} has {hardware.memory_bytes / 1024**3:.1f} GiB.",
            "Choose a smaller model.",
        )
    for part, network in networks.items():
        _rehearse(folder, part, network)


def _build_empty(folder: Folder, part: str) -> Any:  # Any: the three classes share only nn.Module
    """Build one network from its config without any memory for its weights."""
    config = folder.configs[part]
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, about each other
            if part == "text_encoder":
                return CLIPTextModel(_text_config(config)).eval()
            kind: Any = UNet2DConditionModel if part == "unet" else AutoencoderKL
            return kind.from_config(config).eval()
    except Exception as error:  # whatever a config makes the libraries raise
        raise _unbuilt(folder, part, error) from error


def _text_config(config: Config) -> CLIPTextConfig:
    """Return a text encoder's config with the settings that are checked, and no others.

    What serves other kinds of models is left out: ``num_labels`` alone can fill the memory.
    """
    return CLIPTextConfig(
        **{name: config[name] for name in RULES["text_encoder"] if name in config}
    )


@torch.inference_mode()
def _rehearse(folder: Folder, part: str, network: Any) -> None:  # Any: as above
    """Ask a network once with tensors that have shapes and no numbers, as a run would."""
    channels = folder.configs["vae"].get("latent_channels", 4)
    text = folder.configs["text_encoder"]
    length, width = text.get("max_position_embeddings", 77), text.get("hidden_size", 512)
    side = 2 ** len(folder.configs["unet"].get("block_out_channels", range(4)))
    latents = torch.empty(1, channels, side, side, device="meta")
    scale = vae_scale(folder.configs["vae"])
    picture = torch.empty(1, 3, side * scale, side * scale, device="meta")
    try:
        if part == "text_encoder":
            ids = torch.zeros(1, length, dtype=torch.int64, device="meta")
            shapes = [(network(input_ids=ids).last_hidden_state, (1, length, width))]
        elif part == "unet":
            states = torch.empty(1, length, width, device="meta")
            t = torch.zeros(1, device="meta")
            shapes = [(network(latents, t, encoder_hidden_states=states).sample, latents.shape)]
        else:
            seen = network.encode(picture).latent_dist.mean
            shapes = [(seen, latents.shape), (network.decode(latents).sample, picture.shape)]
        for found, expected in shapes:
            if found.shape != expected:
                raise ValueError(f"it gives {tuple(found.shape)}, {tuple(expected)} was expected")
    except Exception as error:  # as above
        raise _unbuilt(folder, part, error) from error


def _unbuilt(folder: Folder, part: str, error: Exception) -> ExplainerError:
    return ExplainerError(
        f"No {part} that runs can be built from {part}/config.json in {folder.path.name}: "
        f"{_first_line(error)}",
        "Get the checkpoint again, or put config.json back.",
    )


def _check_vocabulary(folder: Folder, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer with more tokens than the text encoder has vectors for."""
    known = folder.configs["text_encoder"].get("vocab_size", 49408)
    most = max(tokenizer.get_vocab(with_added_tokens=True).values())
    if most >= known:
        raise ExplainerError(
            f"The tokenizer of {folder.path.name} has token {most:,}, and text_encoder/config.json "
            f"has vocab_size = {known:,}; more than {most:,} was expected.",
            "The two are of different checkpoints: get it again.",
        )


def _load_part(
    network_class: Any,  # Any: diffusers' and transformers' classes share only from_pretrained
    folder: Folder,
    part: str,
    dtype: torch.dtype,
    device: str,
) -> Any:  # Any: an instance of it
    """Load one network strictly: every weight must be in the file, in the right shape."""
    try:
        with warnings.catch_warnings(), _shown(folder, part) as (place, variant):
            warnings.simplefilter("ignore")  # of the libraries, about each other
            own = {"config": _text_config(folder.configs[part])} if part == "text_encoder" else {}
            network, info = network_class.from_pretrained(
                place,
                **own,
                local_files_only=True,
                use_safetensors=True,
                variant=variant,
                dtype=dtype,
                output_loading_info=True,
            )
    except Exception as error:  # the libraries' own, and safetensors', have no type in common
        if is_out_of_memory(error):
            raise
        raise ExplainerError(
            f"The weights of {part} in {folder.path.name} do not load: {_first_line(error)}",
            f"Get the checkpoint again, or put its {part} folder back.",
        ) from error
    wrong = sorted(str(key) for key in (*info["missing_keys"], *info["mismatched_keys"]))
    if wrong:
        raise ExplainerError(
            f"The weights of {part} in {folder.path.name} lack {len(wrong)} that its config.json "
            f"asks for, the first is {wrong[0]:.80}.",
            f"Get the checkpoint again, or put its {part} folder back.",
        )
    for name, weight in network.named_parameters():
        if not weight.isfinite().all():
            half = " in half precision" if dtype == torch.float16 else ""
            raise ExplainerError(
                f"The weights of {part} in {folder.path.name} hold numbers that are not "
                f"finite{half}, the first in {name:.80}.",
                "Get the checkpoint again, or choose another.",
            )
    if dtype == torch.float16 and part != "vae":  # which is asked again where it overflows
        network.register_forward_hook(functools.partial(_name_overflow, part))
    return network.to(device).eval().requires_grad_(False)


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
            f"The {TITLES[part]} of this model gave numbers that are not finite in half precision.",
            "Lower the guidance, or choose another model. On the CPU it computes in float32: start "
            "the app with CUDA_VISIBLE_DEVICES= in front.",
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
    stray = not chosen.index and (place / f"{STEMS[part]}.safetensors.index.json").exists()
    if plain and not renamed and not stray:
        yield place, chosen.variant
        return
    with tempfile.TemporaryDirectory() as made:
        for file in told:
            name = f"{STEMS[part]}.safetensors.index.json" if renamed else file.name
            new = Path(made, file.name if file.name == "config.json" else name)
            new.write_text(json.dumps(read_json(file)), encoding="utf-8")
        for name in chosen.files:
            Path(made, name).symlink_to((place / name).resolve())
        yield Path(made), None if renamed else chosen.variant


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no reason given").splitlines()[0][:160]
