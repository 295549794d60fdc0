"""Euler ancestral: step below the next noise level, then add fresh noise to come back up to it."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.prediction import to_unit_scale
from core.ideas.samplers.walk import Predict, SamplerStep, describe


@dataclass(frozen=True, slots=True)
class AncestralCoefficients:
    """Every number of one Euler ancestral step."""

    sigma: float = field(metadata=describe(r"\sigma", "noise level now"))
    sigma_next: float = field(metadata=describe(r"\sigma'", "noise level after the step"))
    sigma_down: float = field(
        metadata=describe(r"\sigma_{\downarrow}", "noise level that the slope is followed to")
    )
    sigma_up: float = field(metadata=describe(r"\sigma_{\uparrow}", "fresh noise added there"))
    stride: float = field(
        metadata=describe(r"\sigma_{\downarrow}-\sigma", "length of the step, negative")
    )


@equation(
    tex=r"\sigma_{\uparrow}^2 = \frac{\sigma'^2\,(\sigma^2-\sigma'^2)}{\sigma^2},\qquad "
    r"\sigma_{\downarrow}^2 = \sigma'^2-\sigma_{\uparrow}^2",
    source="Song et al. 2021 (score-based models through SDEs), appendix F, eq. 47; split in two "
    "as in k-diffusion's get_ancestral_step",
)
def ancestral_coefficients(sigma: float, sigma_next: float) -> AncestralCoefficients:
    """Work out every number of an Euler ancestral step.

    Args:
        sigma: noise level now, above 0.
        sigma_next: noise level after the step, smaller; 0 is clean.

    Returns:
        The coefficients.
    """
    up = math.sqrt(sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2)
    down = math.sqrt(sigma_next**2 - up**2)
    return AncestralCoefficients(
        sigma=sigma, sigma_next=sigma_next, sigma_down=down, sigma_up=up, stride=down - sigma
    )


@equation(
    tex=r"x' = x + (\sigma_{\downarrow}-\sigma)\,\epsilon_\theta + \sigma_{\uparrow}\,z",
    source="Song et al. 2021 (score-based models through SDEs), appendix F, eq. 47, with the "
    "score -eps / sigma: DDPM's step in the other convention for latents",
)
def euler_ancestral_step(
    x: Array, eps: Array, fresh_noise: Array, numbers: AncestralCoefficients
) -> Array:
    """Take one Euler ancestral step.

    Args:
        x: latents x0 + sigma eps, any shape, down to a single number.
        eps: noise predicted in them, same shape.
        fresh_noise: noise from N(0, 1), same shape.
        numbers: the coefficients of this step.

    Returns:
        Latents at the next noise level, shaped like ``x``.
    """
    return x + numbers.stride * eps + numbers.sigma_up * fresh_noise


def sample_euler_ancestral(
    predict: Predict, x: Array, sigmas: Sequence[float], fresh_noises: Iterable[Array]
) -> Iterator[SamplerStep]:
    """Run Euler ancestral from noise to picture.

    Args:
        predict: the network.
        x: latents x0 + sigma eps to start from.
        sigmas: noise levels to visit, falling, the last one included.
        fresh_noises: for every step, noise from N(0, 1); a step to sigma 0 adds none of it.

    Yields:
        One record per step.
    """
    for step, ((sigma, sigma_next), z) in enumerate(
        zip(pairwise(sigmas), fresh_noises, strict=True)
    ):
        numbers = ancestral_coefficients(sigma, sigma_next)
        eps = predict(to_unit_scale(x, sigma), 1 / (1 + sigma**2))
        x_next = euler_ancestral_step(x, eps, z, numbers)
        yield SamplerStep(step, x, eps, x_next, numbers)
        x = x_next
