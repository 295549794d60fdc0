"""Heun: try an Euler step, look at the slope where it lands, and walk the average of the two."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.prediction import to_unit_scale
from core.ideas.samplers.euler import EulerCoefficients, euler_coefficients, euler_step
from core.ideas.samplers.walk import Predict, SamplerStep


@equation(
    tex=r"x' = x + (\sigma'-\sigma)\,\frac{\epsilon_\theta(x,\sigma) + "
    r"\epsilon_\theta(\hat x,\sigma')}{2},\qquad "
    r"\hat x = x + (\sigma'-\sigma)\,\epsilon_\theta(x,\sigma)",
    source="Karras et al. 2022 (EDM), algorithm 1, with s(t) = 1 and sigma(t) = t",
)
def heun_step(x: Array, eps: Array, eps_there: Array, numbers: EulerCoefficients) -> Array:
    """Take one Heun step.

    Args:
        x: latents x0 + sigma eps, any shape, down to a single number.
        eps: noise predicted in them, same shape.
        eps_there: noise predicted where an Euler step from ``x`` lands, same shape.
        numbers: the coefficients of this step, the same as Euler's.

    Returns:
        Latents at the next noise level, shaped like ``x``.
    """
    return x + numbers.stride * (eps + eps_there) / 2


def sample_heun(predict: Predict, x: Array, sigmas: Sequence[float]) -> Iterator[SamplerStep]:
    """Run Heun from noise to picture: two network calls a step, one at a last step to 0.

    Args:
        predict: the network.
        x: latents x0 + sigma eps to start from.
        sigmas: noise levels to visit, falling, the last one included.

    Yields:
        One record per step; its ``eps`` is the slope that was walked.
    """
    for step, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        numbers = euler_coefficients(sigma, sigma_next)
        eps = predict(to_unit_scale(x, sigma), 1 / (1 + sigma**2))
        x_next = euler_step(x, eps, numbers)
        if sigma_next > 0:  # at 0 there is no noise left to predict
            there = predict(to_unit_scale(x_next, sigma_next), 1 / (1 + sigma_next**2))
            x_next, eps = heun_step(x, eps, there, numbers), (eps + there) / 2
        yield SamplerStep(step, x, eps, x_next, numbers)
        x = x_next
