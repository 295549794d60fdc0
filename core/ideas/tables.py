"""The numbers behind the time and noise pages as columns: for tables, CSV files and JSON."""

import numpy as np

from core.ideas.forward import weigh_signal_and_noise
from core.ideas.interpolation import Plan
from core.ideas.noise_levels import (
    alpha_bar_from_sigma,
    sigma_from_alpha_bar,
    snr_db_from_alpha_bar,
)
from core.ideas.timestep import EmbeddingSettings, compute_frequencies, compute_periods

Columns = dict[str, np.ndarray]


def tabulate_levels(alpha_bar: np.ndarray) -> Columns:
    """List what every training timestep does to a picture.

    Args:
        alpha_bar: signal power left, (T,).

    Returns:
        t, alpha_bar, sigma, signal and noise (the two weights of the jump) and snr_db, (T,) each;
        where alpha_bar is 0, sigma is infinite and snr_db minus infinity.
    """
    signal, noise = weigh_signal_and_noise(alpha_bar)
    return {
        "t": np.arange(len(alpha_bar)),
        "alpha_bar": alpha_bar,
        "sigma": np.asarray(sigma_from_alpha_bar(alpha_bar)),
        "signal": signal,
        "noise": noise,
        "snr_db": np.asarray(snr_db_from_alpha_bar(alpha_bar)),
    }


def tabulate_plan(plan: Plan) -> Columns:
    """List where every step of a run starts.

    Args:
        plan: the noise levels that the run visits.

    Returns:
        step, t, sigma, alpha_bar and snr_db, (N,) each; the level where the run ends is left out.
    """
    sigma = plan.sigmas[:-1]
    alpha_bar = np.asarray(alpha_bar_from_sigma(sigma))
    return {
        "step": np.arange(len(sigma)),
        "t": plan.timesteps,
        "sigma": sigma,
        "alpha_bar": alpha_bar,
        "snr_db": np.asarray(snr_db_from_alpha_bar(alpha_bar)),
    }


def tabulate_frequencies(settings: EmbeddingSettings, steps: int = 1000) -> Columns:
    """List the clock hands of a timestep embedding.

    Args:
        settings: how timesteps are embedded.
        steps: how many timesteps there are.

    Returns:
        pair, frequency (radians per step), period (steps), turns (over all timesteps) and finished
        (whether it goes round at least once), (dim // 2,) each.
    """
    periods = compute_periods(settings)
    return {
        "pair": np.arange(len(periods)),
        "frequency": compute_frequencies(settings),
        "period": periods,
        "turns": steps / periods,
        "finished": periods <= steps,
    }
