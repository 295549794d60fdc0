"""From a checkpoint's scheduler config, or from what a person typed, to a noise schedule."""

from collections.abc import Mapping

import numpy as np

from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real, check_switch, check_whole
from core.ideas.schedules import (
    MAX_TRAIN_STEPS,
    accumulate_alpha_bar,
    make_cosine_betas,
    make_linear_betas,
    make_scaled_linear_betas,
    make_sigmoid_betas,
    rescale_to_zero_snr,
)
from core.words import tr

BETA_SCHEDULES = {
    "linear": make_linear_betas,
    "scaled_linear": make_scaled_linear_betas,
    "sigmoid": make_sigmoid_betas,
}
COSINE = "squaredcos_cap_v2"  # has no start and no end to choose


def read_betas(config: Mapping[str, object]) -> np.ndarray:
    """Make the betas that a scheduler config describes.

    Args:
        config: keys as in a checkpoint's scheduler_config.json: beta_schedule, beta_start,
            beta_end, num_train_timesteps, trained_betas, rescale_betas_zero_snr. A missing key
            means what it means to the library's DDPM scheduler. Other keys are not looked at.

    Returns:
        Betas, (T,).

    Raises:
        ExplainerError: a value is missing, no number, or out of range.
    """
    betas = _read_plain_betas(config)
    zero_snr = check_switch(
        config.get("rescale_betas_zero_snr", False), tr("zero terminal SNR switch")
    )
    return rescale_to_zero_snr(betas) if zero_snr else betas


def read_alpha_bar(config: Mapping[str, object]) -> np.ndarray:
    """Make the row of alpha_bar that a scheduler config describes.

    Args:
        config: as for ``read_betas``.

    Returns:
        Signal power left, (T,).

    Raises:
        ExplainerError: a value is missing, no number, or out of range.
    """
    return accumulate_alpha_bar(read_betas(config))


def _read_plain_betas(config: Mapping[str, object]) -> np.ndarray:
    """Return the betas before any rescaling."""
    trained = config.get("trained_betas")
    if trained is not None:
        return _read_trained_betas(trained)
    steps = check_whole(
        config.get("num_train_timesteps", 1000),
        tr("number of training timesteps"),
        2,
        MAX_TRAIN_STEPS,
    )
    name = check_choice(
        config.get("beta_schedule", "linear"), tr("beta schedule"), [*BETA_SCHEDULES, COSINE]
    )
    if name == COSINE:
        return make_cosine_betas(steps)
    start = check_real(config.get("beta_start", 0.0001), tr("first beta"), 1e-9, 0.999)
    end = check_real(config.get("beta_end", 0.02), tr("last beta"), 1e-9, 0.999)
    if start > end:
        raise ExplainerError(
            tr(
                "The first beta, {start:g}, is larger than the last, {end:g}.", start=start, end=end
            ),
            tr("Noise grows with t: swap them."),
        )
    return BETA_SCHEDULES[name](start, end, steps)


def _read_trained_betas(trained: object) -> np.ndarray:
    """Return betas that were given one by one."""
    if not isinstance(trained, list | tuple | np.ndarray) or len(trained) < 2:
        raise ExplainerError(
            tr("The trained betas are not a list of at least two numbers."), tr("Leave them out.")
        )
    return np.array([check_real(beta, tr("trained beta"), 0.0, 0.999) for beta in trained])
