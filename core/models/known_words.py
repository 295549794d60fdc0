"""What a model can draw, by its own account: the words of its captions, and how it was found.

Both lie beside the weights, written by the training. Imports no numpy.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from core.errors import ExplainerError
from core.models.folders import read_json
from core.words import tr, tr_later

WORDS, REPORT = "captions.json", "evaluation.json"
MILESTONES = "training/milestones/milestones.json"
GOOD, POOR = 90.0, 50.0  # percent of a group's tests in which the judge named what was drawn
SURE = 0.9  # share of the judge's belief
# Names that make no sense behind "a", and those by which most mean something else.
NOT_ASKED = frozenset(
    [
        "bacon",
        "bowling",
        "bread",
        "butter",
        "construction",
        "cooking",
        "dizzy",
        "fire",
        "fog",
        "ice",
        "link",
        "locked",
        "luggage",
        "mate",
        "pick",
        "popcorn",
        "sake",
        "salt",
        "soap",
        "tennis",
        "wood",
    ]
)
KINDS = {  # as pages say them
    "animals-nature": tr_later("animals, nature"), "food-drink": tr_later("food, drink"),
    "people-body": tr_later("people, body"), "smileys-emotion": tr_later("smileys, emotion"),
    "travel-places": tr_later("travel, places"), "activities": tr_later("activities"),
    "objects": tr_later("objects"),
}  # fmt: skip
RARER = tr_later(
    "Of its tests for rarer things of this kind ({kind}), only {found:g} % were recognised."
)
OFTEN = tr_later("Of its tests for things of this kind ({kind}), only {found:g} % were recognised.")
BETWEEN = 4  # characters' room that stands between two suggestions
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")

Name = tuple[str, ...]  # of an object, word by word


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that a prompt names.

    Attributes:
        group: it belongs to.
        begins: the place of its first word.
        ends: the place after its last word.
        name: as the model's captions have it.
    """

    group: str
    begins: int
    ends: int
    name: Name


@dataclass(frozen=True, slots=True)
class KnownWords:
    """What a model was shown, and what came of it.

    Attributes:
        objects: the group of every object, by its name.
        words: that name or describe an object in some caption.
        plain: that captions hold beside.
        many: that ask for more than one of a kind.
        found: percent of a group's tests in which the judge named what was drawn, by group.
        typed: the same of the words that people say most.
        judged: whether such a word's own picture was named, by its name.
        pairs: how many tests asked for two objects.
        both: percent of them in which both were found.
        best: the same of two things that it draws best; None where that was not tested.
        right: prompts whose picture the judge named and was sure of, the commonest word first;
            where they were not judged one by one, those that the training drew on its way.
    """

    objects: dict[Name, str]
    words: frozenset[str]
    plain: frozenset[str]
    many: frozenset[str]
    found: dict[str, float]
    typed: dict[str, float]
    judged: dict[Name, bool]
    pairs: int
    both: float
    best: float | None
    right: tuple[str, ...]

    def suggestions(self, room: int) -> tuple[str, ...]:
        """Return prompts worth trying, a group in turn, of those whose tests came out well.

        Args:
            room: characters of all of them together, and a few between them.
        """
        rows: dict[str, list[str]] = {
            group: [] for group, percent in (self.typed or self.found).items() if percent >= GOOD
        }
        for prompt in self.right:
            for thing in self.things(words_in(prompt))[:1]:
                rows.get(thing.group, []).append(prompt)
        places = range(max(map(len, rows.values()), default=0))
        turns = [row[place] for place in places for row in rows.values() if place < len(row)]
        takes = accumulate(len(prompt) + BETWEEN for prompt in turns)
        return tuple(prompt for prompt, end in zip(turns, takes, strict=True) if end <= room)

    def doubt(self, prompt: str) -> tuple[str, str] | None:
        """Say why a prompt may come out as nothing that can be recognised; None where it need not.

        Args:
            prompt: any text.

        Returns:
            What is the matter, and what to do; our own words alone.
        """
        words = words_in(prompt)
        things = self.things(words)
        if not words:
            return None
        if not any(self._known(word, self.words) for word in words):
            strange = not any(word in self.plain for word in words)
            return (
                tr("It has read none of these words: its captions are English.")
                if strange
                else tr("No word here names a thing that it was shown."),
                tr("What it draws is a guess. Name one thing, in English."),
            )
        apart = any(after.begins > before.ends for before, after in pairwise(things))
        rest = set(words).difference(*(words[thing.begins : thing.ends] for thing in things))
        if apart or rest & self.many:
            return self._doubt_two(), tr("Ask for one.")
        return self._doubt_one(things[0], words) if things else None

    def _doubt_two(self) -> str:
        if self.best is None:
            return tr(
                "This asks for more than one thing. In {pairs} tests with two things it drew "
                "both in {both:g} %.",
                both=self.both,
                pairs=self.pairs,
            )
        return tr(
            "This asks for more than one thing. In {pairs} tests with two things it drew both in "
            "{both:g} %; with two of those that it draws best, in {best:g} %.",
            both=self.both,
            pairs=self.pairs,
            best=self.best,
        )

    def _doubt_one(self, thing: Thing, words: Name) -> tuple[str, str] | None:
        name = words[thing.begins : thing.ends]
        named = self.judged.get(name, self.judged.get((*name[:-1], singular(name[-1]))))
        if named is False:
            return (
                tr("When it was tested on just this word, it drew something else."),
                tr("Another seed may do, or another thing."),
            )
        if named is None and self.found.get(thing.group, GOOD) < POOR:
            return (
                tr(
                    RARER if self.judged else OFTEN,
                    kind=tr(KINDS.get(thing.group, thing.group)),
                    found=self.found[thing.group],
                ),
                tr("Other things come out better."),
            )
        return None

    def things(self, words: Name) -> list[Thing]:
        """Return the objects that words name, the longest name first where several would fit.

        Args:
            words: of a prompt, in lower case.
        """
        longest = max(map(len, self.objects), default=0)
        found, at = [], 0
        while at < len(words):
            for ends in range(min(at + longest, len(words)), at, -1):
                name = words[at:ends]
                one = (*name[:-1], singular(name[-1]))
                called = next((each for each in (name, one) if each in self.objects), None)
                if called is not None:
                    found.append(Thing(self.objects[called], at, ends, called))
                    at = ends - 1
                    break
            at += 1
        return found

    def _known(self, word: str, among: frozenset[str]) -> bool:
        return word in among or singular(word) in among


