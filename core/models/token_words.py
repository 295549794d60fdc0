"""A prompt word by word: which characters became which pieces, in place; imports no torch."""

import json
import unicodedata
from dataclasses import dataclass
from itertools import groupby

from tokenizers import Tokenizer

from core.ideas.byte_pairs import Merge, Pair, letters_of, merge_steps
from core.models.tokens import END, START

LONGEST_EXPLAINED = 48  # bytes of a word whose merges are told one by one


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of the prompt, where it stands.

    Attributes:
        text: the characters it begins in, "" where the piece before it shows them already (a
            character may take several pieces).
        piece: the vocabulary's spelling; ``</w>`` ends a word.
        id: its token id.
    """

    text: str
    piece: str
    id: int


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch of the prompt that is split into pieces by itself.

    Attributes:
        text: as typed.
        pieces: what it falls into.
    """

    text: str
    pieces: tuple[Piece, ...]


def visible(text: str) -> str:
    """Return characters that draw nothing by their numbers, and all others as they are.

    Args:
        text: any text.
    """
    silent = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return "".join(
        f"U+{ord(sign):04X}" if unicodedata.category(sign) in silent else sign for sign in text
    )


def words_of(tokenizer: Tokenizer, prompt: str) -> tuple[Word, ...]:
    """Read a whole prompt word by word; nothing is cut here.

    Args:
        tokenizer: from ``load_tokenizer``.
        prompt: any text; halves of surrogate pairs are read as U+FFFD.

    Returns:
        The words in order; their pieces are the tokens of ``tokenize``, before it cuts.
    """
    prompt = prompt.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    read = tokenizer.encode(prompt, add_special_tokens=False)
    # Each of these is made anew whenever it is asked for.
    ids, spellings, offsets, numbers = read.ids, read.tokens, read.offsets, read.word_ids
    words, shown = [], 0
    for _, group in groupby(range(len(ids)), key=numbers.__getitem__):
        places = list(group)
        pieces, begin = [], max(shown, offsets[places[0]][0])
        for at in places:
            start, end = offsets[at]
            after = offsets[at + 1][0] if at + 1 < len(ids) else len(prompt)
            while end < after and not prompt[end].isspace():
                end += 1  # an accent that was joined to its letter, though no offset says so
            pieces.append(Piece(prompt[max(start, shown) : end], spellings[at], ids[at]))
            shown = max(shown, end)
        words.append(Word(prompt[begin:shown], tuple(pieces)))
    return tuple(words)


def read_merges(tokenizer: Tokenizer) -> dict[Pair, int]:
    """Return every learned pair with its place in the list; 0 was learned first.

    Args:
        tokenizer: from ``load_tokenizer``.
    """
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in merges)
    return {(left, right): rank for rank, (left, right) in enumerate(pairs)}


def lowered(text: str) -> str:
    """Return a text as the tokenizer lower-cases it: sign by sign, so that each Σ becomes σ.

    Args:
        text: any text; accents are joined to their letters.
    """
    return "".join(sign.lower() for sign in unicodedata.normalize("NFC", text))


def explain_word(word: Word, ranks: dict[Pair, int]) -> tuple[tuple[str, ...], tuple[Merge, ...]]:
    """Return the letters a word starts from, and its merges one by one.

    Args:
        word: from ``words_of``.
        ranks: from ``read_merges``.

    Returns:
        Letters and merges, both empty for a marker typed as text (it is read whole) and for a word
        too long to be told.
    """
    plain = lowered(word.text)
    if not plain or plain in (START, END) or len(plain.encode()) > LONGEST_EXPLAINED:
        return (), ()
    letters = letters_of(plain)
    merges = tuple(merge_steps(letters, ranks))
    found = merges[-1].pieces if merges else letters
    # A pad token of its own ("!" of Stable Diffusion 2) is split off before the merges.
    return (letters, merges) if found == tuple(part.piece for part in word.pieces) else ((), ())


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word of the prompt with where it stands, in the prompt and in the text that is read.

    Attributes:
        text: as typed.
        span: its first character in the prompt and the one after its last.
        positions: of its tokens in the text; 0 is the start token.
    """

    text: str
    span: tuple[int, int]
    positions: tuple[int, ...]


def placed_words(tokenizer: Tokenizer, prompt: str, room: int) -> tuple[PlacedWord, ...]:
    """Return the words of a prompt that are read whole, in order.

    Args:
        tokenizer: from ``load_tokenizer``.
        prompt: any text; halves of surrogate pairs are read as U+FFFD.
        room: tokens that are read, start and end left out.
    """
    prompt = prompt.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    read = tokenizer.encode(prompt, add_special_tokens=False)
    offsets, numbers = read.offsets, read.word_ids
    found = []
    for _, group in groupby(range(len(offsets)), key=numbers.__getitem__):
        places = list(group)
        start, end = offsets[places[0]][0], offsets[places[-1]][1]
        if places[-1] < room:
            positions = tuple(place + 1 for place in places)
            found.append(PlacedWord(prompt[start:end], (start, end), positions))
    return tuple(found)
