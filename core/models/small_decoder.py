"""The small decoder that ships: which autoencoder it answers for, and its answers."""

import hashlib
import json
import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from core.errors import ExplainerError
from core.models.catalog import ROOT
from core.models.latents import check_finite, to_bytes
from core.models.manifest import read_weights
from core.nets.small_decoder import SmallDecoder, SmallDecoderConfig

if TYPE_CHECKING:
    from core.models.loading import Checkpoint

LOG = logging.getLogger(__name__)
FOLDER = ROOT / "core" / "weights" / "frames128"
NAME, CONFIG = "small_decoder", "config.json"
WEIGHTS = f"{NAME}.safetensors"
LEARNED_FROM = "autoencoder"  # in the config: the digest of the weights that it answers as


def find_small_decoder(checkpoint: "Checkpoint", folder: Path = FOLDER) -> SmallDecoder | None:
    """Return the small decoder of a checkpoint's autoencoder; None where it has none.

    One that is missing or damaged is told in the log and left aside: films are drawn without it.

    Args:
        checkpoint: in memory; the decoder comes to its device.
        folder: of the small decoder.
    """
    try:
        decoder, learned_from = load_small_decoder(folder)
    except ExplainerError as error:
        LOG.warning("films are decoded by the autoencoder: %s", error)
        return None
    if digest_of(checkpoint.vae) != learned_from:
        return None
    return decoder.to(checkpoint.device)


@cache
def load_small_decoder(folder: Path = FOLDER) -> tuple[SmallDecoder, str]:
    """Load the small decoder that ships, once, with the digest of what it learned from.

    Raises:
        ExplainerError: a file is missing or damaged.
    """
    weights = read_weights(folder, WEIGHTS)
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    decoder = SmallDecoder(SmallDecoderConfig.from_config(config))
    decoder.load_state_dict(weights)
    return decoder.eval().requires_grad_(False), config[LEARNED_FROM]


def digest_of(vae: Any) -> str:  # Any: diffusers' AutoencoderKL or our own
    """Return the sha256 of a decoder's weights in half precision.

    Args:
        vae: an autoencoder, whose encoder does not count, or a small decoder.
    """
    whole = hashlib.sha256()
    for name, value in sorted(vae.state_dict().items()):
        if not name.startswith(("encoder.", "quant_conv.")):
            whole.update(name.encode())
            whole.update(value.half().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return whole.hexdigest()


@torch.inference_mode()
def decode_quickly(decoder: SmallDecoder, latents: Tensor) -> Tensor:
    """Turn latents into pictures, nearly those of the full decoder.

    Args:
        decoder: on any device.
        latents: at unit scale, (B, C, H, W).

    Returns:
        Pictures, (B, S H, S W, 3), uint8, on the CPU.

    Raises:
        ExplainerError: the latents hold numbers that are not finite.
    """
    check_finite(latents)
    device = next(decoder.parameters()).device
    pictures = decoder(latents.to(device, torch.float32))
    return to_bytes(pictures.permute(0, 2, 3, 1) / 2 + 0.5)  # (B, 3, H, W) -> (B, H, W, 3)
