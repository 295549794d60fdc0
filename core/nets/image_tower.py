"""The image tower: a small network that reads pictures; it names objects, or finds captions."""

import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 64  # of the pictures that it reads, pixels


class ImageTower(nn.Module):
    """A small convolutional network from a 64 x 64 picture to a few numbers."""

    def __init__(self, outputs: int, width: int = 32, hidden: int = 256) -> None:
        """Three residual stages down to 4 x 4, whose places are kept apart, then two linear ones.

        Args:
            outputs: numbers that it gives.
            width: channels of the first stage; the last has four times as many.
            hidden: numbers between both linear layers.
        """
        super().__init__()
        widths = [width, width * 2, width * 4, width * 4]
        strides = (2, 1, 2)
        blocks = (ConvBlock(*row) for row in zip(widths, widths[1:], strides, strict=False))
        self.stem = nn.Conv2d(3, width, 4, stride=4)  # (B, width, 16, 16)
        self.stages = nn.Sequential(*blocks)  # (B, 4 width, 4, 4)
        self.norm = nn.LayerNorm(widths[-1] * 16)
        self.hidden = nn.Linear(widths[-1] * 16, hidden)
        self.project = nn.Linear(hidden, outputs)

    def forward(self, pictures: Tensor) -> Tensor:
        """Vectors, (B, outputs), of pictures (B, 3, 64, 64) in [-1, 1]."""
        features = self.norm(self.stages(self.stem(pictures)).flatten(1))
        return self.project(F.silu(self.hidden(features)))


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions with group norm and SiLU, and a shortcut."""

    def __init__(self, here: int, there: int, stride: int) -> None:
        """From ``here`` channels to ``there``, the side divided by ``stride``."""
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, here), nn.GroupNorm(8, there)
        self.conv1 = nn.Conv2d(here, there, 3, stride, 1)
        self.conv2 = nn.Conv2d(there, there, 3, 1, 1)
        self.shortcut = nn.Conv2d(here, there, stride, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, here, H, W) to (B, there, H / stride, W / stride)."""
        h = self.conv1(F.silu(self.norm1(x)))
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))
