"""Between timestep and sigma: a schedule has 1,000 noise levels, samplers want those between.

From t to sigma diffusers' Euler draws straight lines in sigma, from sigma back to t in log sigma:
between two timesteps the one is not quite the other's inverse. k-diffusion goes along log sigma
both ways.
"""

import numpy as np

from core.ideas.equation import equation


@equation(
    tex=r"\sigma(t) = (1-w)\,\sigma_{\lfloor t\rfloor} + w\,\sigma_{\lfloor t\rfloor+1},"
    r"\qquad w = t-\lfloor t\rfloor",
    source="diffusers, EulerDiscreteScheduler with interpolation_type 'linear'",
)
def sigma_at_timestep(t: np.ndarray | float, sigmas: np.ndarray) -> np.ndarray | float:
    """Read the noise level at a timestep, along straight lines.

    Args:
        t: timesteps, fractions are fine; beyond the ends the end's value is given.
        sigmas: noise levels of the schedule, (T,), rising with t.

    Returns:
        Sigmas, shaped like ``t``.
    """
    return np.interp(t, np.arange(len(sigmas)), sigmas)


@equation(
    tex=r"t(\sigma) = k + \frac{\log\sigma-\log\sigma_k}{\log\sigma_{k+1}-\log\sigma_k},"
    r"\qquad \sigma_k \le \sigma \le \sigma_{k+1}",
    source="k-diffusion, DiscreteSchedule.sigma_to_t; diffusers, _sigma_to_t",
)
def timestep_at_sigma(sigma: np.ndarray | float, sigmas: np.ndarray) -> np.ndarray | float:
    """Find the timestep of a noise level, along straight lines in log sigma.

    Args:
        sigma: noise levels, 0 or more; beyond the ends the end's timestep is given.
        sigmas: noise levels of the schedule, (T,), rising with t, above 0.

    Returns:
        Timesteps with fractions, shaped like ``sigma``.
    """
    return np.interp(np.log(np.maximum(sigma, 1e-10)), np.log(sigmas), np.arange(len(sigmas)))
