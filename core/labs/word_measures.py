"""What a word was taught, and what it cost: pictures before and after, by how far they moved."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import combinations
from typing import TypedDict

import numpy as np

from core.ideas.arrays import Pixels
from core.ideas.picture_likeness import apart
from core.labs.word_model import Model
from core.labs.word_settings import SIDE, WordSettings

# Things that the model draws well; the word is in none of them.
OTHERS = ("a red apple", "a cat", "a blue car", "a tree on a yellow background")
DRAWN = 3  # pictures of the word, each from noise of its own


class Measured(TypedDict):
    """How far pictures are apart, each a mean difference of a colour value, 0 to 255.

    Attributes:
        before: the word's pictures from the one that it is to mean, before the training.
        after: the same, after it.
        moved: other prompts' pictures, from what they were before the training.
        scale: other prompts' pictures from each other, before the training.
        prompts: the others.
        drawn: how many pictures of the word there are.
    """

    before: float
    after: float
    moved: float
    scale: float
    prompts: tuple[str, ...]
    drawn: int


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Drawn:
    """Pictures at one moment: of the word (n, H, W, 3), and of the other prompts."""

    word: Pixels
    others: Pixels


def draw_both(model: Model, settings: WordSettings) -> Generator[dict[str, str], None, Drawn]:
    """Draw pictures of the word and of other prompts, as the model is now.

    Args:
        model: of the training.
        settings: validated.

    Yields:
        {"kind": "measuring"}, now and then: whoever is quiet for too long seems to hang.
    """
    word = [(settings.prompt, settings.seed + number) for number in range(DRAWN)]
    drawn = []
    for wanted in (word, [(prompt, settings.seed) for prompt in OTHERS]):
        drawn.append(model.draw(wanted, settings.walk))
        yield {"kind": "measuring"}
    return Drawn(*drawn)


def compare(before: Drawn, after: Drawn, settings: WordSettings) -> Measured:
    """Say how near the word came to its picture, and how far everything else went.

    Args:
        before: drawn before the training.
        after: drawn after it.
        settings: with the picture.
    """
    own = np.frombuffer(settings.pixels, np.uint8).reshape(SIDE, SIDE, 3)
    return {
        "before": _mean([apart(one, own) for one in before.word]),
        "after": _mean([apart(one, own) for one in after.word]),
        "moved": _mean([apart(*pair) for pair in zip(before.others, after.others, strict=True)]),
        "scale": _mean([apart(*pair) for pair in combinations(before.others, 2)]),
        "prompts": OTHERS,
        "drawn": DRAWN,
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
