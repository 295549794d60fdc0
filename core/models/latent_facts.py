"""What a checkpoint's own files say of its latents; imports no torch."""

from dataclasses import dataclass
from pathlib import Path

from core.models.config_files import own_size, read_config, say_unsaid_size, vae_scale

UNSAID_FACTOR = 0.18215  # AutoencoderKL's default; configs older than the key mean it


@dataclass(frozen=True, slots=True)
class LatentFacts:
    """How a checkpoint shrinks a picture.

    Attributes:
        channels: numbers at each position of the latents.
        scale: pixels per position, each way.
        height: pixels the model was trained on, downwards.
        width: the same, across.
        multiple: pixels; sides that are multiples of it can be halved all the way down the U-Net.
        scaling_factor: what latents are multiplied with, from the config.
        shift_factor: what is taken from them before.
        note: what to know of the size, one sentence; "" where the config says it.
    """

    channels: int
    scale: int
    height: int
    width: int
    multiple: int
    scaling_factor: float
    shift_factor: float
    note: str = ""


def read_latent_facts(folder: Path) -> LatentFacts:
    """Read the configs of a checkpoint folder.

    Args:
        folder: in diffusers format.

    Raises:
        ExplainerError: a config is missing or damaged.
    """
    vae, unet = read_config(folder, "vae"), read_config(folder, "unet")
    scale = vae_scale(vae)
    height, width = own_size(unet, vae)
    return LatentFacts(
        channels=vae.get("latent_channels", 4),
        scale=scale,
        height=height * scale,
        width=width * scale,
        multiple=scale * 2 ** (len(unet.get("block_out_channels", range(4))) - 1),
        scaling_factor=float(vae.get("scaling_factor", UNSAID_FACTOR)),
        shift_factor=float(vae.get("shift_factor") or 0.0),
        note=say_unsaid_size(unet, vae),
    )
