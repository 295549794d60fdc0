"""Euler: the predicted noise is the slope; walk along it to the next noise level."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.prediction import to_unit_scale
from core.ideas.samplers.walk import Predict, SamplerStep, describe


@dataclass(frozen=True, slots=True)
class EulerCoefficients:
    """Every number of one Euler step."""

    sigma: float = field(metadata=describe(r"\sigma", "noise level now"))
    sigma_next: float = field(metadata=describe(r"\sigma'", "noise level after the step"))
    stride: float = field(metadata=describe(r"\sigma'-\sigma", "length of the step, negative"))


def euler_coefficients(sigma: float, sigma_next: float) -> EulerCoefficients:
    """Work out every number of an Euler step.

    Args:
        sigma: noise level now, above 0.
        sigma_next: noise level after the step, smaller; 0 is clean.

    Returns:
        The coefficients.
    """
    return EulerCoefficients(sigma=sigma, sigma_next=sigma_next, stride=sigma_next - sigma)


@equation(
    tex=r"x' = x + (\sigma'-\sigma)\,\epsilon_\theta,\qquad "
    r"\frac{\mathrm{d}x}{\mathrm{d}\sigma} = \frac{x-x_0}{\sigma} = \epsilon_\theta",
    source="Karras et al. 2022 (EDM), algorithm 1 without its correction, with s(t) = 1 and "
    "sigma(t) = t; the same as DDIM, Song et al. 2021, eq. 13",
)
def euler_step(x: Array, eps: Array, numbers: EulerCoefficients) -> Array:
    """Take one Euler step.

    Args:
        x: latents x0 + sigma eps, any shape, down to a single number.
        eps: noise predicted in them, same shape.
        numbers: the coefficients of this step.

    Returns:
        Latents at the next noise level, shaped like ``x``.
    """
    return x + numbers.stride * eps


@equation(
    tex=r"\begin{gathered} x' = \hat x + (\sigma'-\hat\sigma)\,\epsilon_\theta,\qquad "
    r"\hat x = x + \sqrt{\hat\sigma^2-\sigma^2}\;S_\mathrm{noise}\,z \\[1ex] "
    r"\hat\sigma = \sigma\Bigl(1+\min\bigl(\tfrac{S_\mathrm{churn}}{N},\sqrt2-1\bigr)\Bigr) "
    r"\end{gathered}",
    source="Karras et al. 2022 (EDM), algorithm 2 without its correction; the library has the "
    "network look at x, not at the noisier x-hat",
)
def churned_sigma(sigma: float, churn: float, steps: int) -> float:
    """Say up to which noise level a step adds fresh noise before it goes down.

    Args:
        sigma: noise level now.
        churn: S_churn, over all steps.
        steps: N, how many there are.
    """
    return sigma * (1 + min(churn / steps, 2**0.5 - 1))


def sample_euler(predict: Predict, x: Array, sigmas: Sequence[float]) -> Iterator[SamplerStep]:
    """Run Euler from noise to picture.

    Args:
        predict: the network.
        x: latents x0 + sigma eps to start from.
        sigmas: noise levels to visit, falling, the last one included.

    Yields:
        One record per step.
    """
    for step, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        numbers = euler_coefficients(sigma, sigma_next)
        eps = predict(to_unit_scale(x, sigma), 1 / (1 + sigma**2))
        x_next = euler_step(x, eps, numbers)
        yield SamplerStep(step, x, eps, x_next, numbers)
        x = x_next
