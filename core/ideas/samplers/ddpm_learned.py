"""DDPM with learned variance: the network also says how much fresh noise each position gets."""

from collections.abc import Callable, Iterable, Iterator

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.samplers.ddpm import DdpmCoefficients, ddpm_coefficients, ddpm_step
from core.ideas.samplers.walk import SamplerStep

PredictBoth = Callable[[Array, float], tuple[Array, Array]]
"""A network with two outputs for x_t and alpha_bar: the noise, and -1 to 1 for its variance."""


@equation(
    tex=r"\sigma_t^2 = \exp\bigl(v\log\beta_t + (1-v)\log\tilde\beta_t\bigr)",
    source="Nichol & Dhariwal 2021 (iDDPM), eq. 15; the network gives 2 v - 1, about -1 to 1",
)
def learned_std(numbers: DdpmCoefficients, output: Array) -> Array:
    """Let the network choose between the two, position by position.

    Args:
        numbers: the coefficients of the step.
        output: the network's second half, any shape; -1 is the smallest, 1 the largest variance.

    Returns:
        Standard deviations, shaped like ``output``.
    """
    v = (output + 1) / 2
    return numbers.beta ** (v / 2) * numbers.beta_tilde ** ((1 - v) / 2)


def sample_ddpm_learned(
    predict: PredictBoth,
    xt: Array,
    levels: Iterable[tuple[float, float]],
    fresh_noises: Iterable[Array],
) -> Iterator[SamplerStep]:
    """Run DDPM with learned variance from noise to picture.

    Args:
        predict: the network with two outputs.
        xt: latents at unit scale to start from.
        levels: for every step, alpha_bar now and after it.
        fresh_noises: for every step, noise from N(0, 1); 0 where none is to be added.

    Yields:
        One record per step.
    """
    for step, ((alpha_bar, alpha_bar_next), z) in enumerate(zip(levels, fresh_noises, strict=True)):
        numbers = ddpm_coefficients(alpha_bar, alpha_bar_next)
        eps, output = predict(xt, alpha_bar)
        x_next = ddpm_step(xt, eps, z, learned_std(numbers, output), numbers)
        yield SamplerStep(step, xt, eps, x_next, numbers)
        xt = x_next
