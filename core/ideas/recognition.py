"""From which look on a picture is taken for what was asked for."""

from typing import TYPE_CHECKING

import numpy as np

from core.ideas.arrays import Numbers
from core.ideas.equation import equation

if TYPE_CHECKING:
    from torch import Tensor


@equation(
    tex=r"p_j = \frac{e^{z_j}}{\sum_i e^{z_i}}",
    source="the softmax: Goodfellow et al. 2016 (Deep Learning), eq. 6.29",
)
def share_belief(scores: "Tensor") -> "Tensor":
    """Turn what a classifier gives for each name into shares of one whole.

    Args:
        scores: any numbers, (B, names).

    Returns:
        Shares, same shape; each row adds up to 1.
    """
    raised = (scores - scores.amax(1, keepdim=True)).exp()  # the largest is 1: nothing overflows
    return raised / raised.sum(1, keepdim=True)


@equation(
    tex=r"k^* = \min\{k : p_j > r_j \ \text{for all}\ j \ge k\}",
    source="ours: from there on what was asked for leads before its strongest rival, to the end",
)
def find_lead(asked: Numbers, rivals: Numbers) -> int | None:
    """Find from which look on one share stays ahead of another.

    Args:
        asked: share of what was asked for at each look, (n,).
        rivals: share of its strongest rival there, (n,).

    Returns:
        The number of that look, 0 is the first; None where it is not ahead at the last.
    """
    behind = np.flatnonzero(asked <= rivals)
    first = 0 if not len(behind) else int(behind[-1]) + 1
    return first if first < len(asked) else None
