"""Steps that remember: a curve through the last answers is followed to the next noise level.

DEIS, LMS, PNDM, SA-Solver, UniPC and the DPM++ family differ in what the curve goes through, in
which variable it is a polynomial, and in how far its bends are taken seriously.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.ideas.equation import equation

NODES = 48  # of Gauss' rule: exact to rounding for steps far longer than any that is taken


@dataclass(frozen=True, slots=True)
class Shares:
    """How a step in lambda = -log sigma divides up.

    Attributes:
        xt: what the latents are multiplied by.
        answers: what the weights of all answers are multiplied by.
        fresh: weight of the fresh noise.
    """

    xt: float
    answers: float
    fresh: float


@equation(
    tex=r"\begin{gathered} x_{t'} = "
    r"e^{-\tau^2 h}\,\frac{s'}{s}\,x_t + k\,a'\sum_j w_j\,x_0^{(j)} + "
    r"s'\sqrt{1-e^{-2\tau^2 h}}\;z \\[1ex] k = 1+\tau^2,\qquad h = \log\frac{\sigma}{\sigma'} "
    r"\end{gathered}",
    source="Xue et al. 2023 (SA-Solver), the solution for the guess of x0; with tau = 0 Lu et al. "
    "2022 (DPM-Solver++), proposition 4.1; a is sqrt(alpha_bar), s is sqrt(1 - alpha_bar)",
)
def follow_guesses(sigma: float, sigma_next: float, tau: float = 0.0) -> Shares:
    """Divide a step up that follows the guesses of the clean latents.

    Args:
        sigma: noise per unit of signal now, above 0.
        sigma_next: the same after the step, smaller; 0 is clean.
        tau: 0 adds no fresh noise, 1 as much as the plain stochastic equation.

    Returns:
        The shares, for latents at unit scale.
    """
    signal, signal_next = 1 / math.hypot(1, sigma), 1 / math.hypot(1, sigma_next)
    left = sigma_next / sigma  # exp(-h)
    return Shares(
        xt=left ** (tau**2) * (signal_next * sigma_next) / (signal * sigma),
        answers=(1 + tau**2) * signal_next,
        fresh=signal_next * sigma_next * math.sqrt(1 - left ** (2 * tau**2)),
    )


@equation(
    tex=r"\begin{gathered} x_{t'} = "
    r"\frac{a'}{a}\,x_t - (1+\tau^2)\,s'\sum_j w_j\,\epsilon^{(j)} + "
    r"\tau\,s'\sqrt{e^{2h}-1}\;z \\[1ex] "
    r"k = -1,\qquad h = \log\frac{\sigma}{\sigma'} \end{gathered}",
    source="Xue et al. 2023 (SA-Solver), the solution for the noise; with tau = 0 Lu et al. 2022 "
    "(DPM-Solver), proposition 3.1, and Zhang & Chen 2023 (DEIS)",
)
def follow_noise(sigma: float, sigma_next: float, tau: float = 0.0) -> Shares:
    """Divide a step up that follows the noise seen.

    Args:
        sigma: noise per unit of signal now, above 0.
        sigma_next: the same after the step, smaller, above 0.
        tau: as for ``follow_guesses``.

    Returns:
        The shares, for latents at unit scale.
    """
    signal, signal_next = 1 / math.hypot(1, sigma), 1 / math.hypot(1, sigma_next)
    noise_next = signal_next * sigma_next
    return Shares(
        xt=signal_next / signal,
        answers=-(1 + tau**2) * noise_next,
        fresh=tau * noise_next * math.sqrt((sigma / sigma_next) ** 2 - 1),
    )


@equation(
    tex=r"w_j = \int_{\lambda}^{\lambda'} e^{k(\ell-\lambda')}\prod_{i\ne j}"
    r"\frac{\ell-\lambda_i}{\lambda_j-\lambda_i}\,\mathrm{d}\ell",
    source="Zhang & Chen 2023 (DEIS), its weights, and Xue et al. 2023 (SA-Solver), its: a "
    "polynomial through the last answers, integrated. With k = 0 the method of Adams and Bashforth",
)
def polynomial_weights(
    nodes: Sequence[float], start: float, end: float, rate: float = 0.0
) -> tuple[float, ...]:
    """Weigh answers by the polynomial through them, integrated over a step.

    Args:
        nodes: where the answers were given.
        start: where the step begins.
        end: where it ends; infinity where there is one answer and ``rate`` is above 0.
        rate: k, how fast what lies back fades.

    Returns:
        One weight an answer; they add up to ``stay_weight``.
    """
    if len(nodes) == 1:
        return (stay_weight(start, end, rate),)
    at, share = np.polynomial.legendre.leggauss(NODES)
    at = start + (end - start) * (at + 1) / 2
    share = share * (end - start) / 2 * np.exp(rate * (at - end))
    shapes = [
        np.prod([(at - other) / (node - other) for other in nodes if other != node], axis=0)
        for node in nodes
    ]
    return tuple(float(share @ shape) for shape in shapes)


@equation(
    tex=r"x' = x + \sum_j w_j\,\epsilon^{(j)},\qquad w_j = \int_{\sigma}^{\sigma'}"
    r"\prod_{i\ne j}\frac{s-\sigma_i}{\sigma_j-\sigma_i}\,\mathrm{d}s",
    source="k-diffusion's sample_lms: the method of Adams and Bashforth for uneven steps in sigma",
)
def slope_weights(sigmas: Sequence[float], sigma_next: float) -> tuple[float, ...]:
    """Weigh the last slopes by the polynomial through them.

    Args:
        sigmas: noise levels where they were seen, the newest first.
        sigma_next: noise level after the step.

    Returns:
        One weight a slope; they add up to the length of the step, which is negative.
    """
    return polynomial_weights(sigmas, sigmas[0], sigma_next)


@equation(
    tex=r"\varphi = \int_{\lambda}^{\lambda'} e^{k(\ell-\lambda')}\,\mathrm{d}\ell = "
    r"\frac{1-e^{-kh}}{k}",
    source="Lu et al. 2022 (DPM-Solver++), proposition 4.1 with one answer that stays as it is",
)
def stay_weight(start: float, end: float, rate: float) -> float:
    """Weigh an answer that stays as it is for a whole step.

    Args:
        start: where the step begins.
        end: where it ends.
        rate: as for ``polynomial_weights``.
    """
    return -math.expm1(-rate * (end - start)) / rate if rate else end - start


@equation(
    tex=r"\begin{gathered} \sum_j w_j\,m_j = \varphi\,m(\lambda) + "
    r"S\,\frac{m_0-m_1}{\lambda_0-\lambda_1} \\[1ex] "
    r"S \in \bigl\{\tfrac{1}{2}\varphi h,\ \tfrac{1}{2}h^2\bigr\} \end{gathered}",
    source="S = phi h / 2: Lu et al. 2022 (DPM-Solver++), algorithm 2, and Zhao et al. 2023 "
    "(UniPC), B2(h) at order 2; S = h^2 / 2: SA-Solver's code. Both agree with the integral for "
    "small h",
)
def line_weights(
    nodes: tuple[float, float], start: float, stay: float, slope: float
) -> tuple[float, float]:
    """Weigh two answers by the straight line through them, its slope weighed by itself.

    Args:
        nodes: where they were given; one of them is ``start``.
        start: where the step begins.
        stay: phi, the weight of what the answer is there.
        slope: S, the weight of the line's slope.

    Returns:
        One weight an answer.
    """
    rise = slope / (nodes[0] - nodes[1])
    return (stay if nodes[0] == start else 0.0) + rise, (stay if nodes[1] == start else 0.0) - rise


@equation(
    tex=r"w_j = w_j^{\int} - \frac{1}{2}\prod_{i\ne j}\frac{1}{\lambda_j-\lambda_i}"
    r"\int_{\lambda}^{\lambda'} e^{k(\ell-\lambda')}(\ell-\lambda)^2\,\mathrm{d}\ell",
    source="Lu et al. 2022 (DPM-Solver++), the multistep solver of third order as its code has "
    "it: the curvature counts half of what the integral gives",
)
def half_bent_weights(
    nodes: tuple[float, float, float], start: float, end: float, rate: float
) -> tuple[float, ...]:
    """Weigh three answers by the parabola through them, its curvature counted half.

    Args:
        nodes: where they were given, the newest first, which is ``start``.
        start: where the step begins.
        end: where it ends.
        rate: as for ``polynomial_weights``.

    Returns:
        One weight an answer.
    """
    whole = polynomial_weights(nodes, start, end, rate)
    at, share = np.polynomial.legendre.leggauss(NODES)
    at = start + (end - start) * (at + 1) / 2
    bend = float(np.exp(rate * (at - end)) * (at - start) ** 2 @ share) * (end - start) / 2
    apart = [math.prod(node - other for other in nodes if other != node) for node in nodes]
    return tuple(weight - bend / 2 / gap for weight, gap in zip(whole, apart, strict=True))
