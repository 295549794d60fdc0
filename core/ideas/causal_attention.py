"""Attention under masks, in numpy: who may read whom, and what is read."""

import numpy as np

from core.ideas.equation import equation


@equation(
    tex=r"\operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}} + M\right) V, \qquad "
    r"M_{ij} = \begin{cases} 0 & j \le i \\ -\infty & j > i \end{cases}",
    source="Vaswani et al. 2017, eq. 1, with the mask of section 3.2.3; "
    "Radford et al. 2021 (CLIP), section 2.4, for the text encoder",
)
def causal_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, padding_mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Let every position read itself and what stands before it, and nothing after.

    Args:
        q: queries of one head, (L, d).
        k: keys, (L, d).
        v: values, (L, d).
        padding_mask: 1 where a position may be read by others, (L,); None hides nothing.

    Returns:
        What each position read, (L, d), and the weights, (L, L), rows summing to 1.
    """
    scores = q @ k.T / np.sqrt(q.shape[-1])  # (L, L)
    allowed = readable(len(q), padding_mask)
    scores = np.where(allowed, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return weights @ v, weights


def readable(length: int, padding_mask: np.ndarray | None = None) -> np.ndarray:
    """Say who may read whom: row i reads column j where this is True.

    Args:
        length: number of positions, L.
        padding_mask: 1 where a position may be read, (L,); None hides nothing.

    Returns:
        (L, L) of bool; with a padding mask, both must allow it.
    """
    causal = np.tri(length, dtype=bool)
    return causal if padding_mask is None else causal & padding_mask.astype(bool)
