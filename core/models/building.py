"""Networks are built without memory, counted and asked once, before any weight is read."""

import warnings
from typing import Any

import torch

from core.errors import ExplainerError
from core.models.conditions import given
from core.models.config_files import RULES, kind_of, vae_scale
from core.models.folders import SECOND, Folder
from core.models.hardware import Hardware
from core.models.uncompiled import compiler_left_out
from core.models.weight_files import MOST_PARAMETERS
from core.words import tr

with compiler_left_out():
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

CLASSES: dict[str, Any] = {  # Any: they share only nn.Module and from_pretrained
    "unet": UNet2DConditionModel,
    "vae": AutoencoderKL,
    "text_encoder": CLIPTextModel,
    SECOND: CLIPTextModelWithProjection,
}


@compiler_left_out()
def check_budget(folder: Folder, dtype: torch.dtype, hardware: Hardware) -> None:
    """Build each part without memory, count its weights and try it, before any is loaded.

    Args:
        folder: looked over.
        dtype: of the weights in memory.
        hardware: what they must fit into.

    Raises:
        ExplainerError: they do not fit, or a part cannot be built or asked.
    """
    networks = {part: build_empty(folder, part) for part in folder.parts}
    total = sum(weight.numel() for net in networks.values() for weight in net.parameters())
    needed = total * dtype.itemsize
    if total > MOST_PARAMETERS or (hardware.memory_bytes and needed > hardware.memory_bytes):
        raise ExplainerError(
            tr(
                "{path} has {total:,} weights, {needed:.1f} GiB; "
                "{hardware} has {memory_bytes:.1f} GiB.",
                path=folder.path.name,
                total=total,
                needed=needed / 1024**3,
                hardware=hardware.name,
                memory_bytes=hardware.memory_bytes / 1024**3,
            ),
            tr("Choose a smaller model."),
        )
    for part, network in networks.items():
        _rehearse(folder, part, network)


def build_empty(folder: Folder, part: str) -> Any:  # Any: the classes share only nn.Module
    """Build one network from its config without any memory for its weights.

    Args:
        folder: looked over.
        part: of the folder.

    Raises:
        ExplainerError: it cannot be built.
    """
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, about each other
            if part.startswith("text_encoder"):
                return CLASSES[part](text_config(folder, part)).eval()
            return CLASSES[part].from_config(folder.configs[part]).eval()
    except Exception as error:  # whatever a config makes the libraries raise
        raise _unbuilt(folder, part, error) from error


def text_config(folder: Folder, part: str) -> CLIPTextConfig:
    """Return a text encoder's config with the settings that are checked, and no others.

    What serves other kinds of models is left out: ``num_labels`` alone can fill the memory.

    Args:
        folder: looked over.
        part: "text_encoder" or "text_encoder_2".
    """
    config = folder.configs[part]
    return CLIPTextConfig(**{name: config[name] for name in RULES[kind_of(part)] if name in config})


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return (str(error).strip() or tr("no reason given")).splitlines()[0][:160]


@torch.inference_mode()
def _rehearse(folder: Folder, part: str, network: Any) -> None:  # Any: as above
    """Ask a network once with tensors that have shapes and no numbers, as a run would."""
    unet, channels = folder.configs["unet"], folder.configs["vae"].get("latent_channels", 4)
    side = 2 ** len(unet.get("block_out_channels", range(4)))
    scale = vae_scale(folder.configs["vae"])
    picture = torch.empty(1, 3, side * scale, side * scale, device="meta")
    latents = torch.empty(1, channels, side, side, device="meta")
    try:
        if part.startswith("text_encoder"):
            config = folder.configs[part]
            length = config.get("max_position_embeddings", 77)
            ids = torch.zeros(1, length, dtype=torch.int64, device="meta")
            found = network(input_ids=ids).last_hidden_state
            shapes = [(found, (1, length, config.get("hidden_size", 512)))]
        elif part == "unet":
            told = given(network, _states(folder), (side * scale, side * scale))
            wide = torch.empty(1, network.config.in_channels, side, side, device="meta")
            found = network(wide, torch.zeros(1, device="meta"), **told).sample
            shapes = [(found, latents.shape)]
        else:
            seen = network.encode(picture).latent_dist.mean
            shapes = [(seen, latents.shape), (network.decode(latents).sample, picture.shape)]
        for found, expected in shapes:
            if found.shape != expected:
                raise ValueError(f"it gives {tuple(found.shape)}, {tuple(expected)} was expected")
    except Exception as error:  # as above
        raise _unbuilt(folder, part, error) from error


def _states(folder: Folder) -> torch.Tensor:
    """Return text states as a run of this checkpoint has them, with shapes alone."""
    texts = [folder.configs[part] for part in folder.parts if part.startswith("text_encoder")]
    length = texts[0].get("max_position_embeddings", 77) + (SECOND in folder.parts)
    width = sum(text.get("hidden_size", 512) for text in texts)
    return torch.empty(1, length, width, device="meta")


def _unbuilt(folder: Folder, part: str, error: Exception) -> ExplainerError:
    return ExplainerError(
        tr(
            "No {part} that runs can be built from {part}/config.json in {path}: {error}",
            part=part,
            path=folder.path.name,
            error=first_line(error),
        ),
        tr("Get the checkpoint again, or put config.json back."),
    )
