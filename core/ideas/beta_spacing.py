"""The beta spacing: many noise levels at both ends, few in the middle.

It needs the quantiles of the beta distribution. scipy has them; here they are worked out in a
few lines of numpy, so that the spacing can be read and drawn without scipy.
"""

import math

import numpy as np

from core.ideas.equation import equation


@equation(
    tex=r"\sigma_i = \sigma_{\min} + (\sigma_{\max}-\sigma_{\min})\,"
    r"F^{-1}_{\alpha,\beta}\Bigl(1-\frac{i}{N-1}\Bigr)",
    source="Lee et al. 2024 (Beta Sampling is All You Need), alpha = beta = 0.6; there for "
    "timesteps, here for sigmas as in diffusers",
)
def space_beta(
    steps: int, sigma_min: float, sigma_max: float, alpha: float = 0.6, beta: float = 0.6
) -> np.ndarray:
    """Put noise levels at the quantiles of a beta distribution.

    Args:
        steps: how many noise levels, N.
        sigma_min: lowest of them, 0 or more.
        sigma_max: highest of them.
        alpha: the smaller, the more levels lie near ``sigma_min``.
        beta: the smaller, the more levels lie near ``sigma_max``.

    Returns:
        Sigmas, (steps,), falling.

    Raises:
        ValueError: the range is empty, or a number is not positive.
    """
    if steps < 1 or not 0 <= sigma_min <= sigma_max < math.inf:
        raise ValueError(
            f"{steps} sigmas from {sigma_min} to {sigma_max}, expected 1 or more, 0 <= min <= max"
        )
    quantiles = invert_beta(1 - np.linspace(0, 1, steps), alpha, beta)
    return sigma_min + (sigma_max - sigma_min) * quantiles


@equation(
    tex=r"F_{\alpha,\beta}(x) = \frac{x^{\alpha}}{B(\alpha,\beta)}\sum_{n=0}^{\infty}"
    r"\frac{(1-\beta)_n}{n!\,(\alpha+n)}\,x^n",
    source="NIST Digital Library of Mathematical Functions, eq. 8.17.7, written out; used for x up "
    "to 1/2, where it converges fast",
)
def accumulate_beta(x: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Compute the share of the beta distribution that lies below x.

    Args:
        x: places, any shape, in [0, 1].
        alpha: first shape parameter, above 0.
        beta: second shape parameter, above 0.

    Returns:
        Probabilities, shaped like ``x``.
    """
    mirrored = x > 0.5  # F(x; a, b) = 1 - F(1 - x; b, a)
    below = _sum_series(np.where(mirrored, 0.0, x), alpha, beta)
    above = _sum_series(np.where(mirrored, 1 - x, 0.0), beta, alpha)
    return np.where(mirrored, 1 - above, below)


def invert_beta(probability: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Find where the beta distribution has gathered a given probability, by halving.

    Args:
        probability: any shape, in [0, 1].
        alpha: first shape parameter, above 0.
        beta: second shape parameter, above 0.

    Returns:
        Places in [0, 1], shaped like ``probability``, exact to about 1e-15.

    Raises:
        ValueError: a shape parameter is not positive.
    """
    if not (0 < alpha < math.inf and 0 < beta < math.inf):
        raise ValueError(f"alpha and beta are {alpha} and {beta}, expected numbers above 0")
    low, high = np.zeros_like(probability), np.ones_like(probability)
    for _ in range(50):
        middle = (low + high) / 2
        too_low = accumulate_beta(middle, alpha, beta) < probability
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    # halving only comes near the two ends
    return np.where(probability <= 0, 0.0, np.where(probability >= 1, 1.0, (low + high) / 2))


def _sum_series(x: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Return F(x) for x in [0, 1/2]; 60 terms leave less than 1e-17."""
    terms, factor = [], 1.0
    for n in range(60):
        terms.append(factor / (alpha + n))
        factor *= (n + 1 - beta) / (n + 1)  # (1 - beta)_n / n!
    log_b = math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)
    return x**alpha * math.exp(-log_b) * np.polyval(terms[::-1], x)
