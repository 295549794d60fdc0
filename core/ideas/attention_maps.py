"""Maps of cross-attention: what is read off the weights, and how they are changed.

A weight A_ij says how much position i of the picture takes from position j of the text; over j the
weights of one i sum to 1. Maps are laid out (..., L, H, W), one picture for each text position.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Array
from core.ideas.equation import equation

Maps = NDArray[np.floating]


@equation(
    tex=r"\bar A_{ij} = \frac{1}{S\,M} \sum_{s=1}^{S} \sum_{m=1}^{M} \frac{1}{h_m} "
    r"\sum_{k=1}^{h_m} A^{(s,m,k)}_{ij}",
    source="ours: the plain mean over S steps, M layers and the h_m heads of layer m; Tang et al. "
    "2022 (DAAM), section 2.2, take the sum",
)
def mean_map(layers: Sequence[Maps]) -> Maps:
    """Average maps over steps, heads and layers: one map for each position of the text.

    Args:
        layers: one array a layer, (S, h_m, L, H, W); smaller ones are enlarged to the largest
            first, and a layer counts the same however many heads it has.

    Returns:
        (L, H, W), over L still summing to 1 at every place.
    """
    size = max(maps.shape[-2:] for maps in layers)
    means = [enlarge_map(maps.mean(axis=(0, 1), dtype=np.float32), size) for maps in layers]
    return np.mean(means, axis=0)


@equation(
    tex=r"b_G = \frac{1}{N} \sum_{i=1}^{N} \sum_{j \in G} A_{ij}, \qquad \sum_G b_G = 1",
    source="ours: the mean over all N places of what a group G of text positions gets",
)
def attention_budget(shares: Maps, groups: Sequence[Sequence[int]]) -> Maps:
    """Say how much of the softmax goes to each group of text positions.

    Args:
        shares: the mean over places of what each position gets, (..., L).
        groups: numbers of text positions, such as start, words, end and padding.

    Returns:
        One share a group, (..., groups); they sum to 1 where the groups hold every position once.
    """
    return np.stack([shares[..., list(group)].sum(axis=-1) for group in groups], axis=-1)


@equation(
    tex=r"P_i = \sum_{j \in \text{phrase}} A_{ij}",
    source="ours: weights of one softmax are shares of one whole, so they add up",
)
def phrase_map(maps: Maps, positions: Sequence[int]) -> Maps:
    """Return the map of several tokens together: a word of many pieces, or a phrase.

    Args:
        maps: (L, H, W).
        positions: numbers of the tokens.

    Returns:
        (H, W), at most 1 at every place.
    """
    return maps[list(positions)].sum(axis=0)


@equation(
    tex=r"w_i = \arg\max_{j \in \text{words}} A_{ij}",
    source="ours: the strongest word takes the place, however narrowly it wins",
)
def strongest_word(maps: Maps) -> NDArray[np.intp]:
    """Give every place to the word that it takes most from.

    Args:
        maps: one for each word that competes, (words, H, W).

    Returns:
        Number of the winner at every place, (H, W).
    """
    return maps.argmax(axis=0)


@equation(
    tex=r"A'_{ij} = \begin{cases} c\,A_{ij} & j \in \text{word} \\ A_{ij} & \text{else} "
    r"\end{cases}",
    source="Hertz et al. 2022 (Prompt-to-Prompt), section 3.2, 'Attention re-weighting'; "
    "the row no longer sums to 1",
)
def reweight(weights: Array, factors: Array) -> Array:
    """Make a word count more or less, and leave all other weights as they are.

    Args:
        weights: (..., N, L).
        factors: c at the positions of the word, 1 at all others, (L,).

    Returns:
        The new weights, same shape.
    """
    return weights * factors


@equation(
    tex=r"A'_s = \begin{cases} A^{\text{base}}_s R & s < \tau S \\ A^{\text{new}}_s & \text{else} "
    r"\end{cases}",
    source="Hertz et al. 2022 (Prompt-to-Prompt), section 3.2, 'Word swap'; their steps count "
    "down, our s counts up, and R moves each position to where it stands in the new prompt",
)
def replace_weights(base: Array, own: Array, moves: Array, step: int, last: float) -> Array:
    """Let the new prompt's run look where the first prompt's run looked, up to some step.

    Args:
        base: weights of the first prompt's run, (..., N, L).
        own: weights that the new prompt's run would have, same shape.
        moves: R from ``align_positions``, (L, L).
        step: number of this one, 0 is the first.
        last: the step from which on it looks by itself, tau times S.

    Returns:
        Weights to go on with; their rows sum to 1.
    """
    return base @ moves if step < last else own


def split_parts(
    base: Sequence[int], new: Sequence[int], length: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Split two prompts into parts that belong together, position by position of the text.

    Args:
        base: token ids of one prompt, without start, end and padding; at least one.
        new: of the other.
        length: positions of the text, L; both prompts leave room for start and end.

    Returns:
        For each prompt: start, what both begin with, what differs, what both end with, end,
        padding. A part is empty in both or in neither.

    Raises:
        ValueError: a prompt is empty or too long.
    """
    if not base or not new or max(len(base), len(new)) > length - 2:
        raise ValueError(
            f"prompts have {len(base)} and {len(new)} tokens, expected 1 to {length}-2"
        )
    least = min(len(base), len(new))
    longest = least if len(base) == len(new) else least - 1  # what differs must not be empty
    before = _alike(base, new, longest)
    after = _alike(base[::-1], new[::-1], longest - before)
    parts = []
    for ids in (base, new):
        end = len(ids) + 1
        cuts = (0, 1, 1 + before, end - after, end, end + 1, length)
        parts.append([list(range(a, b)) for a, b in pairwise(cuts)])
    if any(not part[-1] for part in parts):  # no padding in one: it goes with the end
        parts = [[*part[:-2], part[-2] + part[-1]] for part in parts]
    return parts[0], parts[1]


def _alike(base: Sequence[int], new: Sequence[int], most: int) -> int:
    pairs = zip(base[:most], new[:most], strict=True)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), most)


def align_positions(
    base: Sequence[Sequence[int]], new: Sequence[Sequence[int]], length: int
) -> NDArray[np.float32]:
    """Say where each position of one prompt stands in another.

    Args:
        base: the positions of each part, from ``split_parts``.
        new: of the same parts in the other prompt. Where a part has as many positions, they move
            one by one; where it has not, each is spread evenly over the part.
        length: positions of the text, L.

    Returns:
        R, (L, L), rows summing to 1.

    Raises:
        ValueError: a part is empty in one prompt only, or positions are left out.
    """
    moves = np.zeros((length, length), np.float32)
    for before, after in zip(base, new, strict=True):
        if bool(before) != bool(after):
            raise ValueError(f"parts are {list(before)} and {list(after)}, expected both or none")
        if len(before) == len(after):
            moves[list(before), list(after)] = 1
        else:
            moves[np.ix_(before, after)] = 1 / len(after)
    if not np.allclose(moves.sum(axis=1), 1):
        raise ValueError(f"parts hold {sum(map(len, base))} positions, expected {length}")
    return moves


def enlarge_map(maps: Array, size: tuple[int, int]) -> Array:
    """Enlarge maps to another size, each position repeated (nearest neighbour).

    Args:
        maps: (..., h, w).
        size: height and width, not smaller.

    Returns:
        (..., *size).
    """
    rows = np.arange(size[0]) * maps.shape[-2] // size[0]
    columns = np.arange(size[1]) * maps.shape[-1] // size[1]
    return maps[..., rows[:, None], columns]
