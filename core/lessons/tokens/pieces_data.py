"""The prompt in pieces, for the browser: what each word fell into, and how."""

import unicodedata
from collections.abc import Sequence
from typing import TypedDict

from core.ideas.byte_pairs import Pair
from core.models.token_words import LONGEST_EXPLAINED, Word, explain_word, lowered, visible
from core.models.tokens import Tokens

MOST_PIECES = 150  # drawn in place: twice what the model reads
LONGEST_TEXT = 40  # characters of one piece that are drawn


class MarkerData(TypedDict):
    """A piece that the tokenizer adds."""

    piece: str
    id: int


class PieceData(MarkerData):
    """A piece of a word: what was typed of it, and whether it is cut off."""

    text: str
    cut: bool


class MergeData(TypedDict):
    """A learned pair's place in the list, the pair, and the pieces after it was glued."""

    rank: int
    pair: Pair
    pieces: tuple[str, ...]


class WordPiecesData(TypedDict):
    """A word.

    Attributes:
        text: as typed.
        pieces: that are drawn.
        letters: it was at first.
        merges: one after the other.
        size: how many pieces there are.
        why: there are no merges.
    """

    text: str
    pieces: list[PieceData]
    letters: tuple[str, ...]
    merges: list[MergeData]
    size: int
    why: str


class PiecesData(TypedDict):
    """The prompt in pieces.

    Attributes:
        words: in the order of the prompt.
        start: the marker before them.
        end: the marker behind them.
        pad: what fills the rest.
        padding: how many times.
        used: pieces that the model reads.
        room: for so many.
        count: pieces in all.
        beyond: pieces that are not drawn, all of them cut.
        learned: length of the learned list of pairs.
        bytes: whether letters that stand for bytes are on show.
    """

    words: list[WordPiecesData]
    start: MarkerData
    end: MarkerData
    pad: MarkerData
    padding: int
    used: int
    room: int
    count: int
    beyond: int
    learned: int
    bytes: bool


def pieces_data(tokens: Tokens, words: Sequence[Word], ranks: dict[Pair, int]) -> PiecesData:
    """Return the prompt in pieces, for the component that draws them in place.

    Args:
        tokens: the prompt as the text encoder gets it.
        words: the same prompt word by word.
        ranks: the learned pairs, each with its place in the list.
    """
    room = len(tokens.ids) - 2
    drawn: list[WordPiecesData] = []
    place = 0
    for word in words:
        if place >= MOST_PIECES:
            break
        drawn.append(_word(word, place, room, ranks))
        place += len(drawn[-1]["pieces"])
    bytes_shown = any(not part["piece"].isascii() for word in drawn for part in word["pieces"])
    return {
        "words": drawn,
        "start": {"piece": tokens.pieces[0], "id": tokens.ids[0]},
        "end": {"piece": tokens.pieces[tokens.used + 1], "id": tokens.ids[tokens.used + 1]},
        "pad": {"piece": _pad_piece(tokens), "id": tokens.pad_id},
        "padding": room - tokens.used,
        "used": tokens.used,
        "room": room,
        "count": tokens.count,
        "beyond": tokens.count - place,
        "learned": len(ranks),
        "bytes": bytes_shown,
    }


def _word(word: Word, place: int, room: int, ranks: dict[Pair, int]) -> WordPiecesData:
    letters, merges = explain_word(word, ranks)
    too_long = len(lowered(word.text).encode()) > LONGEST_EXPLAINED
    return {
        "text": _short(visible(word.text)),
        "pieces": [
            {
                "text": _short(_shown(part.text)),
                "piece": _short(part.piece),
                "id": part.id,
                "cut": place + at >= room,
            }
            for at, part in enumerate(word.pieces[: MOST_PIECES - place])
        ],
        "letters": letters,
        "merges": [{"rank": merge.rank, "pair": merge.pair, "pieces": merge.pieces}
                   for merge in merges],
        "size": len(word.pieces),
        "why": "" if letters else "too long" if too_long else "read whole",
    }  # fmt: skip


def _shown(text: str) -> str:
    """Join what belongs to one emoji silently; a sign that stands alone is named."""
    alone = visible(text)
    return text if alone != text and any(_draws(sign) for sign in text) else alone


def _draws(sign: str) -> bool:
    return not unicodedata.category(sign).startswith(("C", "Z", "M"))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _pad_piece(tokens: Tokens) -> str:
    return tokens.pieces[-1] if tokens.mask[-1] == 0 else ""
