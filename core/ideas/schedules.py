"""Noise schedules: how much noise each of the training timesteps adds.

A schedule is a row of betas, one per timestep; what is left of the signal is their running
product, alpha_bar. All of Stable Diffusion's noise follows from 1,000 such numbers.
"""

import math

import numpy as np

from core.ideas.equation import equation

MAX_TRAIN_STEPS = 100_000
SMALLEST_ALPHA_BAR = 2.0**-24  # half precision's smallest number above 0; sigma is then 4,096


@equation(
    tex=r"\beta_t = \beta_1 + \frac{t-1}{T-1}\,(\beta_T-\beta_1)",
    source="Ho et al. 2020 (DDPM), section 4: from 0.0001 to 0.02; our t counts from 0, theirs "
    "from 1",
)
def make_linear_betas(
    beta_start: float = 0.0001, beta_end: float = 0.02, train_steps: int = 1000
) -> np.ndarray:
    """Space betas evenly, as DDPM does.

    Args:
        beta_start: noise variance added at t = 0, in (0, 1).
        beta_end: noise variance added at the last t, in [beta_start, 1).
        train_steps: how many timesteps.

    Returns:
        Betas, (train_steps,).

    Raises:
        ValueError: the betas leave (0, 1) or fall, or the count is out of range.
    """
    _refuse_bad_range(beta_start, beta_end, train_steps)
    return np.linspace(beta_start, beta_end, train_steps)


@equation(
    tex=r"\sqrt{\beta_t} = \sqrt{\beta_1} + \frac{t-1}{T-1}\,(\sqrt{\beta_T}-\sqrt{\beta_1})",
    source="Rombach et al. 2022 (latent diffusion), code: make_beta_schedule, there called "
    "'linear'; Stable Diffusion 1.x: from 0.00085 to 0.012",
)
def make_scaled_linear_betas(
    beta_start: float = 0.00085, beta_end: float = 0.012, train_steps: int = 1000
) -> np.ndarray:
    """Space the square roots of the betas evenly, as Stable Diffusion does.

    Args:
        beta_start: noise variance added at t = 0, in (0, 1).
        beta_end: noise variance added at the last t, in [beta_start, 1).
        train_steps: how many timesteps.

    Returns:
        Betas, (train_steps,).

    Raises:
        ValueError: the betas leave (0, 1) or fall, or the count is out of range.
    """
    _refuse_bad_range(beta_start, beta_end, train_steps)
    return np.linspace(math.sqrt(beta_start), math.sqrt(beta_end), train_steps) ** 2


