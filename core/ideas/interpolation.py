"""Between timestep and sigma: a schedule has 1,000 noise levels, samplers want those between.

Libraries differ here. Between two timesteps diffusers' Euler draws a straight line in sigma,
k-diffusion one in log sigma; from sigma back to t both go along log sigma.
"""

from dataclasses import dataclass

import numpy as np

from core.ideas.equation import equation
from core.ideas.noise_levels import sigma_from_alpha_bar


@dataclass(frozen=True, slots=True)
class Plan:
    """The noise levels that one run visits.

    Attributes:
        timesteps: what the network is told, (N,), falling, perhaps with fractions.
        sigmas: the noise there, (N + 1,), falling; the last is where the run ends.
    """

    timesteps: np.ndarray
    sigmas: np.ndarray


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
    tex=r"\log\sigma(t) = (1-w)\log\sigma_{\lfloor t\rfloor} + w\log\sigma_{\lfloor t\rfloor+1},"
    r"\qquad w = t-\lfloor t\rfloor",
    source="k-diffusion, DiscreteSchedule.t_to_sigma",
)
def sigma_at_timestep_log(t: np.ndarray | float, sigmas: np.ndarray) -> np.ndarray | float:
    """Read the noise level at a timestep, along straight lines in log sigma.

    Args:
        t: timesteps, fractions are fine; beyond the ends the end's value is given.
        sigmas: noise levels of the schedule, (T,), rising with t, above 0.

    Returns:
        Sigmas, shaped like ``t``.
    """
    return np.exp(np.interp(t, np.arange(len(sigmas)), np.log(sigmas)))


@equation(
    tex=r"t(\sigma) = k + \frac{\sigma-\sigma_k}{\sigma_{k+1}-\sigma_k},"
    r"\qquad \sigma_k \le \sigma \le \sigma_{k+1}",
    source="the inverse of the linear interpolation in diffusers' EulerDiscreteScheduler",
)
def timestep_at_sigma_linear(sigma: np.ndarray | float, sigmas: np.ndarray) -> np.ndarray | float:
    """Find the timestep of a noise level, along straight lines.

    Args:
        sigma: noise levels; beyond the ends the end's timestep is given.
        sigmas: noise levels of the schedule, (T,), rising with t.

    Returns:
        Timesteps with fractions, shaped like ``sigma``.
    """
    return np.interp(sigma, sigmas, np.arange(len(sigmas)))


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


def plan_timesteps(timesteps: np.ndarray, alpha_bar: np.ndarray) -> Plan:
    """Plan a run over chosen timesteps that ends without noise.

    Args:
        timesteps: what the network is told, (N,), falling.
        alpha_bar: the schedule's signal power left, (T,).

    Returns:
        The plan, its sigmas read along straight lines, and 0 at the end.
    """
    sigmas = sigma_at_timestep(timesteps, np.asarray(sigma_from_alpha_bar(alpha_bar)))
    return Plan(timesteps=timesteps, sigmas=np.append(sigmas, 0.0))


def plan_sigmas(sigmas: np.ndarray, alpha_bar: np.ndarray) -> Plan:
    """Plan a run over chosen noise levels that ends without noise.

    Args:
        sigmas: noise levels to visit, (N,), falling, without the final 0.
        alpha_bar: the schedule's signal power left, (T,).

    Returns:
        The plan, its timesteps read along log sigma, and 0 at the end.
    """
    levels = np.asarray(sigma_from_alpha_bar(alpha_bar))
    timesteps = np.asarray(timestep_at_sigma(sigmas, levels))
    return Plan(timesteps=timesteps, sigmas=np.append(sigmas, 0.0))
