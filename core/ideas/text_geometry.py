"""Meaning as geometry: what directions and distances between text vectors say; numpy is enough."""

from typing import TypeVar

import numpy as np

from core.ideas.equation import equation

Array = TypeVar("Array")  # a torch tensor, a numpy array or a float: the arithmetic is the same


@equation(
    tex=r"\cos(a, b) = \frac{a \cdot b}{\lVert a\rVert\,\lVert b\rVert}",
    source="Radford et al. 2021 (CLIP), section 2.3: texts and pictures are compared by cosine",
)
def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compare directions: 1 is the same, 0 a right angle, -1 the opposite.

    Args:
        a: vectors, (..., D).
        b: vectors, broadcast against ``a``.

    Returns:
        One number for each pair, in [-1, 1]; 0 where a vector has no length.
    """
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return (a * b).sum(-1) / np.maximum(lengths, np.finfo(np.float32).tiny)


@equation(
    tex=r"p(x) = \cos\!\left(x - \tfrac{1}{2}(a + b),\; b - a\right)",
    source="cosine onto a difference of two words, as in Bolukbasi et al. 2016 (Man is to Computer "
    "Programmer as Woman is to Homemaker?), section 4; ours is measured from the middle of the two",
)
def place_between(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Place vectors on the axis from one word to another.

    Args:
        x: vectors to place, (..., D).
        a: where the axis begins, (D,).
        b: where it ends, (D,).

    Returns:
        Places, (...); ``a`` itself is at -1, ``b`` at 1.
    """
    return cosine(x - (a + b) / 2, b - a)


@equation(
    tex=r"c_s = (1 - s)\,c_a + s\,c_b",
    source="a straight line between two prompts' text states, position by position, as the "
    "compel library's .blend() draws it",
)
def blend(a: Array, b: Array, share: float) -> Array:
    """Mix the text states of two prompts.

    Args:
        a: states of the first, any shape.
        b: states of the second, same shape.
        share: how much of the second, 0 to 1.

    Returns:
        Mixed states, same shape.
    """
    # Any: plus and times are all that is asked of the three kinds of array.
    return (1 - share) * a + share * b  # type: ignore[operator]


@equation(
    tex=r"\Delta_i = \frac{\lVert h_i' - h_i\rVert}{\lVert h_i\rVert}",
    source="relative change of a vector; used here for every position of the text",
)
def relative_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Say how far each vector moved, as a share of its own length.

    Args:
        before: vectors, (..., D).
        after: the same ones later.

    Returns:
        Shares, (...); 0 is unmoved.
    """
    lengths = np.linalg.norm(before, axis=-1)
    return np.linalg.norm(after - before, axis=-1) / np.maximum(lengths, np.finfo(np.float32).tiny)
