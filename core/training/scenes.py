"""Scenes: one picture placed on a coloured background, composed in batches."""

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
        shift: largest way of the centre from the middle, as a share of the scene's side.
        flip: chance that a picture is mirrored.
        jitter: deviation of the background's colour, per channel, in [0, 1].
    """

    scale: tuple[float, float] = (0.78, 0.95)
    shift: float = 0.03
    flip: float = 0.0
    jitter: float = 0.02


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
    count = len(rows)
    rgba = bank.rgba[rows].float() / 255  # (B, 4, 128, 128)
    low, high = placement.scale
    draw = torch.rand(count, 4, generator=generator)
    scale = low + (high - low) * draw[:, 0]
    mirror = torch.where(draw[:, 1] < placement.flip, -1.0, 1.0)
    shift = (draw[:, 2:] * 2 - 1) * placement.shift * 2  # grid units: the scene spans [-1, 1]
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = mirror / scale
    theta[:, 1, 1] = 1 / scale
    theta[:, :, 2] = -shift / scale[:, None]
    theta[:, 0, 2] *= mirror
    grid = F.affine_grid(theta, list(rgba.shape), align_corners=False)
    placed = F.grid_sample(rgba, grid, align_corners=False, padding_mode="zeros")
    noise = torch.randn(count, 3, generator=generator) * placement.jitter
    background = (_COLOURS[colours] + noise).clamp(0, 1)[:, :, None, None]
    scene = placed[:, :3] + background * (1 - placed[:, 3:])
    return scene.clamp(0, 1) * 2 - 1
