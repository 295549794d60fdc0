"""What can be chosen in the lab of a new word; imports no torch."""

import base64
import binascii
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from core.engine.request import MAX_PROMPT, MAX_SEED
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.words import tr

Way = Literal["token", "lora", "weights"]
# Of training; one vector can change so little that it wants more of them.
STEPS: dict[Way, int] = {"token": 100, "lora": 60, "weights": 60}
RANK = 4  # of the LoRA
WALK, MOST_WALK = 20, 50
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
        way: what learns: the vector of one new token, a LoRA of the attention layers, or the keys
            and values of cross-attention.
        vectors: those of a word that was learned before, which is drawn and not trained: float32
            in base64; "" for a word that is taught here.
    """

    worker: ClassVar[str] = "core.labs.word_worker"
    private: ClassVar[bool] = True

    word: str
    picture: str
    other: str
    seed: int = 0
    steps: int = STEPS["weights"]
    walk: int = WALK
    way: Way = "weights"
    vectors: str = ""

    @property
    def token(self) -> str:
        """What stands for the word in a prompt: a new token wears brackets, no known word does."""
        new = self.way == "token" and not self.vectors
        return f"<{self.word.strip('<>')}>" if new else self.word

    @property
    def lesson(self) -> tuple[str, str, str, int]:
        """What several ways have in common when they are compared."""
        return self.word, self.picture, self.vectors, self.seed

    @property
    def prompt(self) -> str:
        """The caption that the picture is given."""
        return f"a {self.token}"

    @property
    def given(self) -> bytes:
        """The vectors' bytes."""
        return base64.b64decode(self.vectors)

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
        size = _size(self.picture)
        if size != SIDE * SIDE * 3:
            raise ExplainerError(
                tr(
                    "The picture has {size} numbers, {needed} are needed.",
                    size=size,
                    needed=SIDE * SIDE * 3,
                ),
                tr("Choose the picture again."),
            )
        if self.way not in get_args(Way) or (self.vectors and self.way != "token"):
            raise ExplainerError(
                tr("There is no way {way!r:.40} to teach a word.", way=self.way),
                tr("Choose one of: {choices}.", choices=", ".join(get_args(Way))),
            )
        given = _size(self.vectors)
        if not isinstance(self.vectors, str) or given % 4 or (self.vectors and not given):
            raise ExplainerError(
                tr("The word’s vectors are not those of this model."), tr("Choose its file again.")
            )
        return WordSettings(
            word,
            self.picture,
            self.other,
            check_whole(self.seed, tr("seed"), 0, MAX_SEED),
            check_whole(self.steps, tr("number of steps"), 0 if self.vectors else 1, MOST_STEPS),
            check_whole(self.walk, tr("number of sampling steps"), 1, MOST_WALK),
            self.way,
            self.vectors,
        )


def _size(text: object) -> int:
    """Return how many bytes a text in base64 holds, 0 where it is none."""
    try:
        return len(base64.b64decode(text, validate=True)) if isinstance(text, str) else 0
    except (binascii.Error, ValueError):
        return 0
