"""Captions: what a scene may be called, and which callings are kept for the evaluation."""

import random
from collections import Counter
from dataclasses import dataclass

from core.models.known_words import words_in
from core.training.arranged import Arranged
from core.training.held_out import trained_colours
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
# Words that say nothing of a picture, from which openings of captions are drawn; "there" and "is",
# which the evaluation begins with, are not among them.
FILLERS = (
    "this", "that", "these", "those", "here", "now", "we", "you", "i", "they", "it", "he", "she",
    "who", "which", "what", "was", "are", "were", "be", "been", "am", "will", "would", "can",
    "could", "should", "may", "might", "must", "do", "does", "did", "have", "has", "had", "see",
    "show", "shows", "look", "draw", "paint", "make", "made", "give", "find", "want", "like",
    "please", "me", "my", "your", "our", "their", "its", "some", "one", "just", "only", "very",
    "also", "again", "then", "so", "but", "or", "if", "as", "by", "for", "from", "of", "to",
    "imagine", "behold", "suppose", "perhaps", "once", "always", "today", "finally",
)  # fmt: skip
# Words that ask for more than one of a kind; no caption holds them.
MANY = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "dozen", "several",
    "many", "both",
)  # fmt: skip
# Arranged scenes: what is said of the objects, and behind it what is said of the background.
TAILS = (" on a {c} background", ", {c} background", " on {c}", " in front of a {c} wall")
WHITE_TAILS = ("", "", " on a {c} background", " on {c}")
ARRANGED_WORDINGS = {
    "small": ("a small {o}", "a tiny {o}", "a little {o}"),
    "big": ("a big {o}", "a large {o}", "a huge {o}"),
    "left": ("{a} on the left", "{a} on the left side", "{o} at the left"),
    "right": ("{a} on the right", "{a} on the right side", "{o} at the right"),
    "top": ("{a} at the top", "{a} up at the top", "{o} at the top"),
    "bottom": ("{a} at the bottom", "{a} down at the bottom", "{o} at the bottom"),
}
PAIR_WORDINGS = {
    "left": (
        "{a} to the left of {b}",
        "{a} left of {b}",
        "{a} on the left and {b} on the right",
    ),
    "right": (
        "{a} to the right of {b}",
        "{a} right of {b}",
        "{a} on the right and {b} on the left",
    ),
    "top": ("{a} above {b}", "{a} over {b}", "{a} at the top and {b} at the bottom"),
    "bottom": ("{a} below {b}", "{a} under {b}", "{a} at the bottom and {b} at the top"),
}
ANY_PAIR_WORDINGS = ("{a} and {b}", "a picture of {a} and {b}", "{a} together with {b}")
HELD_OUT_TAIL = " against a {c} background"
HELD_OUT_PAIR_WORDING = "there is {a} and {b}"


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption and what it is true of.

    Attributes:
        text: the words.
        row: the object's row in the bank.
        colour: the background's index in ``COLOUR_NAMES``.
        how: how the object is arranged, a key of ``ARRANGEMENTS``; None where nothing is said.
        other: the row of a second object, which stands opposite; None where there is one object.
        other_ends: where in ``text`` the second object's name ends.
    """

    text: str
    row: int
    colour: int
    how: str | None = None
    other: int | None = None
    other_ends: int = 0


class CaptionWriter:
    """Writes captions for the objects of a bank from a seeded source of chance."""

    def __init__(self, bank: PictureBank) -> None:
        """Look through the bank once for words that point at few objects."""
        objects = bank.emoji[: bank.objects]
        uses = Counter(tag for entry in objects for tag in entry.tags)
        self._names = [entry.label for entry in objects]
        # A tag that many objects share ("face", "animal") cannot stand in for one of them, nor can
        # what another is called: an astronaut is no "rocket".
        taken = {spoken(name) for name in self._names}
        self._synonyms = [
            [t for t in entry.tags if uses[t] <= 3 and t not in taken] for entry in objects
        ]
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

    def describe(self, scene: Arranged, chance: random.Random) -> Caption:
        """A caption of an arranged scene in one of the trained wordings."""
        first = self._short_name(scene.row, chance)
        tails = WHITE_TAILS if scene.colour == 0 else TAILS
        if scene.other is None:
            wording = chance.choice(ARRANGED_WORDINGS[scene.how])
            text = fill(wording + chance.choice(tails), first, COLOUR_NAMES[scene.colour])
            return Caption(text, scene.row, scene.colour, scene.how)
        told = chance.random() < 0.6  # else nobody says which stands where
        wording = chance.choice(PAIR_WORDINGS[scene.how] if told else ANY_PAIR_WORDINGS)
        second = self._short_name(scene.other, chance)
        return pair_caption(scene, (first, second), wording + chance.choice(tails), told=told)

    def _short_name(self, row: int, chance: random.Random) -> str:
        if chance.random() < 0.15 and self._synonyms[row]:
            return chance.choice(self._synonyms[row])
        return spoken(self._names[row])


def opening(chance: random.Random) -> str:
    """A few words that say nothing, to stand before a caption."""
    return " ".join(chance.choices(FILLERS, k=chance.randint(1, 4)))


def pair_caption(scene: Arranged, names: tuple[str, str], wording: str, *, told: bool) -> Caption:
    """Put two objects and a colour into a wording.

    Args:
        scene: what the caption is true of.
        names: how its two objects are called.
        wording: with ``{a}``, ``{b}`` and perhaps ``{c}``.
        told: whether the wording says which object stands where.
    """
    first, second = (f"{article(name)} {name}" for name in names)
    head, rest = _coloured(wording, COLOUR_NAMES[scene.colour]).replace("{a}", first).split("{b}")
    how = scene.how if told else None
    return Caption(
        head + second + rest, scene.row, scene.colour, how, scene.other, len(head + second)
    )


def article(name: str) -> str:
    """The indefinite article that goes before ``name``."""
    return "an" if name[:1] in "aeiou" else "a"


def spoken(label: str) -> str:
    """A label as one would say it: ``"woman: white hair"`` becomes ``"woman with white hair"``."""
    return label.replace(": ", " with ").replace("“", "").replace("”", "")


def fill(wording: str, name: str, colour: str) -> str:
    """Put an object and a colour into a wording."""
    return _coloured(wording, colour).format(a=f"{article(name)} {name}", o=name)


def _coloured(wording: str, colour: str) -> str:
    return wording.replace("a {c}", f"{article(colour)} {{c}}").replace("{c}", colour)


def caption_words(bank: PictureBank) -> dict[str, object]:
    """Every word that a caption may hold, for whoever asks what the model has read of.

    Returns:
        "objects": the objects' names, by group; "words": what names or describes them; "plain":
        what captions hold beside; "many": what asks for more than one, which none holds.
    """
    objects = bank.emoji[: bank.objects]
    uses = Counter(tag for entry in objects for tag in entry.tags)
    groups = sorted({entry.group for entry in objects})
    named = {word for entry in objects for text in (entry.label, *entry.tags)
             for word in words_in(text)}  # fmt: skip
    wordings = [*WORDINGS, *PLAIN_WORDINGS, *HELD_OUT_WORDINGS, *TAILS, HELD_OUT_TAIL]
    wordings += [text for every in ARRANGED_WORDINGS.values() for text in every]
    wordings += [text for every in PAIR_WORDINGS.values() for text in every]
    wordings += [*ANY_PAIR_WORDINGS, HELD_OUT_PAIR_WORDING, *FILLERS, *COLOUR_NAMES, "an"]
    plain = {word for text in wordings for word in words_in(text)} - {"o", "b", "c"}
    # "orange" is a colour of backgrounds, and what few objects are called.
    plain -= {colour for colour in COLOUR_NAMES if 0 < uses[colour] <= 3}
    return {
        "objects": {
            group: [spoken(entry.label) for entry in objects if entry.group == group]
            for group in groups
        },
        "words": sorted(named - plain),
        "plain": sorted(plain),
        "many": list(MANY),
    }


def typed_captions(bank: PictureBank, count: int, seed: int) -> list[Caption]:
    """What people would type first: the words said most among the labels of one word.

    Every other one, by chance, with a background; the others are on white.

    Args:
        bank: the pictures.
        count: how many words.
        seed: fixes which have a background, and which.
    """
    chance = random.Random(seed)
    words = [row for row in range(bank.objects) if bank.emoji[row].label.isalpha()]
    words.sort(key=lambda row: (-bank.emoji[row].said, bank.emoji[row].label))
    words = words[:count]
    coloured = set(chance.sample(words, len(words) // 2))
    captions = []
    for row in words:
        colour = chance.randrange(1, len(COLOUR_NAMES)) if row in coloured else 0
        wording = WORDINGS[0] if row in coloured else PLAIN_WORDINGS[0]
        text = fill(wording, bank.emoji[row].label, COLOUR_NAMES[colour])
        captions.append(Caption(text, row, colour))
    return captions


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
