"""What a formula can be given: a numpy array or a torch tensor, whichever the caller holds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Any: numpy arrays, torch tensors and plain numbers share arithmetic but no type, and naming
# torch here would import it.
Array = Any
Numbers = NDArray[np.floating]  # whatever their precision
Pixels = NDArray[np.uint8]  # of pictures, the last axis red, green and blue


def spread(weights: Array, like: Array) -> Array:
    """Give one weight per sample the shape that multiplies a whole batch.

    Args:
        weights: a plain number, or one number per sample, (B,).
        like: the batch they will multiply, (B, ...), any number of axes.

    Returns:
        The number itself, or the weights as (B, 1, ..., 1).

    Raises:
        ValueError: there are several weights, but not one per sample.
    """
    if getattr(weights, "ndim", 0) == 0:
        return weights
    if tuple(weights.shape) != (like.shape[0],):
        raise ValueError(
            f"weights are {tuple(weights.shape)}, expected ({like.shape[0]},) for a batch "
            f"{tuple(like.shape)}"
        )
    return weights.reshape((-1,) + (1,) * (like.ndim - 1))  # (B,) -> (B, 1, ..., 1)
