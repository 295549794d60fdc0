"""Consistency: from anywhere on the way to the same end, so that a few calls are enough.

A network that predicts the noise is taught to jump from any noisy latents straight to where the
teacher's whole run would end. Nobody draws that run: what it says at one place must be what it says
one step of the teacher later.
"""

from core.ideas.arrays import Array, spread
from core.ideas.equation import equation
from core.ideas.forward import add_noise
from core.ideas.prediction import x0_from_eps

SIGMA_DATA, TIME_SCALE = 0.5, 10.0  # as the scheduler LCM has them


@equation(
    tex=r"f(x_t, t) = c_\mathrm{skip}\,x_t + c_\mathrm{out}\,\hat x_0,\quad "
    r"c_\mathrm{skip} = \frac{\sigma^2}{(10\,t)^2 + \sigma^2},\quad "
    r"c_\mathrm{out} = \frac{10\,t}{\sqrt{(10\,t)^2 + \sigma^2}},\quad \sigma = 0.5",
    source="Luo et al. 2023 (Latent Consistency Models), section 4.1, after Song et al. 2023 "
    "(Consistency Models), eq. 5; the factor 10 is the authors' code",
)
def jump_to_the_end(xt: Array, eps: Array, alpha_bar: Array, t: Array) -> Array:
    """Say where a run through these latents ends; at t = 0 that is where they are.

    Args:
        xt: noisy latents at unit scale, (B, ...).
        eps: the noise that the network names in them, same shape.
        alpha_bar: signal power left in each, (B,).
        t: timestep of each, (B,).

    Returns:
        The end, same shape.
    """
    x0 = x0_from_eps(xt, eps, spread(alpha_bar, xt))
    skip, out = boundary_weights(spread(t, xt))
    return skip * xt + out * x0


def boundary_weights(t: Array) -> tuple[Array, Array]:
    """Return how much of the latents and of the guess there is in the end that is named.

    Args:
        t: timestep; at 0 it is the latents alone.

    Returns:
        c_skip and c_out, shaped like ``t``.
    """
    late = TIME_SCALE * t
    return SIGMA_DATA**2 / (late**2 + SIGMA_DATA**2), late / (late**2 + SIGMA_DATA**2) ** 0.5


@equation(
    tex=r"x_{t'} = \sqrt{\bar\alpha_{t'}}\,\hat x_0 + \sqrt{1-\bar\alpha_{t'}}\;\hat\epsilon",
    source="Song et al. 2021 (DDIM), eq. 12 without fresh noise; Luo et al. 2023 (Latent "
    "Consistency Models), eq. 8, where t' lies several timesteps below t",
)
def step_of_teacher(xt: Array, eps: Array, alpha_bar: Array, alpha_bar_next: Array) -> Array:
    """Let the teacher go one step on.

    Args:
        xt: noisy latents at unit scale, (B, ...).
        eps: the noise that the teacher names in them, with guidance, same shape.
        alpha_bar: signal power left in each, (B,).
        alpha_bar_next: signal power left in each after the step, (B,).

    Returns:
        Latents with less noise, same shape.
    """
    x0 = x0_from_eps(xt, eps, spread(alpha_bar, xt))
    return add_noise(x0, eps, alpha_bar_next)


@equation(
    tex=r"L = \mathbb{E}\Bigl[\sqrt{\bigl(f_\theta(x_t, t) - "
    r"\mathrm{sg}\,f_\theta(x_{t'}, t')\bigr)^2 + c^2} - c\Bigr],\quad c = 0.001",
    source="Luo et al. 2023 (Latent Consistency Models), eq. 9; the distance is Charbonnier's, as "
    "in Song & Dhariwal 2023, number by number; sg lets no gradient through",
)
def consistency_loss(here: Array, later: Array, c: float = 0.001) -> Array:
    """Compare the end that is named here with the end that is named one step of the teacher later.

    Args:
        here: f at x_t, (B, ...).
        later: f at x_t', same shape, without a gradient.
        c: differences far below it count by their square.

    Returns:
        One number, 0 where both are the same.
    """
    return (((here - later) ** 2 + c**2) ** 0.5 - c).mean()
