"""The 77 positions as rows, and the two tensors as they are."""

from core.models.token_words import Word
from core.models.tokens import Tokens

Row = dict[str, object]


def position_rows(tokens: Tokens, passes_mask: bool = False) -> list[Row]:
    """Return one row for each position.

    Args:
        tokens: a prompt as the text encoder gets it.
        passes_mask: whether this model's pipeline hands the padding mask on.
    """
    last = tokens.used + 1
    kinds = ["start", *["your words"] * tokens.used, "end"]
    kinds += ["padding"] * (len(tokens.ids) - len(kinds))
    return [
        {
            "position": place,
            "piece": tokens.pieces[place],
            "id": tokens.ids[place],
            "what it is": kinds[place],
            "padding mask": tokens.mask[place],
            "is read": "yes" if not passes_mask or place <= last else "no",
        }
        for place in range(len(tokens.ids))
    ]


def unique_rows(tokens: Tokens) -> list[Row]:
    """Return every token that occurs, once, in order of first use.

    Args:
        tokens: a prompt as the text encoder gets it.
    """
    pieces = dict(zip(tokens.ids, tokens.pieces, strict=True))
    return [
        {"piece": piece, "id": number, "times": tokens.ids.count(number)}
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
