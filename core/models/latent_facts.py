"""What a checkpoint's own files say of its latents; imports no torch."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import ExplainerError
from core.models.folders import read_json

UNSAID_FACTOR = 0.18215  # AutoencoderKL's default; configs older than the key mean it


@dataclass(frozen=True, slots=True)
class LatentFacts:
    """How a checkpoint shrinks a picture.

    Attributes:
        channels: numbers at each position of the latents.
        scale: pixels per position, each way.
        height: pixels the model was trained on, downwards.
        width: the same, across.
        scaling_factor: what latents are multiplied with, from the config.
        shift_factor: what is taken from them before.
    """

    channels: int
    scale: int
    height: int
    width: int
    scaling_factor: float
    shift_factor: float


def read_latent_facts(folder: Path) -> LatentFacts:
    """Read the configs of a checkpoint folder.

    Args:
        folder: in diffusers format.

    Raises:
        ExplainerError: a config is missing or damaged.
    """
    vae = read_json(folder / "vae" / "config.json")
    unet = read_json(folder / "unet" / "config.json")
    try:
        scale = 2 ** (len(vae["block_out_channels"]) - 1)
        size = unet["sample_size"]
        height, width = (size, size) if isinstance(size, int) else size
        return LatentFacts(
            channels=int(vae["latent_channels"]),
            scale=scale,
            height=int(height) * scale,
            width=int(width) * scale,
            scaling_factor=float(vae.get("scaling_factor", UNSAID_FACTOR)),
            shift_factor=float(vae.get("shift_factor") or 0.0),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ExplainerError(
            f"The latents of {folder.name} cannot be read from vae/config.json.",
            "Put the config back as it was, or choose another model.",
        ) from error
