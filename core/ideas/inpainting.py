"""Inpainting by mask: what is kept is put back at every call, what is masked is drawn anew."""

import numpy as np

from core.ideas.arrays import Array
from core.ideas.equation import equation


@equation(
    tex=r"x_t \leftarrow m \odot x_t + (1-m) \odot x_t^{\mathrm{kept}}",
    source="Lugmayr et al. 2022 (RePaint), eq. 8c; their m is 1 where the picture is known, ours "
    "where it is drawn",
)
def put_back(xt: Array, kept: Array, mask: Array) -> Array:
    """Put what is kept of a picture back into latents on their way.

    Args:
        xt: latents as the scheduler left them, (B, C, H, W).
        kept: the picture's own, as noisy as they are, same shape.
        mask: 1 where it is drawn anew, 0 where it is kept, (H, W) or shaped to spread.

    Returns:
        Latents for the next call, shaped like ``xt``.

    Raises:
        ValueError: ``kept`` and ``xt`` differ in shape.
    """
    if tuple(kept.shape) != tuple(xt.shape):
        raise ValueError(f"kept is {tuple(kept.shape)}, expected {tuple(xt.shape)} like xt")
    return mask * xt + (1 - mask) * kept


@equation(
    tex=r"M_{ij} = m_{\lfloor i/s \rfloor,\, \lfloor j/s \rfloor}",
    source="the autoencoder of Rombach et al. 2022 shrinks a picture by s = 8 each way: one latent "
    "stands for s x s pixels",
)
def spread_mask(mask: np.ndarray, scale: int) -> np.ndarray:
    """Return which pixels a mask of latents is about.

    Args:
        mask: of latents, (h, w).
        scale: pixels a latent, each way.

    Returns:
        The mask of pixels, (h * scale, w * scale).
    """
    return mask.repeat(scale, axis=0).repeat(scale, axis=1)
