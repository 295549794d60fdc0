"""DPM++ 2M: the fading is solved exactly; the guess of x0 is carried on along its last change."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.samplers.walk import Predict, SamplerStep, describe


@dataclass(frozen=True, slots=True)
class DpmppCoefficients:
    """Every number of one DPM++ step; sigma is noise per unit of signal, lambda = -log sigma."""

    sigma: float = field(metadata=describe(r"\sigma", "noise level now"))
    sigma_next: float = field(metadata=describe(r"\sigma'", "noise level after the step"))
    lambda_stride: float = field(
        metadata=describe(r"h = \lambda'-\lambda", "length of the step in lambda")
    )
    xt_weight: float = field(
        metadata=describe(
            r"\sqrt{\frac{1-\bar\alpha_{t'}}{1-\bar\alpha_t}}", "what the noise shrinks by"
        )
    )
    x0_weight: float = field(
        metadata=describe(r"\sqrt{\bar\alpha_{t'}}\,(1-e^{-h})", "weight of the guess of x0")
    )
    newest: float = field(metadata=describe(r"1+\tfrac{1}{2r}", "share of this guess of x0"))
    oldest: float = field(metadata=describe(r"-\tfrac{1}{2r}", "share of the guess before"))


@equation(
    tex=r"h = \lambda_{t'}-\lambda_t,\qquad "
    r"x_{t'} = \sqrt{\tfrac{1-\bar\alpha_{t'}}{1-\bar\alpha_t}}\,x_t + "
    r"\sqrt{\bar\alpha_{t'}}\,(1-e^{-h})\,x_0",
    source="Lu et al. 2022 (DPM-Solver++), proposition 4.1 with x0 held still; the same as DDIM",
)
def first_order_coefficients(sigma: float, sigma_next: float) -> DpmppCoefficients:
    """Work out the numbers of a step that knows one guess of x0 only.

    Args:
        sigma: noise per unit of signal now, above 0.
        sigma_next: the same after the step, smaller; 0 is clean.

    Returns:
        The coefficients; the guess before has no share.
    """
    signal, signal_next = 1 / math.sqrt(1 + sigma**2), 1 / math.sqrt(1 + sigma_next**2)
    return DpmppCoefficients(
        sigma=sigma,
        sigma_next=sigma_next,
        lambda_stride=math.log(sigma / sigma_next) if sigma_next > 0 else math.inf,
        xt_weight=signal_next * sigma_next / (signal * sigma),
        x0_weight=signal_next * (1 - sigma_next / sigma),  # exp(-h) = sigma_next / sigma
        newest=1.0,
        oldest=0.0,
    )


@equation(
    tex=r"D = \Bigl(1+\frac{1}{2r}\Bigr)x_0 - \frac{1}{2r}\,x_0^{\mathrm{before}},\qquad "
    r"r = \frac{h^{\mathrm{before}}}{h}",
    source="Lu et al. 2022 (DPM-Solver++), algorithm 2",
)
def second_order_coefficients(
    sigma_before: float, sigma: float, sigma_next: float
) -> DpmppCoefficients:
    """Work out the numbers of a step that knows the last two guesses of x0.

    Args:
        sigma_before: noise per unit of signal at the step before, larger than ``sigma``.
        sigma: the same now.
        sigma_next: the same after the step, above 0.

    Returns:
        The coefficients.

    Raises:
        ValueError: ``sigma_next`` is 0, where the step would be infinitely long.
    """
    if not 0 < sigma_next < sigma < sigma_before:
        raise ValueError(
            f"sigmas are {sigma_before}, {sigma}, {sigma_next}, expected them to fall and stay "
            "above 0"
        )
    first = first_order_coefficients(sigma, sigma_next)
    half_share = first.lambda_stride / math.log(sigma_before / sigma) / 2  # 1 / (2 r)
    return DpmppCoefficients(
        sigma=sigma,
        sigma_next=sigma_next,
        lambda_stride=first.lambda_stride,
        xt_weight=first.xt_weight,
        x0_weight=first.x0_weight,
        newest=1 + half_share,
        oldest=-half_share,
    )


@equation(
    tex=r"x_{t'} = \sqrt{\tfrac{1-\bar\alpha_{t'}}{1-\bar\alpha_t}}\,x_t + "
    r"\sqrt{\bar\alpha_{t'}}\,(1-e^{-h})\,D",
    source="Lu et al. 2022 (DPM-Solver++), algorithm 2; their alpha and sigma are our "
    "sqrt(alpha_bar) and sqrt(1 - alpha_bar)",
)
def dpmpp_2m_step(xt: Array, x0: Array, x0_before: Array, numbers: DpmppCoefficients) -> Array:
    """Take one DPM++ 2M step.

    Args:
        xt: latents at unit scale, any shape, down to a single number.
        x0: the guess of the clean latents now, same shape.
        x0_before: the guess one step earlier, same shape; without weight in a first-order step.
        numbers: the coefficients of this step.

    Returns:
        Latents after the step, shaped like ``xt``.
    """
    guess = numbers.newest * x0 + numbers.oldest * x0_before
    return numbers.xt_weight * xt + numbers.x0_weight * guess


def sample_dpmpp_2m(predict: Predict, xt: Array, sigmas: Sequence[float]) -> Iterator[SamplerStep]:
    """Run DPM++ 2M from noise to picture; the first step and a last step to 0 are of first order.

    Args:
        predict: the network.
        xt: latents at unit scale to start from.
        sigmas: noise levels to visit, falling, the last one included.

    Yields:
        One record per step.
    """
    sigma_before, x0_before = 0.0, 0.0
    for step, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        if step == 0 or sigma_next == 0:
            numbers = first_order_coefficients(sigma, sigma_next)
        else:
            numbers = second_order_coefficients(sigma_before, sigma, sigma_next)
        eps = predict(xt, 1 / (1 + sigma**2))
        x0 = xt * math.sqrt(1 + sigma**2) - sigma * eps
        x_next = dpmpp_2m_step(xt, x0, x0_before, numbers)
        yield SamplerStep(step, xt, eps, x_next, numbers)
        xt, sigma_before, x0_before = x_next, sigma, x0
