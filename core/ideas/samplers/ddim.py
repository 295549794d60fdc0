"""DDIM: guess the clean picture, then put back exactly as much of the same noise as is due."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.samplers.walk import Predict, SamplerStep, describe


@dataclass(frozen=True, slots=True)
class DdimCoefficients:
    """Every number of one DDIM step."""

    signal: float = field(metadata=describe(r"\sqrt{\bar\alpha_t}", "weight of x₀ in xₜ"))
    noise: float = field(metadata=describe(r"\sqrt{1-\bar\alpha_t}", "weight of the noise in xₜ"))
    signal_next: float = field(
        metadata=describe(r"\sqrt{\bar\alpha_{t'}}", "weight of x₀ after the step")
    )
    direction: float = field(
        metadata=describe(
            r"\sqrt{1-\bar\alpha_{t'}-\sigma_t^2}", "weight of the predicted noise after the step"
        )
    )
    fresh: float = field(
        metadata=describe(r"\sigma_t", "weight of the fresh noise; 0 for plain DDIM")
    )


@equation(
    tex=r"\sigma_t = \eta\,\sqrt{\frac{1-\bar\alpha_{t'}}{1-\bar\alpha_t}}\,"
    r"\sqrt{1-\frac{\bar\alpha_t}{\bar\alpha_{t'}}}",
    source="Song et al. 2021 (DDIM), eq. 16; their alpha is our alpha_bar, t' the next level",
)
def ddim_coefficients(
    alpha_bar: float, alpha_bar_next: float, eta: float = 0.0
) -> DdimCoefficients:
    """Work out every number of a DDIM step.

    Args:
        alpha_bar: signal power left now, in (0, 1).
        alpha_bar_next: signal power left after the step, larger; 1 is clean.
        eta: 0 adds no fresh noise, 1 as much as DDPM.

    Returns:
        The coefficients.
    """
    variance = (1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_next)
    fresh = eta * math.sqrt(variance)
    return DdimCoefficients(
        signal=math.sqrt(alpha_bar),
        noise=math.sqrt(1 - alpha_bar),
        signal_next=math.sqrt(alpha_bar_next),
        # max: rounding can leave -1e-17 where eta is 1 and the next level is clean
        direction=math.sqrt(max(0.0, 1 - alpha_bar_next - fresh**2)),
        fresh=fresh,
    )


@equation(
    tex=r"x_{t'} = \sqrt{\bar\alpha_{t'}}\;"
    r"\frac{x_t-\sqrt{1-\bar\alpha_t}\,\epsilon_\theta}{\sqrt{\bar\alpha_t}}"
    r" + \sqrt{1-\bar\alpha_{t'}-\sigma_t^2}\;\epsilon_\theta + \sigma_t\,z",
    source="Song et al. 2021 (DDIM), eq. 12; their alpha is our alpha_bar, t' the next level",
)
def ddim_step(xt: Array, eps: Array, fresh_noise: Array, numbers: DdimCoefficients) -> Array:
    """Take one DDIM step.

    Args:
        xt: latents at unit scale, any shape, down to a single number.
        eps: noise predicted in them, same shape.
        fresh_noise: noise from N(0, 1), same shape, or 0 where eta is 0.
        numbers: the coefficients of this step.

    Returns:
        Latents after the step, shaped like ``xt``.
    """
    x0 = (xt - numbers.noise * eps) / numbers.signal
    return numbers.signal_next * x0 + numbers.direction * eps + numbers.fresh * fresh_noise


def sample_ddim(
    predict: Predict,
    xt: Array,
    levels: Iterable[tuple[float, float]],
    fresh_noises: Iterable[Array],
    eta: float = 0.0,
) -> Iterator[SamplerStep]:
    """Run DDIM from noise to picture.

    Args:
        predict: the network.
        xt: latents at unit scale to start from.
        levels: for every step, alpha_bar now and after it.
        fresh_noises: for every step, noise from N(0, 1), or 0 where eta is 0.
        eta: 0 adds no fresh noise, 1 as much as DDPM.

    Yields:
        One record per step.
    """
    for step, ((alpha_bar, alpha_bar_next), z) in enumerate(zip(levels, fresh_noises, strict=True)):
        numbers = ddim_coefficients(alpha_bar, alpha_bar_next, eta)
        eps = predict(xt, alpha_bar)
        x_next = ddim_step(xt, eps, z, numbers)
        yield SamplerStep(step, xt, eps, x_next, numbers)
        xt = x_next
