"""Which noise levels does a sampler visit? Spacings of timesteps, and spacings of sigmas.

Every function returns the levels from the noisiest down. Two of the library's samplers, DPM++ 2M
and its relatives, leave out the level at t = 0 and have their own two functions for that.
"""

import math

import numpy as np

from core.ideas.equation import equation


@equation(
    tex=r"t_k = \frac{k}{N-1}\,(T-1)",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules ...), table 2, 'linspace'",
)
def space_linspace(steps: int, train_steps: int = 1000) -> np.ndarray:
    """Spread timesteps evenly over the whole range, both ends included.

    Args:
        steps: how many timesteps, N.
        train_steps: how many the model was trained with, T.

    Returns:
        Timesteps, (steps,), falling, with fractions; DDIM and DDPM round them, Euler and Heun do
        not. A single step stands at t = 0, the clean end.

    Raises:
        ValueError: ``steps`` is not between 1 and ``train_steps``.
    """
    _refuse_bad_steps(steps, train_steps)
    return np.linspace(0, train_steps - 1, steps)[::-1]


@equation(
    tex=r"t_k = k\,\Bigl\lfloor\frac{T}{N}\Bigr\rfloor + \mathrm{offset}",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules ...), table 2, 'leading'",
)
def space_leading(steps: int, train_steps: int = 1000, offset: int = 1) -> np.ndarray:
    """Count up from the clean end in equal strides; the noisiest timestep is never reached.

    Args:
        steps: how many timesteps, N.
        train_steps: how many the model was trained with, T.
        offset: added to each; Stable Diffusion's config says 1, the library's default is 0.

    Returns:
        Timesteps, (steps,), falling: 951, 901, ... 1 for 20 steps.

    Raises:
        ValueError: ``steps`` is not between 1 and ``train_steps``, or a timestep leaves the range.
    """
    _refuse_bad_steps(steps, train_steps)
    timesteps = np.arange(steps)[::-1] * (train_steps // steps) + offset
    return _refuse_outside(timesteps, train_steps)


@equation(
    tex=r"t_k = \mathrm{round}\Bigl(T - k\,\frac{T}{N}\Bigr) - 1",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules ...), table 2, 'trailing'",
)
def space_trailing(steps: int, train_steps: int = 1000) -> np.ndarray:
    """Count down from the noisiest end in equal strides.

    Args:
        steps: how many timesteps, N.
        train_steps: how many the model was trained with, T.

    Returns:
        Timesteps, (steps,), falling: 999, 949, ... 49 for 20 steps.

    Raises:
        ValueError: ``steps`` is not between 1 and ``train_steps``.
    """
    _refuse_bad_steps(steps, train_steps)
    # arange, as in the library, so that halves round alike; its floating point sum sometimes ends
    # one entry late (at t = -1, for 61 steps among others), which is cut off.
    return np.round(np.arange(train_steps, 0, -train_steps / steps))[:steps] - 1


def overruns(steps: int, train_steps: int) -> bool:
    """Whether the library's trailing spacing takes one timestep more than it was asked for.

    Args:
        steps: how many timesteps, N.
        train_steps: how many the model was trained with, T.
    """
    return len(np.arange(train_steps, 0, -train_steps / steps)) != steps


@equation(
    tex=r"t_k = \mathrm{round}\Bigl(\frac{k}{N}\,(T-1)\Bigr),\qquad k = N,\dots,1",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules ...), table 2, 'linspace', with the "
    "point at 0 left out as in diffusers' DPM++ 2M",
)
def space_linspace_above_zero(steps: int, train_steps: int = 1000) -> np.ndarray:
    """Spread timesteps evenly from the noisiest down to one stride above t = 0.

    Args:
        steps: how many timesteps, N.
        train_steps: how many the model was trained with, T.

    Returns:
        Whole timesteps, (steps,), falling.

    Raises:
        ValueError: ``steps`` is not between 1 and ``train_steps``.
    """
    _refuse_bad_steps(steps, train_steps)
    return np.linspace(0, train_steps - 1, steps + 1).round()[:0:-1]


