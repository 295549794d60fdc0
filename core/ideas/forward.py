"""The forward process: how a picture is destroyed on purpose, in one jump or step by step.

No network is used. The same lines take numpy arrays and torch tensors.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from core.ideas.arrays import Array, spread
from core.ideas.equation import equation


@equation(
    tex=r"x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1-\bar\alpha_t}\,\epsilon",
    source="Ho et al. 2020 (DDPM), eq. 4",
)
def add_noise(x0: Array, eps: Array, alpha_bar: Array) -> Array:
    """Jump from clean latents straight to timestep t.

    Args:
        x0: clean latents or pixels, (B, ...), about unit variance.
        eps: noise drawn from N(0, 1), same shape as ``x0``.
        alpha_bar: signal power left, one number or one per sample, (B,), in [0, 1].

    Returns:
        Noisy latents x_t, shaped like ``x0``.

    Raises:
        ValueError: ``eps`` and ``x0`` differ in shape, or ``alpha_bar`` does not fit the batch.
    """
    _refuse_other_shape(x0, eps)
    signal = spread(alpha_bar, x0)
    return signal**0.5 * x0 + (1 - signal) ** 0.5 * eps


@equation(
    tex=r"x_t = \sqrt{1-\beta_t}\,x_{t-1} + \sqrt{\beta_t}\,\epsilon",
    source="Ho et al. 2020 (DDPM), eq. 2",
)
def add_one_step(x_before: Array, eps: Array, beta: Array) -> Array:
    """Take one small step of the chain: fade a little, add a little noise.

    Args:
        x_before: latents one timestep earlier, (B, ...).
        eps: fresh noise from N(0, 1), same shape.
        beta: noise variance of this step, one number or one per sample, (B,).

    Returns:
        Latents one timestep noisier, shaped like ``x_before``.

    Raises:
        ValueError: ``eps`` and ``x_before`` differ in shape, or ``beta`` does not fit the batch.
    """
    _refuse_other_shape(x_before, eps)
    variance = spread(beta, x_before)
    return (1 - variance) ** 0.5 * x_before + variance**0.5 * eps


def walk_chain(x0: Array, noises: Iterable[Array], betas: Iterable[float]) -> Iterator[Array]:
    """Walk the chain one timestep at a time, as the forward process is defined.

    Args:
        x0: clean latents or pixels.
        noises: fresh noise for every step, each shaped like ``x0``.
        betas: noise variance of every step, from t = 0 up.

    Yields:
        The latents after each step.

    Raises:
        ValueError: a noise has another shape, or there are not as many noises as betas.
    """
    x = x0
    for eps, beta in zip(noises, betas, strict=True):
        x = add_one_step(x, eps, beta)
        yield x


@equation(
    tex=r"m_t = \sqrt{1-\beta_t}\,m_{t-1},\qquad v_t = (1-\beta_t)\,v_{t-1} + \beta_t",
    source="mean and variance of Ho et al. 2020 (DDPM), eq. 2; eq. 4 says they are "
    "sqrt(alpha_bar) and 1 - alpha_bar",
)
def follow_moments(betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow what the chain does to the signal and to the noise, step by step.

    Args:
        betas: noise variances, (T,).

    Returns:
        The weight left on x0 and the variance of the noise gathered, both (T,).
    """
    weight, variance = 1.0, 0.0
    weights, variances = np.empty(len(betas)), np.empty(len(betas))
    for t, beta in enumerate(betas):
        weight = (1 - beta) ** 0.5 * weight
        variance = (1 - beta) * variance + beta
        weights[t], variances[t] = weight, variance
    return weights, variances


@equation(
    tex=r"a_t = \sqrt{\bar\alpha_t},\qquad b_t = \sqrt{1-\bar\alpha_t}",
    source="Ho et al. 2020 (DDPM), eq. 4: the two weights of the jump",
)
def weigh_signal_and_noise(alpha_bar: Array) -> tuple[Array, Array]:
    """Split a noise level into the weight of the picture and the weight of the noise.

    Args:
        alpha_bar: signal power left, any shape, in [0, 1].

    Returns:
        Both weights, each shaped like ``alpha_bar``; their squares add up to 1.
    """
    return alpha_bar**0.5, (1 - alpha_bar) ** 0.5


def _refuse_other_shape(x: Array, eps: Array) -> None:
    """Raise ValueError where noise and latents differ in shape."""
    if tuple(eps.shape) != tuple(x.shape):
        raise ValueError(f"eps is {tuple(eps.shape)}, expected {tuple(x.shape)} like the latents")
