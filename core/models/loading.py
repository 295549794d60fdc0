"""A checkpoint from a folder into memory: safetensors only, no code, no pickle, no network."""

import gc
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from tokenizers import Tokenizer
from torch import nn
from transformers.models.clip.configuration_clip import CLIPTextConfig
from transformers.models.clip.modeling_clip import CLIPTextModel

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN
from core.models.folders import MOST_PARAMETERS, PARTS, Folder, find_checkpoint, inspect_folder
from core.models.hardware import Hardware, find_hardware
from core.models.schedulers import latent_config
from core.models.tokens import load_tokenizer, read_pad_id


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
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    @property
    def height(self) -> int:
        """Pixels the model was trained on, downwards."""
        size = self.unet.config.sample_size
        return (size if isinstance(size, int) else size[0]) * self.vae_scale

    @property
    def width(self) -> int:
        """Pixels the model was trained on, across."""
        size = self.unet.config.sample_size
        return (size if isinstance(size, int) else size[1]) * self.vae_scale

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
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ExplainerError(
            f"There is not enough memory on {hardware.name} for {model_id}.",
            "Close other programs, or choose a smaller model.",
        ) from error
    # Hundreds of thousands of objects that live as long as the app: the collector need not walk
    # them at every rerun of every page. Thawed first, so that an older model can go.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    return checkpoint


def _check_budget(folder: Folder, dtype: torch.dtype, hardware: Hardware) -> None:
    """Build each part without memory and count its weights before any is loaded."""
    total = 0
    for part in PARTS:
        try:
            network = _build_empty(part, folder.configs[part])
        except (RuntimeError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
            raise ExplainerError(
                f"No {part} can be built from {part}/config.json in {folder.path.name}: "
                f"{error!s:.120}",
                "Get the checkpoint again, or put config.json back.",
            ) from error
        total += sum(weight.numel() for weight in network.parameters())
    needed = total * dtype.itemsize
    if total > MOST_PARAMETERS or (hardware.memory_bytes and needed > hardware.memory_bytes):
        raise ExplainerError(
            f"{folder.path.name} has {total:,} weights, {needed / 1024**3:.1f} GiB; "
            f"{hardware.name} has {hardware.memory_bytes / 1024**3:.1f} GiB.",
            "Choose a smaller model.",
        )


def _build_empty(part: str, config: dict[str, Any]) -> nn.Module:  # Any: what JSON holds
    """Build one network from its config without any memory for its weights."""
    built: Any  # Any: from_config is typed to return a tuple as well
    with torch.device("meta"):
        if part == "text_encoder":
            return CLIPTextModel(CLIPTextConfig(**config))
        built = (UNet2DConditionModel if part == "unet" else AutoencoderKL).from_config(config)
    return built


def _load_part(
    network_class: Any,  # Any: diffusers' and transformers' classes share only from_pretrained
    folder: Folder,
    part: str,
    dtype: torch.dtype,
    device: str,
) -> Any:  # Any: an instance of it
    """Load one network strictly: every weight must be in the file, in the right shape."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, about each other
            network, info = network_class.from_pretrained(
                folder.path / part,
                local_files_only=True,
                use_safetensors=True,
                variant=folder.variants[part],
                dtype=dtype,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if isinstance(error, torch.OutOfMemoryError):
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
    return network.to(device).eval().requires_grad_(False)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
