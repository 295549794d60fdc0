"""Flows: a straight mix of picture and noise, walked by a velocity, learned and made straight.

A network that names noise can be walked in these coordinates as it is; that makes no flow model of
it, for such a model is trained to name the velocity, and on other mixtures.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from core.ideas.arrays import Array, Numbers, spread
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
    tex=r"z_s = (1-s)\,x_0 + s\,\epsilon",
    source="Lipman et al. 2023 (Flow Matching), eq. 22 with sigma_min = 0 and time reversed; Liu "
    "et al. 2023 (Rectified Flow), section 2",
)
def mix_straight(x0: Array, eps: Array, s: Array | float) -> Array:
    """Mix data and noise on the straight line between them.

    Args:
        x0: clean data, (B, ...).
        eps: noise, same shape.
        s: share of noise, in [0, 1]; one, or one for each sample, (B,).

    Returns:
        The mix, same shape.
    """
    share = spread(s, x0)
    return (1 - share) * x0 + share * eps


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


@equation(
    tex=r"w_i(z) = \frac{\exp\bigl(-\lVert z-(1-s)\,x_i\rVert^2/2s^2\bigr)}"
    r"{\sum_j \exp\bigl(-\lVert z-(1-s)\,x_j\rVert^2/2s^2\bigr)}",
    source="Bayes' rule for noise from N(0, 1): how likely the line through z is that of x_i",
)
def weigh_pairs(z: Numbers, x0: Numbers, s: float) -> Numbers:
    """Say of all pairs of data and noise whose lines meet in a point how likely each is.

    Args:
        z: points of the straight mix, (B, D).
        x0: all data there are, (n, D).
        s: share of noise, in (0, 1].

    Returns:
        Weights that add up to 1 for each point, (B, n).
    """
    z, kept = np.asarray(z, np.float64), (1 - s) * np.asarray(x0, np.float64)
    far = (z**2).sum(1)[:, None] - 2 * z @ kept.T + (kept**2).sum(1)  # (B, n), squared
    likely = np.exp((far.min(1, keepdims=True) - far) / (2 * s**2))
    return likely / likely.sum(1, keepdims=True)


@equation(
    tex=r"u(z,s) = \mathbb{E}[\epsilon - x_0 \mid z_s = z] = \sum_i w_i(z)\,\frac{z-x_i}{s}",
    source="Lipman et al. 2023 (Flow Matching), eq. 8 for finitely many data; time is reversed",
)
def mean_velocity(z: Numbers, x0: Numbers, s: float) -> Numbers:
    """Average the velocities of all pairs whose lines meet in a point: all a network can know.

    Args:
        z: points of the straight mix, (B, D).
        x0: all data there are, (n, D).
        s: share of noise, in (0, 1].

    Returns:
        The marginal velocity, (B, D).
    """
    return (z - weigh_pairs(z, x0, s) @ np.asarray(x0, np.float64)) / s


Velocity = Callable[[Array, float], Array]
"""Where points of the mix move as noise grows, told the points and their share of noise."""


def walk_flow(velocity: Velocity, eps: Array, steps: int) -> Iterator[Array]:
    """Walk from noise to data by Euler's method, in even steps of the share of noise.

    Args:
        velocity: a network, or what it could know at best.
        eps: noise, (B, ...).
        steps: how many, at least 1.

    Yields:
        Where the points are at first and after every step.
    """
    z = eps
    yield z
    for s, s_next in pairwise(np.linspace(1.0, 0.0, steps + 1).tolist()):
        z = flow_step(z, velocity(z, s), s, s_next)
        yield z


@equation(
    tex=r"x_0' = \epsilon - \int_0^1 u_\theta(z_s, s)\,\mathrm{d}s",
    source="Liu et al. 2023 (Rectified Flow), algorithm 1: reflow learns these pairs as it learned "
    "the first; our integral is a sum of Euler steps",
)
def draw_partners(velocity: Velocity, eps: Array, steps: int) -> Array:
    """Draw to each noise its partner: the data to which the flow itself leads.

    Args:
        velocity: what the flow has learned.
        eps: noise, (B, ...).
        steps: of Euler's method.

    Returns:
        The partners, same shape. Lines between such pairs hardly cross.
    """
    *_, x0 = walk_flow(velocity, eps, steps)
    return x0


@equation(
    tex=r"\frac{\sum_b \sum_k \lVert z^b_{k+1}-z^b_k\rVert}{\sum_b \lVert z^b_K-z^b_0\rVert}",
    source="the length of a line through points, over its shortest; 1 where all ways are straight",
)
def measure_detour(places: Array) -> float:
    """Measure how many times as long as straight lines some ways are, all taken together.

    Args:
        places: points on their ways, (K + 1, B, D).

    Returns:
        At least 1.
    """
    walked = np.linalg.norm(np.diff(places, axis=0), axis=-1).sum()
    return float(walked / np.linalg.norm(places[-1] - places[0], axis=-1).sum())
