"""LCM and TCD, for distilled networks: jump to the end, then put fresh noise back on."""

import math

from core.ideas.consistency import boundary_weights
from core.ideas.equation import equation


@equation(
    tex=r"x_{t'} = \sqrt{\bar\alpha_{t'}}\,\bigl(c_\mathrm{skip}\,x_t + c_\mathrm{out}\,x_0\bigr) "
    r"+ \sqrt{1-\bar\alpha_{t'}}\;z",
    source="Luo et al. 2023 (Latent Consistency Models), algorithm 3; the last step adds no noise",
)
def lcm_weights(t: float, alpha_bar_next: float) -> tuple[float, float, float]:
    """Weigh what a step of LCM adds up.

    Args:
        t: timestep now.
        alpha_bar_next: signal power left after the step; 1 at the last one.

    Returns:
        Weights of the latents, of the guess of the clean ones, and of fresh noise.
    """
    skip, out = boundary_weights(t)
    signal = math.sqrt(alpha_bar_next)
    return signal * skip, signal * out, math.sqrt(1 - alpha_bar_next)


@equation(
    tex=r"\begin{gathered} x_{t'} = \sqrt{\bar\alpha_{t'}}\,x_0 + "
    r"\sqrt{\tfrac{\bar\alpha_{t'}}{\bar\alpha_r}}\sqrt{1-\bar\alpha_r}\;\epsilon_\theta + "
    r"\sqrt{1-\tfrac{\bar\alpha_{t'}}{\bar\alpha_r}}\;z \\[1ex] "
    r"r = \lfloor (1-\gamma)\,t'\rfloor \end{gathered}",
    source="Zheng et al. 2024 (Trajectory Consistency Distillation), strategic "
    "stochastic sampling; their s is our r",
)
def tcd_weights(alpha_bar_down: float, alpha_bar_next: float) -> tuple[float, float, float]:
    """Weigh what a step of TCD adds up: it goes below the next noise level and comes back.

    Args:
        alpha_bar_down: signal power left at r, where the guess is carried to.
        alpha_bar_next: signal power left after the step, at most as much.

    Returns:
        Weights of the guess of the clean latents, of the noise seen, and of fresh noise.
    """
    kept = alpha_bar_next / alpha_bar_down
    return (
        math.sqrt(alpha_bar_next),
        math.sqrt(kept * (1 - alpha_bar_down)),
        math.sqrt(max(0.0, 1 - kept)),
    )