@equation(
    tex=r"t_k = k\,\Bigl\lfloor\frac{T}{N+1}\Bigr\rfloor + \mathrm{offset},\qquad k = N,\dots,1",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules ...), table 2, 'leading', with the "
    "point at 0 left out as in diffusers' DPM++ 2M",
)
def space_leading_above_zero(steps: int, train_steps: int = 1000, offset: int = 1) -> np.ndarray:
    """Count up from one stride above the clean end.

    Args:
        steps: how many timesteps, N.
        train_steps: how many the model was trained with, T.
        offset: added to each; Stable Diffusion's config says 1.

    Returns:
        Timesteps, (steps,), falling.

    Raises:
        ValueError: ``steps`` is not between 1 and ``train_steps``, or a timestep leaves the range.
    """
    _refuse_bad_steps(steps, train_steps)
    timesteps = np.arange(steps, 0, -1) * (train_steps // (steps + 1)) + offset
    return _refuse_outside(timesteps, train_steps)


@equation(
    tex=r"\sigma_i = \Bigl(\sigma_{\max}^{1/\rho} + \frac{i}{N-1}"
    r"\bigl(\sigma_{\min}^{1/\rho}-\sigma_{\max}^{1/\rho}\bigr)\Bigr)^{\rho}",
    source="Karras et al. 2022 (EDM), eq. 5; the final 0 is appended afterwards",
)
def space_karras(steps: int, sigma_min: float, sigma_max: float, rho: float = 7.0) -> np.ndarray:
    """Put more of the noise levels where the noise is low.

    Args:
        steps: how many noise levels, N.
        sigma_min: lowest of them, above 0.
        sigma_max: highest of them.
        rho: 1 spaces them evenly; the larger, the more of them are low.

    Returns:
        Sigmas, (steps,), falling.

    Raises:
        ValueError: the range is empty or reaches 0, or ``steps`` or ``rho`` is out of range.
    """
    _refuse_bad_range(steps, sigma_min, sigma_max)
    if not 0 < rho < math.inf:
        raise ValueError(f"rho is {rho}, expected a finite number above 0")
    ramp = np.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), steps)
    return ramp**rho


@equation(
    tex=r"\sigma_i = \sigma_{\max}\Bigl(\frac{\sigma_{\min}}{\sigma_{\max}}\Bigr)^{i/(N-1)}",
    source="Lu et al. 2022 (DPM-Solver), section 3.3: equal steps of lambda = -log sigma; the "
    "limit of Karras et al. 2022, eq. 5, for large rho",
)
def space_exponential(steps: int, sigma_min: float, sigma_max: float) -> np.ndarray:
    """Divide the noise by the same factor at every step.

    Args:
        steps: how many noise levels, N.
        sigma_min: lowest of them, above 0.
        sigma_max: highest of them.

    Returns:
        Sigmas, (steps,), falling.

    Raises:
        ValueError: the range is empty or reaches 0, or ``steps`` is out of range.
    """
    _refuse_bad_range(steps, sigma_min, sigma_max)
    return np.exp(np.linspace(math.log(sigma_max), math.log(sigma_min), steps))


def _refuse_bad_steps(steps: int, train_steps: int) -> None:
    """Raise ValueError where so many timesteps cannot be chosen."""
    if not 1 <= steps <= train_steps:
        raise ValueError(f"steps is {steps}, expected 1 to {train_steps}")


def _refuse_outside(timesteps: np.ndarray, train_steps: int) -> np.ndarray:
    """Return the timesteps, or raise ValueError where the model never saw one of them."""
    if timesteps[0] >= train_steps or timesteps[-1] < 0:
        raise ValueError(
            f"timesteps go from {timesteps[0]} to {timesteps[-1]}, expected {train_steps - 1} to 0"
        )
    return timesteps


def _refuse_bad_range(steps: int, sigma_min: float, sigma_max: float) -> None:
    """Raise ValueError where no falling row of sigmas can be made."""
    if steps < 1:
        raise ValueError(f"steps is {steps}, expected 1 or more")
    if not 0 < sigma_min <= sigma_max < math.inf:  # also refuses NaN
        raise ValueError(f"sigmas are {sigma_min} to {sigma_max}, expected 0 < min <= max")
