"""PNDM: DDIM's step, taken with the noise that the last four answers point to together."""

import math

from core.ideas.equation import equation


@equation(
    tex=r"x_{t'} = \frac{a'}{a}\,x_t + \Bigl(s'-\frac{a'}{a}\,s\Bigr)\,\bar\epsilon,\qquad "
    r"\bar\epsilon = \sum_j w_j\,\epsilon^{(j)}",
    source="Liu et al. 2022 (PNDM), eq. 11, which is DDIM's step put in order; "
    "w = (55, -59, 37, -9) / 24 once four answers are known (eq. 12); a is sqrt(alpha_bar), s is "
    "sqrt(1 - alpha_bar)",
)
def transfer_weights(alpha_bar: float, alpha_bar_next: float) -> tuple[float, float]:
    """Weigh latents and noise so that one noise level becomes another.

    Args:
        alpha_bar: signal power left now, in (0, 1).
        alpha_bar_next: signal power left after the step, larger; 1 is clean.

    Returns:
        Weight of the latents, and of the noise in them.
    """
    fade = math.sqrt(alpha_bar_next / alpha_bar)
    return fade, math.sqrt(1 - alpha_bar_next) - fade * math.sqrt(1 - alpha_bar)