@equation(
    tex=r"\bar\alpha_t = \frac{f(t)}{f(0)},\quad "
    r"f(t) = \cos^2\!\Bigl(\frac{t/T+s}{1+s}\cdot\frac{\pi}{2}\Bigr),\quad "
    r"\beta_t = \min\Bigl(1-\frac{\bar\alpha_t}{\bar\alpha_{t-1}},\ 0.999\Bigr)",
    source="Nichol & Dhariwal 2021 (iDDPM), eq. 17, with s = 0.008; squaredcos_cap_v2 in diffusers",
)
def make_cosine_betas(train_steps: int = 1000, max_beta: float = 0.999) -> np.ndarray:
    """Let the signal fall along a squared cosine, as iDDPM does.

    Args:
        train_steps: how many timesteps.
        max_beta: cap, so that the last step does not destroy everything at once.

    Returns:
        Betas, (train_steps,).

    Raises:
        ValueError: the cap leaves (0, 1), or the count is out of range.
    """
    _refuse_bad_range(max_beta, max_beta, train_steps)
    edges = np.arange(train_steps + 1) / train_steps
    signal = np.cos((edges + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.minimum(1 - signal[1:] / signal[:-1], max_beta)


@equation(
    tex=r"\beta_t = \beta_1 + (\beta_T-\beta_1)\,\frac{1}{1+e^{-u_t}},\qquad u_t \in [-6,\,6]",
    source="Xu et al. 2022 (GeoDiff), code; 'sigmoid' in diffusers' DDPMScheduler",
)
def make_sigmoid_betas(
    beta_start: float = 0.0001, beta_end: float = 0.02, train_steps: int = 1000
) -> np.ndarray:
    """Raise betas along an S curve.

    Args:
        beta_start: about the noise variance added at t = 0, in (0, 1).
        beta_end: about the noise variance added at the last t, in [beta_start, 1).
        train_steps: how many timesteps.

    Returns:
        Betas, (train_steps,).

    Raises:
        ValueError: the betas leave (0, 1) or fall, or the count is out of range.
    """
    _refuse_bad_range(beta_start, beta_end, train_steps)
    ramp = np.linspace(-6, 6, train_steps)
    return beta_start + (beta_end - beta_start) / (1 + np.exp(-ramp))


@equation(
    tex=r"\bar\alpha_t = \prod_{s=1}^{t} (1-\beta_s)",
    source="Ho et al. 2020 (DDPM), section 2, above eq. 4",
)
def accumulate_alpha_bar(betas: np.ndarray) -> np.ndarray:
    """Multiply up what every timestep leaves of the signal's power.

    Args:
        betas: noise variances, (T,), each in [0, 1].

    Returns:
        Signal power left, (T,), falling from about 1 towards 0.

    Raises:
        ValueError: there are fewer than two betas, or one leaves [0, 1].
    """
    if betas.ndim != 1 or len(betas) < 2:
        raise ValueError(f"betas are {betas.shape}, expected a row of at least 2")
    if not np.all((betas >= 0) & (betas <= 1)):  # also refuses NaN
        raise ValueError(f"betas go from {betas.min()} to {betas.max()}, expected [0, 1]")
    return np.cumprod(1 - betas)


@equation(
    tex=r"\sqrt{\bar\alpha_t} \leftarrow \frac{\sqrt{\bar\alpha_1}}"
    r"{\sqrt{\bar\alpha_1}-\sqrt{\bar\alpha_T}}\,\bigl(\sqrt{\bar\alpha_t}-\sqrt{\bar\alpha_T}\bigr)",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules and Sample Steps are Flawed), "
    "algorithm 1",
)
def rescale_to_zero_snr(betas: np.ndarray) -> np.ndarray:
    """Bend a schedule so that nothing of the signal survives its last timestep.

    Args:
        betas: noise variances, (T,), each in [0, 1).

    Returns:
        New betas, (T,): the first is unchanged, the last is 1.

    Raises:
        ValueError: there are fewer than two betas, or one leaves [0, 1].
    """
    root = np.sqrt(accumulate_alpha_bar(betas))
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    alpha_bar = root**2
    return 1 - np.concatenate([alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1]])


def keep_sigma_finite(alpha_bar: np.ndarray) -> np.ndarray:
    """Lift a last alpha_bar of 0 to 2^-24, as the library's sigma schedulers do.

    Args:
        alpha_bar: signal power left, (T,), perhaps exactly 0 at the end.

    Returns:
        The same row, with 2^-24 in place of 0; sigma is 4,096 there. Less signal than that, which
        the cosine schedule leaves, stays as it is.
    """
    return np.where(alpha_bar == 0, np.asarray(SMALLEST_ALPHA_BAR, alpha_bar.dtype), alpha_bar)


def _refuse_bad_range(beta_start: float, beta_end: float, train_steps: int) -> None:
    """Raise ValueError, with both got and expected, where no schedule can be made."""
    if not 0 < beta_start <= beta_end < 1:  # also refuses NaN
        raise ValueError(f"betas are {beta_start} to {beta_end}, expected 0 < start <= end < 1")
    if not 2 <= train_steps <= MAX_TRAIN_STEPS:
        raise ValueError(f"train_steps is {train_steps}, expected 2 to {MAX_TRAIN_STEPS}")
