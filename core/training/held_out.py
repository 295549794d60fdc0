"""What training never shows, so that the evaluation can ask for something new; fixed by seeds."""

import hashlib
import random

from core.training.scenes import COLOUR_NAMES

COMPOSITION_SEED, PAIR_SEED = 4_711, 815
SHARE = 0.1


def is_held_out_composition(label: str, colour: str) -> bool:
    """Whether this object on this background is never shown in training."""
    return _drawn(f"{COMPOSITION_SEED}:{label}:{colour}")


def is_held_out_pair(label: str, other: str) -> bool:
    """Whether these two objects, in either order, are never shown together in training."""
    first, second = sorted((label, other))
    return _drawn(f"{PAIR_SEED}:{first}:{second}")


def trained_colours(label: str) -> list[int]:
    """The backgrounds that this object may have in training: white and most of the others."""
    return [
        index
        for index, colour in enumerate(COLOUR_NAMES)
        if colour == "white" or not is_held_out_composition(label, colour)
    ]


def _drawn(name: str) -> bool:
    return random.Random(hashlib.sha256(name.encode()).digest()).random() < SHARE
