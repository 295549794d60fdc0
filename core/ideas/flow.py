"""The same path told as a flow: a straight mix of picture and noise, walked by a velocity.

A network that names noise can be walked in these coordinates as it is; that makes no flow model of
it, for such a model is trained to name the velocity, and on other mixtures.
"""

import numpy as np

from core.ideas.arrays import Array, Numbers
from core.ideas.equation import equation


@equation(
    tex=r"s = \frac{\sigma}{1+\sigma} = \frac{\sqrt{1-\bar\alpha_t}}"
    r"{\sqrt{\bar\alpha_t}+\sqrt{1-\bar\alpha_t}}",
    source="Gao et al. 2024 (Diffusion Meets Flow Matching); their t is our s",
)
def flow_time(alpha_bar: Array | float) -> Array:
    """Return the share of noise in a mixture whose two weights add up to 1.

    Args:
        alpha_bar: signal power left, in [0, 1].

    Returns:
        From 0, the picture, to 1, noise alone.
    """
    noise = (1 - alpha_bar) ** 0.5
    return noise / (alpha_bar**0.5 + noise)  # type: ignore[operator]


@equation(
    tex=r"z_s = (1-s)\,x_0 + s\,\epsilon = \frac{x_t}{\sqrt{\bar\alpha_t}+\sqrt{1-\bar\alpha_t}}",
    source="Lipman et al. 2023 (Flow Matching), eq. 22 with sigma_min = 0 and time reversed; Liu "
    "et al. 2023 (Rectified Flow)",
)
def to_flow(xt: Array, alpha_bar: Array | float) -> Array:
    """Bring noisy latents to the straight mix of picture and noise.

    Args:
        xt: noisy latents at unit scale.
        alpha_bar: signal power left.

    Returns:
        The same point, its weights adding up to 1, same shape.
    """
    return xt / (alpha_bar**0.5 + (1 - alpha_bar) ** 0.5)  # type: ignore[operator]


@equation(
    tex=r"u = \frac{\mathrm{d}z_s}{\mathrm{d}s} = \epsilon - x_0",
    source="Lipman et al. 2023 (Flow Matching), eq. 23 with time reversed: ours points to noise",
)
def flow_velocity(eps: Array, x0: Array) -> Array:
    """Return where the straight mix moves as noise grows: the same all along its line.

    Args:
        eps: noise.
        x0: clean latents, same shape.

    Returns:
        The velocity, same shape. It is not v, which mixes both by the noise level.
    """
    return eps - x0  # type: ignore[operator]


@equation(
    tex=r"z_{s'} = z_s + (s'-s)\,u",
    source="Euler's method; with x_0 and epsilon of one answer it is DDIM's step",
)
def flow_step(z: Array, u: Array, s: Array | float, s_next: Array | float) -> Array:
    """Take one straight step along the velocity.

    Args:
        z: the straight mix.
        u: its velocity, same shape.
        s: share of noise now.
        s_next: after the step.

    Returns:
        The straight mix after the step, same shape.
    """
    return z + (s_next - s) * u  # type: ignore[operator]


@equation(
    tex=r"s' = \frac{k\,s}{1+(k-1)\,s}",
    source="Esser et al. 2024 (Stable Diffusion 3), eq. 23, where k is the square root of how many "
    "times as many pixels there are",
)
def shift_time(s: Array, shift: float) -> Array:
    """Move shares of noise up, so that more of the steps are taken where noise is strong.

    Args:
        s: shares of noise, in [0, 1].
        shift: k; 1 leaves them.

    Returns:
        The shifted shares; 0 and 1 stay.
    """
    return shift * s / (1 + (shift - 1) * s)  # type: ignore[operator]


def space_flow(steps: int, shift: float, twice: bool = False, train_steps: int = 1000) -> Numbers:
    """Space the steps of a flow evenly, then shift them.

    Args:
        steps: how many, at least 1.
        shift: k.
        twice: begin and end at shares that were shifted already, as diffusers 0.42 does.
        train_steps: how many times the model was trained at; the last step begins at the first.

    Returns:
        Shares of noise that the steps begin at, falling, and 0, (steps + 1,).
    """
    ends = np.array([1.0, 1 / train_steps])
    first, last = shift_time(ends, shift) if twice else ends
    return np.append(shift_time(np.linspace(first, last, steps), shift), 0.0)
