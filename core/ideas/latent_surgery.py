"""What can be done to latents by hand, to see what each number is for; numpy is enough."""

from collections.abc import Sequence

import numpy as np

from core.ideas.arrays import Numbers, Pixels
from core.ideas.equation import equation

Region = tuple[int, int, int, int]  # first row, row after the last, first column, the same


@equation(
    tex=r"z'_c = g_c\, z_{\pi(c)}",
    source="ours: a gain g and a source channel π(c) for each channel; "
    "g = 0 drops it, g = -1 flips it, two exchanged sources swap two channels",
)
def rewire_channels(latents: Numbers, gains: Sequence[float], order: Sequence[int]) -> Numbers:
    """Scale, drop, flip or swap whole channels.

    Args:
        latents: at unit scale, (C, h, w).
        gains: what each channel is multiplied with, (C,).
        order: which channel each one is taken from, (C,), 0 to C - 1.

    Returns:
        Latents, (C, h, w).

    Raises:
        ValueError: there is not one gain and one source for each channel.
    """
    channels = len(latents)
    if len(gains) != channels or len(order) != channels:
        raise ValueError(f"{len(gains)} gains, {len(order)} sources, expected {channels} each")
    if not set(order) <= set(range(channels)):
        raise ValueError(f"order is {tuple(order)}, expected channels 0 to {channels - 1}")
    return latents[list(order)] * np.asarray(gains, latents.dtype)[:, None, None]


@equation(
    tex=r"z' = \sqrt{1-a}\;z + \sqrt{a}\;\epsilon \quad\text{inside the region}",
    source="Ho et al. 2020 (DDPM), eq. 4 with a = 1 - ᾱ, in one region of the latents",
)
def noise_region(latents: Numbers, eps: Numbers, region: Region, amount: float) -> Numbers:
    """Put noise into a rectangle of the latents, and leave the rest as it is.

    Args:
        latents: at unit scale, (C, h, w).
        eps: noise drawn from N(0, 1), same shape.
        region: first row, row after the last, first column, column after the last.
        amount: how much of the variance becomes noise, 0 to 1.

    Returns:
        Latents, (C, h, w).

    Raises:
        ValueError: ``eps`` has another shape.
    """
    if eps.shape != latents.shape:
        raise ValueError(f"eps is {eps.shape}, expected {latents.shape} like latents")
    top, bottom, left, right = region
    inside = np.zeros(latents.shape[1:], bool)
    inside[top:bottom, left:right] = True
    noisy = np.sqrt(1 - amount) * latents + np.sqrt(amount) * eps
    return np.where(inside, noisy, latents).astype(latents.dtype)


@equation(
    tex=r"m_s = (1-s)\,a + s\,b",
    source="ours: a straight line between two pictures, or between their latents",
)
def mix(a: Numbers | Pixels, b: Numbers | Pixels, share: float) -> Numbers:
    """Go part of the way from one picture to another, in pixels or in latents.

    Args:
        a: pixels or latents, any shape.
        b: the same kind, same shape.
        share: how far, 0 to 1.

    Returns:
        The mixture, same shape.
    """
    return (1 - share) * a + share * b


@equation(
    tex=r"\text{scaling factor} = \frac{1}{\mathrm{std}(z)}",
    source="Rombach et al. 2022 (Latent Diffusion), appendix G: latents are brought to unit "
    "deviation; there it is measured on the first batch of training",
)
def measure_scaling_factor(latents: Numbers) -> float:
    """Find what latents must be multiplied with to have a standard deviation of 1.

    Args:
        latents: as the encoder gives them, not yet scaled, any shape.

    Returns:
        The factor.

    Raises:
        ValueError: all numbers are the same.
    """
    deviation = float(np.std(latents))
    if deviation == 0:
        raise ValueError("the latents are constant, expected some deviation")
    return 1 / deviation
