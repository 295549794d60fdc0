"""Scenes: pictures placed on a coloured background, composed in batches."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.training.pictures import PictureBank

BACKGROUNDS = {
    "white": (250, 250, 250),
    "black": (20, 20, 22),
    "red": (214, 48, 49),
    "orange": (245, 140, 40),
    "yellow": (250, 215, 60),
    "green": (60, 165, 80),
    "blue": (50, 110, 220),
    "purple": (130, 70, 180),
    "pink": (250, 150, 190),
    "gray": (140, 142, 146),
}
COLOUR_NAMES = tuple(BACKGROUNDS)
_COLOURS = torch.tensor(list(BACKGROUNDS.values()), dtype=torch.float32) / 255


@dataclass(frozen=True, slots=True)
class Placement:
    """How far pictures move and shrink inside a scene.

    Attributes:
        scale: smallest and largest side of the picture as a share of the scene's side.
        shift: largest way of the picture from ``centre``, as a share of the scene's side.
        flip: chance that a picture is mirrored.
        jitter: deviation of the background's colour, per channel, in [0, 1].
        centre: where pictures stand, right and down from the middle, as shares of the side.
    """

    scale: tuple[float, float] = (0.78, 0.95)
    shift: float = 0.03
    flip: float = 0.0
    jitter: float = 0.02
    centre: tuple[float, float] = (0.0, 0.0)


CENTRED = Placement()
LOOSE = Placement(scale=(0.45, 1.1), shift=0.2, flip=0.5, jitter=0.08)


def compose(
    bank: PictureBank,
    rows: Tensor,
    colours: Tensor,
    placement: Placement,
    generator: torch.Generator,
) -> Tensor:
    """Put one picture on one background each.

    Args:
        bank: where the pictures are.
        rows: which picture, (B,) int64.
        colours: which background, index into ``COLOUR_NAMES``, (B,) int64.
        placement: how far pictures may move.
        generator: source of all randomness.

    Returns:
        Scenes, (B, 3, 128, 128), in [-1, 1].
    """
    layers = place(bank, rows, placement, generator)
    return over(layers, paint(colours, placement.jitter, generator)) * 2 - 1


def place(
    bank: PictureBank, rows: Tensor, placement: Placement, generator: torch.Generator
) -> Tensor:
    """Pictures moved and shrunk, each on a layer of its own that is clear everywhere else.

    Args:
        bank: where the pictures are.
        rows: which picture, (B,) int64.
        placement: where, how large, how far they may move.
        generator: source of all randomness.

    Returns:
        Layers, (B, 4, 128, 128), in [0, 1], colour multiplied by alpha.
    """
    count = len(rows)
    rgba = bank.rgba[rows].float() / 255  # (B, 4, 128, 128)
    low, high = placement.scale
    draw = torch.rand(count, 4, generator=generator)
    scale = low + (high - low) * draw[:, 0]
    mirror = torch.where(draw[:, 1] < placement.flip, -1.0, 1.0)
    shift = (draw[:, 2:] * 2 - 1) * placement.shift + torch.tensor(placement.centre)
    shift = shift * 2  # grid units: the scene spans [-1, 1]
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = mirror / scale
    theta[:, 1, 1] = 1 / scale
    theta[:, :, 2] = -shift / scale[:, None]
    theta[:, 0, 2] *= mirror
    grid = F.affine_grid(theta, list(rgba.shape), align_corners=False)
    return F.grid_sample(rgba, grid, align_corners=False, padding_mode="zeros")


def paint(colours: Tensor, jitter: float, generator: torch.Generator) -> Tensor:
    """Flat backgrounds, (B, 3, 1, 1), in [0, 1], of colours (B,), each a little off its name."""
    noise = torch.randn(len(colours), 3, generator=generator) * jitter
    return (_COLOURS[colours] + noise).clamp(0, 1)[:, :, None, None]


def over(layers: Tensor, below: Tensor) -> Tensor:
    """Lay premultiplied layers (B, 4, H, W) over pictures (B, 3, H, W), all in [0, 1].

    Source: Porter and Duff 1984 (Compositing Digital Images), the operator "over".
    """
    return (layers[:, :3] + below * (1 - layers[:, 3:])).clamp(0, 1)
