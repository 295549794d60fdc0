"""The brick of every level: a residual block, and the layers that halve and double the size."""

import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation


@equation(
    tex=r"x' = S x + \mathrm{conv}_2\,\mathrm{SiLU}\,\mathrm{norm}_2\bigl("
    r"\mathrm{conv}_1\,\mathrm{SiLU}\,\mathrm{norm}_1(x) + W\,\mathrm{SiLU}(\mathrm{time})\bigr)",
    source="He et al. 2016 (identity mappings in residual networks), eq. 1; the time as in Ho et "
    "al. 2020 (DDPM), appendix B; S is the identity, or a 1 x 1 convolution where channels change",
)
class ResnetBlock(nn.Module):
    """Two convolutions beside an open road; the timestep is added between them.

    Args:
        before: channels that come in.
        after: channels that go out.
        groups: groups of the normalisation.
        eps: what the normalisation adds to a variance.
        time_width: numbers in the time vector; None where there is no time (autoencoder).
    """

    def __init__(
        self, before: int, after: int, groups: int, eps: float, time_width: int | None = None
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, before, eps)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        if time_width is not None:
            self.time_emb_proj = nn.Linear(time_width, after)
        self.norm2 = nn.GroupNorm(groups, after, eps)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        """Map (B, before, H, W) to (B, after, H, W); the time vector is (B, D_time)."""
        y = self.conv1(F.silu(self.norm1(x)))  # (B, before, H, W) -> (B, after, H, W)
        if time is not None:
            y = y + self.time_emb_proj(F.silu(time))[:, :, None, None]  # one number a channel
        y = self.conv2(F.silu(self.norm2(y)))
        return self.conv_shortcut(x) + y


class Downsample(nn.Module):
    """Halve height and width with a convolution that takes every second position.

    Args:
        channels: channels, unchanged.
        padding: zeros at each edge; 0 pads right and bottom only, as the autoencoder was trained.
    """

    def __init__(self, channels: int, padding: int) -> None:
        super().__init__()
        self.padding = padding
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H/2, W/2)."""
        if self.padding == 0:
            x = F.pad(x, (0, 1, 0, 1))  # (B, C, H, W) -> (B, C, H + 1, W + 1)
        return self.conv(x)


class Upsample(nn.Module):
    """Double height and width: repeat every position, then smooth with a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Map (B, C, H, W) to (B, C, 2H, 2W), or to ``size`` where halving had rounded up."""
        size = size or (2 * x.shape[-2], 2 * x.shape[-1])
        return self.conv(F.interpolate(x, size=size, mode="nearest"))
