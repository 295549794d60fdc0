"""The 77 positions as a strip and as rows, and the two tensors as they are."""

from typing import TypedDict

from core.models.token_words import Word, visible
from core.models.tokens import Tokens
from core.views.numbers import count
from core.views.tables import Row
from core.words import tr, tr_later

OWN = tr_later("your words")
_KINDS = {
    "start": tr_later("start"),
    "end": tr_later("end"),
    "padding": tr_later("padding"),
}
LONGEST = 16  # characters of a piece that are drawn


def position_rows(tokens: Tokens, passes_mask: bool = False, words: str = OWN) -> list[Row]:
    """Return one row for each position.

    Args:
        tokens: a prompt as the text encoder gets it.
        passes_mask: whether this model's pipeline hands the padding mask on.
        words: whose they are, for those between start and end.
    """
    return [
        {
            tr_later("position"): place,
            tr_later("piece"): tokens.pieces[place],
            tr_later("id"): tokens.ids[place],
            tr_later("what it is"): tr(words if kind == "word" else _KINDS[kind]),
            tr_later("padding mask"): tokens.mask[place],
            tr_later("is read"): tr("yes") if not passes_mask or tokens.mask[place] else tr("no"),
        }
        for place, kind in enumerate(_kinds(tokens))
    ]


class PositionData(TypedDict):
    """A cell: its text, what it is, whether it is read, and a sentence."""

    text: str
    kind: str
    read: bool
    said: str


class KeyData(TypedDict):
    """What cells of a kind are."""

    kind: str
    read: bool
    text: str


class PositionsData(TypedDict):
    """All positions, what their kinds are, and the strip in words."""

    positions: list[PositionData]
    key: list[KeyData]
    about: str


def strip_data(tokens: Tokens, passes_mask: bool = False, words: str = OWN) -> PositionsData:
    """Return the same as one strip of cells, for the component that draws it.

    Args:
        tokens: a prompt as the text encoder gets it.
        passes_mask: whether this model's pipeline hands the padding mask on.
        words: whose they are, for those between start and end.
    """
    rows, kinds = position_rows(tokens, passes_mask, words), _kinds(tokens)
    padding = kinds.count("padding")
    key = [("start", tr("start and end")), *([("word", tr(words))] if tokens.used else [])]
    if padding:
        what = tr("never read") if passes_mask else tr("read all the same")
        key.append(("padding", tr("padding: mask 0, {what}", what=what)))
    return {
        "positions": [
            {
                "text": tr(_KINDS[kind])
                if kind in ("start", "end")
                else _cell(tokens.texts[place]),
                "kind": kind,
                "read": not passes_mask or bool(tokens.mask[place]),
                "said": tr(
                    "Position {position}: {piece}, id {id}, {what}. Padding mask {mask}; "
                    "read: {read}.",
                    position=place,
                    piece=visible(tokens.pieces[place]),
                    id=row["id"],
                    what=row["what it is"],
                    mask=row["padding mask"],
                    read=row["is read"],
                ),
            }
            for place, (kind, row) in enumerate(zip(kinds, rows, strict=True))
        ],
        "key": [
            {"kind": kind, "read": kind != "padding" or not passes_mask, "text": text}
            for kind, text in key
        ],
        "about": tr(
            "{positions}: start, {used} of {words}, end, "
            "{padding} of padding. The arrow keys read them one by one.",
            positions=count(len(rows), "position"),
            used=tokens.used,
            words=tr(words),
            padding=padding,
        ),
    }


def _kinds(tokens: Tokens) -> list[str]:
    kinds = ["start", *["word"] * tokens.used, "end"]
    return kinds + ["padding"] * (len(tokens.ids) - len(kinds))


def _cell(text: str) -> str:
    said = visible(text)
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def unique_rows(tokens: Tokens) -> list[Row]:
    """Return every token that occurs, once, in order of first use.

    Args:
        tokens: a prompt as the text encoder gets it.
    """
    pieces = dict(zip(tokens.ids, tokens.pieces, strict=True))
    return [
        {
            tr_later("piece"): piece,
            tr_later("id"): number,
            tr_later("times"): tokens.ids.count(number),
        }
        for number, piece in pieces.items()
    ]


def tensor_text(numbers: tuple[int, ...]) -> str:
    """Write a row of numbers as Python would print the tensor of a batch of one.

    Args:
        numbers: ids or mask, (L,).
    """
    return f"tensor([[{', '.join(map(str, numbers))}]])"


def word_rows(words: tuple[Word, ...]) -> list[Row]:
    """Return every word with its pieces and ids.

    Args:
        words: of a prompt.
    """
    return [
        {
            "word": word.text,
            "pieces": [part.piece for part in word.pieces],
            "ids": [part.id for part in word.pieces],
        }
        for word in words
    ]