@cache
def known_words(folder: Path) -> KnownWords:
    """Read what lies beside the weights of a model that was trained here.

    Args:
        folder: of the model.

    Raises:
        ExplainerError: a file is missing or damaged.
    """
    said, report = read_json(folder / WORDS), read_json(folder / REPORT)
    try:
        pairs = report["arranged"]["pairs"]
        best, groups = report.get("best_pairs"), report["prompts"]["groups"]
        typed = report.get("typed", {"each": [], "groups": {}})
        judged = {words_in(row["label"]): row["rank"] == 1 for row in typed["each"]}
        if judged:  # what people would type first
            sure = [row for row in typed["each"] if row["rank"] == 1 and row["share"] >= SURE]
            asked = [row for row in sure if row["label"] not in NOT_ASKED]
            right = [row["prompt"] for row in asked if not row["label"].endswith("s")]
        else:
            right = read_json(folder / MILESTONES)["prompts"]
        return KnownWords(
            {words_in(name): group for group, names in said["objects"].items() for name in names},
            frozenset(said["words"]),
            frozenset(said["plain"]),
            frozenset(said["many"]),
            _shares(groups),
            _shares(typed["groups"]),
            judged,
            int(pairs["prompts"]),
            float(pairs["both_top1_percent"]),
            None if best is None else float(best["drawn"]["both_top1_percent"]),
            tuple(map(str, right)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExplainerError(
            tr("What this model says of itself is damaged."),
            tr("Put its folder back as it came: git checkout, or a fresh download."),
        ) from error


def _shares(groups: Any) -> dict[str, float]:  # Any: what JSON holds
    return {group: float(row["top1_percent"]) for group, row in groups.items()}


def words_in(text: str) -> Name:
    """Return the words of a text in lower case, without signs.

    Args:
        text: any text.
    """
    return tuple(_WORD.findall(text.casefold()))


def singular(word: str) -> str:
    """Return the singular of a word, or of what looks like a plural."""
    return word[:-1] if word.endswith("s") else word
