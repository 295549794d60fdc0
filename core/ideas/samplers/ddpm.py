"""DDPM: step to the most likely earlier latents, then add a little fresh noise.

How much fresh noise is not settled by theory: any standard deviation from ``fixed_small_std`` to
``fixed_large_std`` can be defended. ``core.ideas.learned_variance`` lets the network choose.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.samplers.walk import Predict, SamplerStep, describe

SMALLEST_VARIANCE = 1e-20  # as in the library: the logarithm of the last step's 0 stays finite


@dataclass(frozen=True, slots=True)
class DdpmCoefficients:
    """Every number of one DDPM step but the amount of fresh noise."""

    signal: float = field(metadata=describe(r"\sqrt{\bar\alpha_t}", "weight of x₀ in xₜ"))
    noise: float = field(metadata=describe(r"\sqrt{1-\bar\alpha_t}", "weight of the noise in xₜ"))
    x0_weight: float = field(
        metadata=describe(
            r"\frac{\sqrt{\bar\alpha_{t'}}\,\beta_t}{1-\bar\alpha_t}", "weight of x₀ in the mean"
        )
    )
    xt_weight: float = field(
        metadata=describe(
            r"\frac{\sqrt{\alpha_t}\,(1-\bar\alpha_{t'})}{1-\bar\alpha_t}",
            "weight of xₜ in the mean",
        )
    )
    beta: float = field(
        metadata=describe(r"\beta_t", "noise variance of the stretch; the largest fresh variance")
    )
    beta_tilde: float = field(
        metadata=describe(
            r"\tilde\beta_t", "variance left when x₀ is known; the smallest fresh variance"
        )
    )


ChooseStd = Callable[[DdpmCoefficients], float]
"""How much fresh noise a step gets: a standard deviation."""


@equation(
    tex=r"\tilde\mu_t = \frac{\sqrt{\bar\alpha_{t'}}\,\beta_t}{1-\bar\alpha_t}\,x_0 + "
    r"\frac{\sqrt{\alpha_t}\,(1-\bar\alpha_{t'})}{1-\bar\alpha_t}\,x_t,\qquad "
    r"\tilde\beta_t = \frac{1-\bar\alpha_{t'}}{1-\bar\alpha_t}\,\beta_t",
    source="Ho et al. 2020 (DDPM), eq. 7; for strides, alpha_t = alpha_bar_t / alpha_bar_t' and "
    "beta_t = 1 - alpha_t (Nichol & Dhariwal 2021, section 4)",
)
def ddpm_coefficients(alpha_bar: float, alpha_bar_next: float) -> DdpmCoefficients:
    """Work out every number of a DDPM step.

    Args:
        alpha_bar: signal power left now, in (0, 1).
        alpha_bar_next: signal power left after the step, larger; 1 is clean.

    Returns:
        The coefficients.
    """
    alpha = alpha_bar / alpha_bar_next
    gone, gone_next = 1 - alpha_bar, 1 - alpha_bar_next
    return DdpmCoefficients(
        signal=math.sqrt(alpha_bar),
        noise=math.sqrt(gone),
        x0_weight=math.sqrt(alpha_bar_next) * (1 - alpha) / gone,
        xt_weight=math.sqrt(alpha) * gone_next / gone,
        beta=1 - alpha,
        beta_tilde=max(gone_next / gone * (1 - alpha), SMALLEST_VARIANCE),
    )


@equation(
    tex=r"\sigma_t^2 = \tilde\beta_t = \frac{1-\bar\alpha_{t'}}{1-\bar\alpha_t}\,\beta_t",
    source="Ho et al. 2020 (DDPM), section 3.2: right if the data were one single picture",
)
def fixed_small_std(numbers: DdpmCoefficients) -> float:
    """Choose the least fresh noise that can be right.

    Args:
        numbers: the coefficients of the step.
    """
    return math.sqrt(numbers.beta_tilde)


@equation(
    tex=r"\sigma_t^2 = \beta_t",
    source="Ho et al. 2020 (DDPM), section 3.2: right if the data were pure noise",
)
def fixed_large_std(numbers: DdpmCoefficients) -> float:
    """Choose the most fresh noise that can be right.

    Args:
        numbers: the coefficients of the step.
    """
    return math.sqrt(numbers.beta)


@equation(
    tex=r"x_{t'} = \tilde\mu_t\Bigl(x_t,\ "
    r"\frac{x_t-\sqrt{1-\bar\alpha_t}\,\epsilon_\theta}{\sqrt{\bar\alpha_t}}\Bigr) + \sigma_t\,z",
    source="Ho et al. 2020 (DDPM), eq. 7 with x0 from eq. 15; equal to algorithm 2 for a stride "
    "of 1",
)
def ddpm_step(
    xt: Array, eps: Array, fresh_noise: Array, std: Array, numbers: DdpmCoefficients
) -> Array:
    """Take one DDPM step.

    Args:
        xt: latents at unit scale, any shape, down to a single number.
        eps: noise predicted in them, same shape.
        fresh_noise: noise from N(0, 1), same shape, or 0 at the last step.
        std: how much of it to add, a number or one per position.
        numbers: the coefficients of this step.

    Returns:
        Latents after the step, shaped like ``xt``.
    """
    x0 = (xt - numbers.noise * eps) / numbers.signal
    return numbers.x0_weight * x0 + numbers.xt_weight * xt + std * fresh_noise


def sample_ddpm(
    predict: Predict,
    xt: Array,
    levels: Iterable[tuple[float, float]],
    fresh_noises: Iterable[Array],
    choose_std: ChooseStd = fixed_small_std,
) -> Iterator[SamplerStep]:
    """Run DDPM from noise to picture.

    Args:
        predict: the network.
        xt: latents at unit scale to start from.
        levels: for every step, alpha_bar now and after it.
        fresh_noises: for every step, noise from N(0, 1); 0 where none is to be added.
        choose_std: how much of it every step gets.

    Yields:
        One record per step.
    """
    for step, ((alpha_bar, alpha_bar_next), z) in enumerate(zip(levels, fresh_noises, strict=True)):
        numbers = ddpm_coefficients(alpha_bar, alpha_bar_next)
        eps = predict(xt, alpha_bar)
        x_next = ddpm_step(xt, eps, z, choose_std(numbers), numbers)
        yield SamplerStep(step, xt, eps, x_next, numbers)
        xt = x_next
