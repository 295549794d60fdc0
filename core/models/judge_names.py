"""What the small judge that ships has names for, and which of them a prompt asks for.

Imports no torch.
"""

from functools import cache
from pathlib import Path
from typing import Any

from core.models.catalog import ROOT, builtin_folder
from core.models.folders import read_json
from core.models.known_words import Name, known_words, singular, words_in

FOLDER = ROOT / "core" / "weights" / "judge64"
WORDS, REPORT = "words.json", "evaluation.json"


def judge_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the objects that the judge's outputs stand for, in their order.

    Raises:
        ExplainerError: the file is missing or damaged.
    """
    return tuple(_words(folder)["objects"])


def named_rightly(folder: Path = FOLDER) -> float:
    """Return how many of the scenes that it never saw the judge names rightly, percent.

    Raises:
        ExplainerError: the file is missing or damaged.
    """
    return float(read_json(folder / REPORT)["scenes"]["sharp"]["top1_percent"])


def asked_for(prompt: str) -> tuple[int, ...]:
    """Return which of the judge's objects a prompt of the built-in model asks for.

    An object counts where its name holds the object that the prompt names, as "dog face" holds
    "dog". Where the prompt names none as a whole, it counts where its name holds one of the
    prompt's words that say more than a colour or a place, or where it is called so as well.

    Args:
        prompt: any text.

    Returns:
        Places in ``judge_names``, rising; none where it has no name for anything in the prompt.

    Raises:
        ExplainerError: a file of judge or model is missing or damaged.
    """
    known, words = known_words(builtin_folder()), words_in(prompt)
    phrases: list[Name] = [thing.name for thing in known.things(words)]
    called: set[int] = set()
    if not phrases:
        told = [word for word in words if word not in known.plain]
        forms = {form for word in told for form in (word, singular(word))}
        phrases = [(form,) for form in forms]
        called = {place for form in forms for place in _words(FOLDER)["called"].get(form, ())}
    return tuple(
        place
        for place, name in enumerate(map(words_in, judge_names()))
        if place in called or any(_holds(name, phrase) for phrase in phrases)
    )


@cache
def _words(folder: Path) -> dict[str, Any]:  # Any: what JSON holds
    return read_json(folder / WORDS)


def _holds(name: Name, phrase: Name) -> bool:
    ends = range(len(phrase), len(name) + 1)
    return any(name[end - len(phrase) : end] == phrase for end in ends)
