"""KDPM2 and DPM++ SDE: go half way, look again there, and walk the whole step by what is seen."""

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.samplers.euler import EulerCoefficients
from core.ideas.samplers.euler_ancestral import AncestralCoefficients


@equation(
    tex=r"\begin{gathered} x' = x + (\sigma'-\sigma)\,\epsilon_\theta(\hat x,\hat\sigma) \\[1ex] "
    r"\hat x = x + (\hat\sigma-\sigma)\,\epsilon_\theta(x,\sigma),\quad "
    r"\hat\sigma = \sqrt{\sigma\,\sigma'} \end{gathered}",
    source="Karras et al. 2022 (EDM), algorithm 3 with alpha = 1/2, and the middle taken in "
    "log sigma as in k-diffusion's sample_dpm_2",
)
def midpoint_step(x: Array, eps_there: Array, numbers: EulerCoefficients) -> Array:
    """Take one step by the slope that was seen half way.

    Args:
        x: latents x0 + sigma eps, any shape, down to a single number.
        eps_there: noise predicted half way, same shape.
        numbers: the coefficients of the whole step, the same as Euler's.

    Returns:
        Latents at the next noise level, shaped like ``x``.
    """
    return x + numbers.stride * eps_there


@equation(
    tex=r"\begin{gathered} x' = x + "
    r"(\sigma_{\downarrow}-\sigma)\,\epsilon_\theta(\hat x,\hat\sigma) + "
    r"\sigma_{\uparrow}\,z \\[1ex] "
    r"\hat x = x + (\hat\sigma-\sigma)\,\epsilon_\theta(x,\sigma),\quad "
    r"\hat\sigma = \sqrt{\sigma\,\sigma_{\downarrow}} \end{gathered}",
    source="k-diffusion's sample_dpm_2_ancestral: the midpoint rule down to below the next noise "
    "level, then fresh noise as in Euler ancestral",
)
def midpoint_ancestral_step(
    x: Array, eps_there: Array, fresh_noise: Array, numbers: AncestralCoefficients
) -> Array:
    """Take one step by the slope that was seen half way, and add fresh noise.

    Args:
        x: latents x0 + sigma eps, any shape, down to a single number.
        eps_there: noise predicted half way, same shape.
        fresh_noise: noise from N(0, 1), same shape.
        numbers: the coefficients of the whole step, the same as Euler ancestral's.

    Returns:
        Latents at the next noise level, shaped like ``x``.
    """
    return x + numbers.stride * eps_there + numbers.sigma_up * fresh_noise


@equation(
    tex=r"\begin{gathered} x' = \frac{\sigma_{\downarrow}}{\sigma}\,x + "
    r"\Bigl(1-\frac{\sigma_{\downarrow}}{\sigma}\Bigr)\,x_0(\hat x) + \sigma_{\uparrow}\,z \\[1ex] "
    r"\hat x = \frac{\hat\sigma_{\downarrow}}{\sigma}\,x + "
    r"\Bigl(1-\frac{\hat\sigma_{\downarrow}}{\sigma}\Bigr)\,x_0(x) + \hat\sigma_{\uparrow}\,\hat z "
    r"\end{gathered}",
    source="k-diffusion's sample_dpmpp_sde with r = 1/2, after Lu et al. 2022 (DPM-Solver++): half "
    "way in log sigma first; both z are cut from one random path",
)
def towards_guess_step(
    x: Array, x0: Array, fresh_noise: Array, numbers: AncestralCoefficients
) -> Array:
    """Go straight towards a guess of the clean latents, and add fresh noise.

    Args:
        x: latents x0 + sigma eps, any shape, down to a single number.
        x0: the guess, same shape.
        fresh_noise: noise from N(0, 1), same shape.
        numbers: the coefficients of the step, the same as Euler ancestral's.

    Returns:
        Latents at the next noise level, shaped like ``x``.
    """
    left = numbers.sigma_down / numbers.sigma
    return left * x + (1 - left) * x0 + numbers.sigma_up * fresh_noise
