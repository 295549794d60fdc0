"""A small decoder: what the autoencoder makes of latents, nearly, in a seventh of the time.

The idea is that of tiny autoencoders, such as Ollin Boer Bohan's TAESD: a few plain convolutions
learn to answer as a large decoder does. Nothing is computed at full size: the last convolution
gives the four pixels of each position as channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation

LIMIT = 3.0  # of a latent number: what lies far outside says no more than that it does


@dataclass(frozen=True, slots=True)
class SmallDecoderConfig:
    """Sizes of a small decoder.

    Attributes:
        latent_channels: numbers at each position of the latents.
        widths: channels at each level; every level but the first has twice the size of the one
            before, and the picture twice that of the last.
        blocks: residual blocks at each level.
    """

    latent_channels: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # Any: a JSON file
        """Read config.json."""
        return cls(config["latent_channels"], tuple(config["widths"]), tuple(config["blocks"]))


@equation(
    tex=r"\tilde z = 3 \tanh(z / 3)",
    source="Boer Bohan 2023 (TAESD, a tiny autoencoder for Stable Diffusion), its Clamp",
)
def squash(latents: Tensor) -> Tensor:
    """Keep latents within what a few convolutions have learned to read.

    Args:
        latents: at unit scale, any shape.

    Returns:
        Numbers between -3 and 3, nearly the same where they are small; same shape.
    """
    return LIMIT * (latents / LIMIT).tanh()


class Block(nn.Module):
    """Two convolutions beside an open road; no normalisation, which would cost as much again."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class SmallDecoder(nn.Module):
    """Latents to pictures with plain convolutions, twice the size after each level."""

    def __init__(self, config: SmallDecoderConfig) -> None:
        super().__init__()
        widths = config.widths
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.levels = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(count)))
            for width, count in zip(widths, config.blocks, strict=True)
        )
        self.grow = nn.ModuleList(
            nn.Conv2d(before, 4 * after, 1) for before, after in pairwise(widths)
        )
        self.conv_out = nn.Conv2d(widths[-1], 4 * 3, 3, padding=1)
        for weight in self.parameters():
            if weight.ndim == 4:  # numbers of one position beside each other: a third quicker
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (B, C, H, W) at unit scale to pictures (B, 3, S H, S W), about [-1, 1].

        S is 2 to the number of levels.
        """
        x = self.conv_in(squash(latents).contiguous(memory_format=torch.channels_last))
        for level, grow in zip(self.levels, self.grow, strict=False):
            # Four times the channels become twice the height and width.
            x = F.pixel_shuffle(grow(level(x)), 2)
        return F.pixel_shuffle(self.conv_out(F.relu(self.levels[-1](x))), 2)
