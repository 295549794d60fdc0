"""One noise level, said in four ways: alpha_bar, sigma, SNR and decibels.

Papers and libraries each have their favourite; they are the same number on different scales.
"""

import math
from collections.abc import Sequence

import numpy as np

from core.ideas.equation import equation

# Of signal or noise: less counts as this much, so that its logarithm is a number. It is what some
# of the library's schedulers put in the place of no signal, so that these are neighbours.
NEARLY_NONE = 2.0**-24
Level = float | np.ndarray  # one noise level or a row of them; the answer has the same shape


@equation(
    tex=r"\sigma = \sqrt{\frac{1-\bar\alpha}{\bar\alpha}}",
    source="Song et al. 2021 (DDIM), between eq. 13 and 14; their alpha is our alpha_bar",
)
def sigma_from_alpha_bar(alpha_bar: Level) -> Level:
    """Say how much noise there is per unit of signal.

    Args:
        alpha_bar: signal power left, in [0, 1].

    Returns:
        Noise level, from 0 (clean) to infinity (nothing but noise).
    """
    with np.errstate(divide="ignore"):
        return np.sqrt(np.divide(1 - np.asarray(alpha_bar), alpha_bar))


@equation(
    tex=r"\bar\alpha = \frac{1}{1+\sigma^2}",
    source="Song et al. 2021 (DDIM), between eq. 13 and 14, solved for alpha_bar",
)
def alpha_bar_from_sigma(sigma: Level) -> Level:
    """Say how much of the signal's power is left.

    Args:
        sigma: noise per unit of signal, 0 to infinity.

    Returns:
        Signal power left, in [0, 1].
    """
    return 1 / (1 + np.square(sigma))


@equation(
    tex=r"\mathrm{SNR} = \frac{\bar\alpha}{1-\bar\alpha} = \frac{1}{\sigma^2}",
    source="Kingma et al. 2021 (Variational Diffusion Models), eq. 2",
)
def snr_from_alpha_bar(alpha_bar: Level) -> Level:
    """Divide the signal's power by the noise's.

    Args:
        alpha_bar: signal power left, in [0, 1].

    Returns:
        Signal-to-noise ratio, from 0 (only noise) to infinity (clean).
    """
    with np.errstate(divide="ignore"):
        return np.divide(alpha_bar, 1 - np.asarray(alpha_bar))


@equation(
    tex=r"\mathrm{SNR}_{\mathrm{dB}} = 10\,\log_{10}\frac{\bar\alpha}{1-\bar\alpha}"
    r" = -20\,\log_{10}\sigma",
    source="decibels of a power ratio; SNR as in Kingma et al. 2021, eq. 2",
)
def snr_db_from_alpha_bar(alpha_bar: Level) -> Level:
    """Say the signal-to-noise ratio in decibels: +10 is ten times more signal than noise.

    Args:
        alpha_bar: signal power left, in [0, 1].

    Returns:
        Decibels; 0 where signal and noise are equally strong (sigma = 1).
    """
    with np.errstate(divide="ignore"):
        return 10 * np.log10(snr_from_alpha_bar(alpha_bar))


def nearest_level(levels: Sequence[float], alpha_bar: float) -> int:
    """Return which noise level is the nearest to another, counted in log sigma.

    Args:
        levels: signal power left at each.
        alpha_bar: signal power left, in [0, 1].
    """

    def height(level: float) -> float:
        level = min(max(level, NEARLY_NONE), 1 - NEARLY_NONE)
        return math.log((1 - level) / level)

    away = [abs(height(level) - height(alpha_bar)) for level in levels]
    return away.index(min(away))
