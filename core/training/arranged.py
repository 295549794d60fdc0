"""Arranged scenes: one object at a place or of a size, or two objects opposite each other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.training.held_out import is_held_out_pair, trained_colours
from core.training.pictures import PictureBank
from core.training.scenes import Placement, over, paint, place

# Two objects share the scene, so each is given half of its side, as an object at a place is.
HALF = (0.42, 0.5)
_SLACK = 0.015
ARRANGEMENTS: dict[str, Placement] = {
    "small": Placement(scale=(0.36, 0.44), shift=_SLACK),
    "big": Placement(scale=(0.98, 1.06), shift=_SLACK),
    "left": Placement(scale=HALF, shift=_SLACK, centre=(-0.25, 0.0)),
    "right": Placement(scale=HALF, shift=_SLACK, centre=(0.25, 0.0)),
    "top": Placement(scale=HALF, shift=_SLACK, centre=(0.0, -0.25)),
    "bottom": Placement(scale=HALF, shift=_SLACK, centre=(0.0, 0.25)),
}
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
PAIRS = 2 / 3  # of all arranged scenes
# The words that the U-Net drew best when it began to learn mostly of pairs: two things to learn at
# once, how one looks and where two stand, are one too many.
PAIRED = frozenset((
    "bone", "taxi", "cooking", "luggage", "girl", "bird", "desert", "butter", "chicken",
    "socks", "motorcycle", "mouth", "books", "bomb", "leg", "airplane", "pen", "bacon",
    "wedding", "rabbit", "skull", "singer", "glasses", "battery", "pill", "school",
    "hospital", "nose", "sandwich", "lion", "key", "window", "family", "duck", "fire", "bell",
    "hook", "ambulance", "bed", "train", "alien", "bank", "monkey", "pick", "dress", "houses",
    "house", "eye", "bus", "cat", "fish", "telephone", "baby", "sake", "wood", "snake",
    "ring", "camera", "prince", "bowling", "construction", "toilet", "shark", "star", "chair",
    "church", "wolf", "spider", "candle", "woman", "turtle", "eyes", "bug", "cookie",
    "princess", "tongue", "popcorn", "lungs", "drum", "tent",
))  # fmt: skip
TRIES = 10_000  # to find two objects that may be shown together


@dataclass(frozen=True, slots=True)
class Arranged:
    """What is on a scene, and where.

    Attributes:
        row: the object's row in the bank.
        colour: the background's index in ``COLOUR_NAMES``.
        how: how the object is arranged, a key of ``ARRANGEMENTS``; a place where there are two.
        other: the row of the object at the opposite place; None where there is one object.
    """

    row: int
    colour: int
    how: str
    other: int | None = None


def draw_arranged(
    bank: PictureBank,
    weights: Sequence[float],
    chance: random.Random,
) -> Arranged:
    """Draw one arranged scene that training may see.

    Args:
        bank: the pictures.
        weights: how often each object is drawn, one number an object.
        chance: source of all randomness.

    Raises:
        ValueError: no two objects that are ever drawn may be shown together.
    """
    rows = range(bank.objects)
    if chance.random() >= PAIRS:
        (row,) = chance.choices(rows, weights)
        how = chance.choice(tuple(ARRANGEMENTS))
        return Arranged(row, _colour(chance, trained_colours(bank.emoji[row].label)), how)
    for _ in range(TRIES):
        row, other = chance.choices(rows, weights, k=2)
        label, beside = bank.emoji[row].label, bank.emoji[other].label
        both = [c for c in trained_colours(label) if c in trained_colours(beside)]
        if row != other and not is_held_out_pair(label, beside):
            return Arranged(row, _colour(chance, both), chance.choice(tuple(OPPOSITE)), other)
    raise ValueError("no two objects with a weight may be shown together, expected some")


def _colour(chance: random.Random, colours: list[int]) -> int:
    """White, which every object may have, in one scene of three."""
    return 0 if chance.random() < 1 / 3 else chance.choice(colours)


def other_order(scene: Arranged) -> Arranged:
    """The scene with everything at the opposite place; of a size, the same scene."""
    if scene.other is not None:
        return replace(scene, row=scene.other, other=scene.row)
    return replace(scene, how=OPPOSITE.get(scene.how, scene.how))


def compose_arranged(
    bank: PictureBank, scenes: Sequence[Arranged], generator: torch.Generator
) -> Tensor:
    """Paint arranged scenes.

    Args:
        bank: where the pictures are.
        scenes: what to paint, B of them.
        generator: source of all randomness.

    Returns:
        Scenes, (B, 3, 128, 128), in [-1, 1].
    """
    painted = []
    for scene in scenes:
        placement = ARRANGEMENTS[scene.how]
        below = paint(torch.tensor([scene.colour]), placement.jitter, generator)
        picture = over(place(bank, torch.tensor([scene.row]), placement, generator), below)
        if scene.other is not None:
            opposite = ARRANGEMENTS[OPPOSITE[scene.how]]
            picture = over(place(bank, torch.tensor([scene.other]), opposite, generator), picture)
        painted.append(picture)
    return torch.cat(painted) * 2 - 1
