"""Data so simple that everything about its diffusion is known: the judge of every sampler.

If clean values are drawn from N(mean, std^2), noisy ones are Gaussian too, the ideal network is
one line, and so is the exact end of every deterministic run. A sampler's error is what remains.
"""

from dataclasses import dataclass

import numpy as np

from core.ideas.arrays import Array
from core.ideas.equation import equation


@dataclass(frozen=True, slots=True)
class GaussianData:
    """Clean values drawn from N(mean, std^2), each on its own."""

    mean: float = 0.3
    std: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no distribution.

        Raises:
            ValueError: ``std`` is not above 0, or a number is not finite.
        """
        if not (np.isfinite(self.mean) and np.isfinite(self.std) and self.std > 0):
            raise ValueError(f"mean {self.mean} and std {self.std}, expected finite, std above 0")


@equation(
    tex=r"x_t \sim \mathcal{N}\bigl(\sqrt{\bar\alpha_t}\,\mu,\ "
    r"\bar\alpha_t s^2 + 1-\bar\alpha_t\bigr)",
    source="Ho et al. 2020 (DDPM), eq. 4, averaged over Gaussian x0",
)
def find_moments(data: GaussianData, alpha_bar: float) -> tuple[float, float]:
    """Find the mean and the standard deviation of noisy values.

    Args:
        data: where clean values come from.
        alpha_bar: signal power left, in [0, 1].

    Returns:
        Mean and standard deviation of x_t.
    """
    variance = alpha_bar * data.std**2 + 1 - alpha_bar
    return alpha_bar**0.5 * data.mean, variance**0.5


@equation(
    tex=r"\epsilon(x,t) = \mathbb{E}[\epsilon \mid x_t = x] = \sqrt{1-\bar\alpha_t}\;"
    r"\frac{x-\sqrt{\bar\alpha_t}\,\mu}{\bar\alpha_t s^2 + 1-\bar\alpha_t}",
    source="Bayes' rule for two Gaussians; -sqrt(1 - alpha_bar) times the score, Song et al. 2021 "
    "(score-based models through SDEs), section 3",
)
def predict_exact_eps(xt: Array, alpha_bar: float, data: GaussianData) -> Array:
    """Predict the noise as a perfect network would.

    Args:
        xt: noisy values at unit scale, any shape.
        alpha_bar: signal power left, in [0, 1).
        data: where clean values come from.

    Returns:
        The expected noise, shaped like ``xt``.
    """
    mean, std = find_moments(data, alpha_bar)
    return (1 - alpha_bar) ** 0.5 * (xt - mean) / std**2


@equation(
    tex=r"\frac{x_{t'}-\sqrt{\bar\alpha_{t'}}\,\mu}{\sqrt{\bar\alpha_{t'}s^2+1-\bar\alpha_{t'}}}"
    r" = \frac{x_t-\sqrt{\bar\alpha_t}\,\mu}{\sqrt{\bar\alpha_t s^2+1-\bar\alpha_t}}",
    source="the probability-flow equation, Song et al. 2021 (score-based models through SDEs), "
    "eq. 13, solved for Gaussian data: every value keeps its place among the others",
)
def solve_exactly(xt: Array, alpha_bar: float, alpha_bar_next: float, data: GaussianData) -> Array:
    """Carry noisy values to another noise level without any error.

    Args:
        xt: noisy values at unit scale, any shape.
        alpha_bar: signal power left in them, in [0, 1].
        alpha_bar_next: signal power left where they are carried to; 1 is clean.
        data: where clean values come from.

    Returns:
        Values at unit scale there, shaped like ``xt``.
    """
    mean, std = find_moments(data, alpha_bar)
    mean_next, std_next = find_moments(data, alpha_bar_next)
    return mean_next + std_next * (xt - mean) / std


@equation(
    tex=r"p = -\,\frac{\sum_i (\log n_i-\overline{\log n})(\log e_i-\overline{\log e})}"
    r"{\sum_i (\log n_i-\overline{\log n})^2}",
    source="least squares on logarithms; error e falls as n^-p for a solver of order p",
)
def measure_order(calls: np.ndarray, errors: np.ndarray) -> float:
    """Measure how fast a sampler's error falls with the number of network calls.

    Args:
        calls: network calls of each run, (K,).
        errors: what was left of the error in each, (K,), above 0.

    Returns:
        The order: about 1 for Euler and DDIM, about 2 for Heun and DPM++ 2M.

    Raises:
        ValueError: fewer than two runs, or an error of 0.
    """
    if len(calls) != len(errors) or len(calls) < 2 or np.min(errors) <= 0:
        raise ValueError(
            f"{len(calls)} runs with errors from {np.min(errors)}, expected two or more, above 0"
        )
    slope, _ = np.polyfit(np.log(calls), np.log(errors), 1)
    return -float(slope)
