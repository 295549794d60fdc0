"""A checkpoint from this machine into memory: safetensors only, no code, no pickle, no network."""

import gc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from core.errors import ExplainerError
from core.models.allocator import give_back
from core.models.building import check_budget
from core.models.catalog import BUILT_IN
from core.models.config_files import own_size, say_unsaid_size, vae_scale
from core.models.fitting import decode_in_tiles, fit_for
from core.models.folders import SECOND, Folder, find_checkpoint, inspect_folder
from core.models.hardware import Hardware, is_out_of_memory
from core.models.part_loading import load_part
from core.models.schedulers.settings import latent_config
from core.models.tokens import load_tokenizer, read_pad_id
from core.words import tr


@dataclass(frozen=True, slots=True)
class Reader:
    """A text encoder with what makes token ids for it.

    Attributes:
        encoder: CLIPTextModel, or CLIPTextModelWithProjection.
        tokenizer: safe to share between threads.
        pad_id: the token id that fills a prompt up.
    """

    encoder: Any  # Any: as in ``Checkpoint``
    tokenizer: Tokenizer
    pad_id: int


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
        device: where the networks are.
        dtype: the type of their weights.
        second: the second text encoder, which Stable Diffusion XL has; None elsewhere.
        empty_is_zero: whether no negative prompt means text states of zeros.
        blanks: what an inpainting U-Net is told of the picture in a plain run, by its size; filled
            as it is asked for.
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
    second: Reader | None = None
    empty_is_zero: bool = False
    blanks: dict[torch.Size, Tensor] = field(default_factory=dict, repr=False, compare=False)

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
        """Layers of the text encoder that can be skipped at the end."""
        layers = self.text_encoder.config.num_hidden_layers
        return layers if self.second is None else layers - 1  # one is skipped always

    @property
    def text_length(self) -> int:
        """Tokens the text encoder reads, 77."""
        return self.text_encoder.config.max_position_embeddings


def load_checkpoint(
    model_id: str = BUILT_IN, hardware: Hardware | None = None, tiles: bool = False
) -> Checkpoint:
    """Load a model that is on this machine.

    Args:
        model_id: an id of the catalog.
        hardware: what to compute on; where None, it is decided by the memory that is free.
        tiles: whether the autoencoder decodes in tiles.

    Returns:
        The model, in evaluation mode, its weights frozen.

    Raises:
        ExplainerError: the id is unknown, the model is not here, damaged, of another kind, or too
            large for the machine.
    """
    entry, folder = find_checkpoint(model_id)
    file = Path(entry.source) if entry.kind == "file" else None
    if hardware is None:
        found = fit_for(model_id)
        hardware, tiles = found.hardware, found.tiles
    checkpoint = load_folder(entry.id, folder, hardware, file)
    if tiles:
        decode_in_tiles(checkpoint.vae, (checkpoint.height, checkpoint.width))
    return checkpoint


def load_folder(
    model_id: str, path: Path, hardware: Hardware, file: Path | None = None
) -> Checkpoint:
    """Load a checkpoint folder in diffusers format.

    Args:
        model_id: the name it goes by.
        path: the folder.
        hardware: what to compute on.
        file: the single file that holds the weights; the folder then holds its configs alone.

    Raises:
        ExplainerError: the folder is damaged, of another kind, or too large for the machine.
    """
    folder = inspect_folder(path, file)
    dtype = getattr(torch, hardware.dtype)
    check_budget(folder, dtype, hardware)
    tokenizers = [load_tokenizer(path / name) for name in _tokenizers(folder)]
    for tokenizer, part in zip(tokenizers, _readers(folder), strict=True):
        _check_vocabulary(folder, part, tokenizer)
    try:
        networks = {part: load_part(folder, part, dtype, hardware.device) for part in folder.parts}
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ExplainerError(
            tr(
                "There is not enough memory on {hardware} for {model_id}.",
                hardware=hardware.name,
                model_id=model_id,
            ),
            tr("Close other programs, or choose a smaller model."),
        ) from error
    first, *others = (
        Reader(networks[part], tokenizer, read_pad_id(path / name, tokenizer))
        for part, name, tokenizer in zip(
            _readers(folder), _tokenizers(folder), tokenizers, strict=True
        )
    )
    checkpoint = Checkpoint(
        id=model_id,
        fingerprint=folder.fingerprint,
        unet=networks["unet"],
        vae=networks["vae"],
        text_encoder=first.encoder,
        tokenizer=first.tokenizer,
        pad_id=first.pad_id,
        scheduler_config=latent_config(folder.configs["scheduler"]),
        device=torch.device(hardware.device),
        dtype=dtype,
        second=others[0] if others else None,
        empty_is_zero=folder.empty_is_zero,
    )
    # Hundreds of thousands of objects that live as long as the app: the collector need not walk
    # them at every rerun of every page. Thawed first, so that an older model can go.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    give_back()
    return checkpoint


def _readers(folder: Folder) -> list[str]:
    return [part for part in folder.parts if part.startswith("text_encoder")]


def _tokenizers(folder: Folder) -> list[str]:
    return ["tokenizer", "tokenizer_2"] if SECOND in folder.parts else ["tokenizer"]


def _check_vocabulary(folder: Folder, part: str, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer with more tokens than the text encoder has vectors for."""
    known = folder.configs[part].get("vocab_size", 49408)
    most = max(tokenizer.get_vocab(with_added_tokens=True).values())
    if most >= known:
        raise ExplainerError(
            tr(
                "The tokenizer of {path} has token {most:,}, and {part}/config.json "
                "has vocab_size = {known:,}; more than {most:,} was expected.",
                path=folder.path.name,
                most=most,
                part=part,
                known=known,
            ),
            tr("The two are of different checkpoints: get it again."),
        )
