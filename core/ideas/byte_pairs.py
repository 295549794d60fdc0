"""Byte-pair encoding: a word starts as letters, and known pairs are glued, one after the other.

CLIP's list has 48,894 pairs in the order in which they were learned: at each turn of the learning
the commonest pair of neighbours became one piece. To read a word, the pair that was learned
earliest is merged first, until no pair of the list is left.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from core.ideas.equation import equation

WORD_END = "</w>"  # glued to a word's last letter, so that "cat" ends and "cat-" of "catalog" not

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge on the way from letters to pieces.

    Attributes:
        rank: place of the pair in the learned list; 0 was learned first.
        pair: what was glued together.
        pieces: the word after it.
    """

    rank: int
    pair: Pair
    pieces: tuple[str, ...]


@cache
def byte_letters() -> dict[int, str]:
    """Return the printable letter that stands for each of the 256 bytes.

    Source: Radford et al. 2019 (GPT-2), ``bytes_to_unicode``: printable bytes stand for themselves.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {byte: chr(byte) for byte in printable}
    return table | {byte: chr(256 + place) for place, byte in enumerate(others)}


def letters_of(word: str) -> tuple[str, ...]:
    """Spell a word as the letters of its UTF-8 bytes, the last one marked as the word's end.

    Args:
        word: lower-case, not empty; é takes two bytes, 犬 three, 🍎 four.

    Raises:
        ValueError: the word is empty.
    """
    if not word:
        raise ValueError("word is '', expected at least one letter")
    *first, last = (byte_letters()[byte] for byte in word.encode("utf-8"))
    return (*first, last + WORD_END)


@equation(
    tex=r"(a, b)^\ast = \arg\min_{(a,b)\,\in\,\text{neighbours}} \operatorname{rank}(a, b),"
    r"\qquad a\;b \;\to\; ab",
    source="Sennrich et al. 2016 (Neural Machine Translation of Rare Words with Subword Units), "
    "section 3.2; rank is the order in which CLIP learned the pairs",
)
def merge_steps(letters: tuple[str, ...], ranks: Mapping[Pair, int]) -> Iterator[Merge]:
    """Glue the pair that was learned first, wherever it stands, until none is left.

    Args:
        letters: from ``letters_of``.
        ranks: every learned pair with its place in the list.

    Yields:
        The word after each merge.
    """
    pieces = letters
    while known := [pair for pair in pairwise(pieces) if pair in ranks]:
        best = min(known, key=ranks.__getitem__)
        pieces = _glue(pieces, best)
        yield Merge(ranks[best], best, pieces)


def _glue(pieces: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    """Replace a pair by one piece at every place, from the left."""
    glued: list[str] = []
    at = 0
    while at < len(pieces):
        fits = pieces[at : at + 2] == pair
        glued.append(pieces[at] + pieces[at + 1] if fits else pieces[at])
        at += 2 if fits else 1
    return tuple(glued)
