"""How the U-Net is told the time: a timestep becomes waves, the waves become a vector."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.config import UNetConfig

MAX_PERIOD = 10_000.0  # in timesteps, over 2 pi; the same in all checkpoints, so in no config


def sinusoids(t: Tensor, width: int, cos_first: bool, freq_shift: float) -> Tensor:
    """Read clocks of many speeds at timestep t: the cosine and sine of every hand.

    Args:
        t: timesteps, (B,), whole or not.
        width: numbers wanted, even.
        cos_first: cosines before sines (Stable Diffusion), else after.
        freq_shift: 0 for Stable Diffusion; 1 makes the slowest clock turn once in 2 pi max_period.

    Returns:
        Waves, (B, width), float32, in [-1, 1].

    Raises:
        ValueError: ``width`` is odd.
    """
    if width % 2:
        raise ValueError(f"width is {width}, expected an even number: a cosine and a sine each")
    hand = torch.arange(width // 2, device=t.device, dtype=torch.float32)
    speed = torch.exp(-math.log(MAX_PERIOD) * hand / (width // 2 - freq_shift))
    angle = t[:, None].float() * speed  # (B,) -> (B, width / 2)
    waves = (angle.cos(), angle.sin()) if cos_first else (angle.sin(), angle.cos())
    return torch.cat(waves, dim=-1)  # (B, width)


class TimeEmbedding(nn.Module):
    """Two layers that turn the waves into the time vector that every residual block reads."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.linear_1 = nn.Linear(config.block_out_channels[0], config.time_width)
        self.linear_2 = nn.Linear(config.time_width, config.time_width)

    def forward(self, t: Tensor) -> Tensor:
        """Map timesteps (B,) to time vectors (B, D_time)."""
        config = self.config
        waves = sinusoids(
            t, config.block_out_channels[0], config.flip_sin_to_cos, config.freq_shift
        )
        waves = waves.to(self.linear_1.weight.dtype)
        return self.linear_2(F.silu(self.linear_1(waves)))
