"""With something switched off beside as it is: pictures on the same scale, and how far apart."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Pixels
from core.models.unet_facts import UNetFacts
from core.views.colormaps import NOISE_SAY, noise_greys
from core.views.strips import channel_tiles, enlarge
from core.words import tr, tr_later

LIMIT = 3.0  # ends of the noise's scale
TARGET = 256  # pixels that a picture should at least have

Part = Literal["attention", "prompt", "time", "clock", "skip"]
SAYS: dict[Part, str] = {
    "attention": tr_later(
        "**Every cross-attention adds zeros** instead of what it read in the text, in "
        "every call, for your prompt and for the negative one. Self-attention goes on."
    ),
    "prompt": tr_later(
        "**The network reads the negative prompt in place of yours** (empty, if you gave "
        "none). It is whole; only your words are gone."
    ),
    "time": tr_later(
        "**The time vector is all zeros** in every residual block. SiLU of 0 is 0, so each "
        "block adds only its own bias."
    ),
    "clock": tr_later(
        "**The network is told the same timestep at every call.** The scheduler still counts "
        "down and takes off as much noise as it always does."
    ),
    "skip": tr_later(
        "**One skip connection carries zeros.** The residual block that reads it gets as many "
        "channels as before."
    ),
}


def say_scale() -> str:
    """Say what the colours of the noise mean."""
    scale = tr(NOISE_SAY, limit=LIMIT)
    return tr("Noise: {scale}; its four channels are two rows of two.", scale=scale)


def noise_picture(noise: NDArray[np.floating]) -> Pixels:
    """Show predicted noise, all channels as tiles.

    Args:
        noise: (C, H, W).
    """
    tiles = channel_tiles(noise_greys(noise, LIMIT))
    return enlarge(tiles, max(1, TARGET // max(tiles.shape[:2])))


def say_moved(change: float, alpha_bar: float) -> str:
    """Say how far the noise moved, or why it could not.

    Args:
        change: as a share of the noise's own size.
        alpha_bar: signal power left in the latents.
    """
    if alpha_bar == 0:
        return tr("No signal is left at this call: the latents are the noise, whatever it answers.")
    return tr("It moved by {change:.0f} % of its own size.", change=100 * change)


def skip_names(facts: UNetFacts) -> dict[int, str]:
    """Name every skip connection by its number and its ends.

    Args:
        facts: of the network.
    """
    return {
        skip.number: f"{skip.number}: {'×'.join(map(str, skip.shape))}, "
        f"{skip.source} → {skip.target}"
        for skip in facts.skips
    }
