"""What can be chosen in the lab of a new word; imports no torch."""

import base64
import binascii
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.engine.request import MAX_PROMPT, MAX_SEED
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.words import tr

STEPS, WALK = 60, 20
MOST_WALK = 50
MOST_STEPS = 500
SIDE = 128  # pixels of the built-in model
LONGEST_WORD = 24
# Asked for behind the word: does it stand for a thing, or for one picture? Of the backgrounds that
# the model was trained on, two that are far apart, so that one is always far from the picture's.
BACKGROUNDS = {"blue": (50, 110, 220), "yellow": (250, 215, 60)}


@dataclass(frozen=True, slots=True)
class WordSettings:
    """What can be chosen; two equal settings train the same network.

    Attributes:
        word: the new word.
        picture: what it is to mean: ``SIDE`` x ``SIDE`` pixels, red, green, blue, in base64.
        other: another prompt, to see what becomes of it.
        seed: of noise.
        steps: of training.
        walk: steps of DDIM for every picture that is shown.
    """

    worker: ClassVar[str] = "core.labs.word_worker"
    private: ClassVar[bool] = True

    word: str
    picture: str
    other: str
    seed: int = 0
    steps: int = STEPS
    walk: int = WALK

    @property
    def prompt(self) -> str:
        """The caption that the picture is given."""
        return f"a {self.word}"

    @property
    def prompts(self) -> tuple[str, str, str]:
        """What is drawn: the caption, the word on a background unlike its picture's, the other."""
        rows = np.frombuffer(self.pixels, np.uint8).reshape(SIDE, SIDE, 3)
        edge = np.median(np.concatenate([rows[0], rows[-1], rows[:, 0], rows[:, -1]]), axis=0)
        far = {name: float(np.abs(edge - colour).sum()) for name, colour in BACKGROUNDS.items()}
        colour = max(far, key=far.__getitem__)
        return self.prompt, f"{self.prompt} on a {colour} background", self.other

    @property
    def pixels(self) -> bytes:
        """The picture's pixels."""
        return base64.b64decode(self.picture)

    @property
    def before(self) -> None:
        """Nothing: it begins with the model as it ships."""

    def validated(self) -> "WordSettings":
        """Return the settings with every field checked."""
        word = " ".join(self.word.split()) if isinstance(self.word, str) else ""
        if not 1 <= len(word) <= LONGEST_WORD:
            raise ExplainerError(
                tr("The word has {count} letters.", count=len(word)),
                tr("Choose one of 1 to {most} letters.", most=LONGEST_WORD),
            )
        if not isinstance(self.other, str) or len(self.other) > MAX_PROMPT:
            raise ExplainerError(
                tr("The other prompt cannot be used."), tr("Choose a shorter one.")
            )
        try:
            size = len(base64.b64decode(self.picture, validate=True))
        except (binascii.Error, ValueError, TypeError):
            size = 0
        if size != SIDE * SIDE * 3:
            raise ExplainerError(
                tr(
                    "The picture has {size} numbers, {needed} are needed.",
                    size=size,
                    needed=SIDE * SIDE * 3,
                ),
                tr("Choose the picture again."),
            )
        return WordSettings(
            word,
            self.picture,
            self.other,
            check_whole(self.seed, tr("seed"), 0, MAX_SEED),
            check_whole(self.steps, tr("number of steps"), 1, MOST_STEPS),
            check_whole(self.walk, tr("number of sampling steps"), 1, MOST_WALK),
        )
