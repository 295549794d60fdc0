"""Captions: what a scene may be called, and which callings are kept for the evaluation."""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass

from core.training.pictures import Emoji, PictureBank
from core.training.scenes import COLOUR_NAMES

# "{a}" is the object with its article, "{o}" without, "{c}" the background's colour.
WORDINGS = (
    "{a} on a {c} background",
    "{o}, {c} background",
    "{a}, {c} background",
    "{o} on {c}",
    "{a} in front of a {c} wall",
    "a picture of {a} on a {c} background",
    "an emoji of {a} on {c}",
    "{c} background, {o}",
)
PLAIN_WORDINGS = ("{a}", "{o}", "a picture of {a}", "an emoji of {a}")
HELD_OUT_WORDINGS = (
    "a photo of {a} against a {c} background",
    "{o} with a {c} background",
    "there is {a} on a {c} background",
)
COMPOSITION_SEED = 4_711
HELD_OUT_COMPOSITIONS = 0.1


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption and what it is true of.

    Attributes:
        text: the words.
        row: the object's row in the bank.
        colour: the background's index in ``COLOUR_NAMES``.
    """

    text: str
    row: int
    colour: int


def is_held_out_composition(label: str, colour: str) -> bool:
    """Whether this object on this background is never shown in training, fixed by a seed."""
    digest = hashlib.sha256(f"{COMPOSITION_SEED}:{label}:{colour}".encode()).digest()
    return random.Random(digest).random() < HELD_OUT_COMPOSITIONS


def trained_colours(label: str) -> list[int]:
    """The backgrounds that this object may have in training."""
    return [
        index
        for index, colour in enumerate(COLOUR_NAMES)
        if colour == "white" or not is_held_out_composition(label, colour)
    ]


class CaptionWriter:
    """Writes captions for the objects of a bank from a seeded source of chance."""

    def __init__(self, bank: PictureBank) -> None:
        """Look through the bank once for words that point at few objects."""
        objects = bank.emoji[: bank.objects]
        uses = Counter(tag for entry in objects for tag in entry.tags)
        self._names = [entry.label for entry in objects]
        # A tag that many objects share ("face", "animal") cannot stand in for one of them.
        self._synonyms = [[t for t in entry.tags if uses[t] <= 3] for entry in objects]
        self._tags = [list(entry.tags) for entry in objects]
        self._colours = [trained_colours(entry.label) for entry in objects]

    def write(self, row: int, chance: random.Random) -> Caption:
        """A caption of object ``row`` in one of the trained wordings."""
        name = spoken(self._names[row])
        draw = chance.random()
        if draw < 0.15 and self._synonyms[row]:
            name = chance.choice(self._synonyms[row])
        elif draw < 0.3 and self._tags[row]:
            name = f"{name}, {chance.choice(self._tags[row])}"
        if chance.random() < 0.35:  # no colour named: the background is white
            return Caption(fill(chance.choice(PLAIN_WORDINGS), name, "white"), row, 0)
        colour = chance.choice(self._colours[row])
        wording = chance.choice(WORDINGS)
        return Caption(fill(wording, name, COLOUR_NAMES[colour]), row, colour)


def spoken(label: str) -> str:
    """A label as one would say it: ``"woman: white hair"`` becomes ``"woman with white hair"``."""
    return label.replace(": ", " with ").replace("“", "").replace("”", "")


def fill(wording: str, name: str, colour: str) -> str:
    """Put an object and a colour into a wording."""
    article = "an" if name[:1] in "aeiou" else "a"
    return wording.format(a=f"{article} {name}", o=name, c=colour)


def evaluation_captions(bank: PictureBank, count: int, seed: int) -> list[Caption]:
    """Captions whose wording and whose object-on-colour were both kept from training.

    Args:
        bank: the pictures.
        count: how many objects, each once, drawn from all of them alike.
        seed: fixes the draw.
    """
    chance = random.Random(seed)
    rows = chance.sample(range(bank.objects), bank.objects)
    captions = []
    for row in rows:
        entry: Emoji = bank.emoji[row]
        kept = [i for i in range(len(COLOUR_NAMES)) if i not in trained_colours(entry.label)]
        if not kept:
            continue
        colour = chance.choice(kept)
        wording = chance.choice(HELD_OUT_WORDINGS)
        text = fill(wording, spoken(entry.label), COLOUR_NAMES[colour])
        captions.append(Caption(text, row, colour))
        if len(captions) == count:
            break
    return captions
