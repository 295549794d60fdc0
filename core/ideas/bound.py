"""One term of the variational bound: how many bits one timestep of a diffusion model costs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.ideas.equation import equation
from core.ideas.learned_variance import count_bits, measure_gaussian_kl, score_discrete_pixels


@dataclass(frozen=True, slots=True)
class ReverseStep:
    """The numbers of one step back from t to t - 1, one of each per sample, (B,).

    Attributes:
        x0_weight: weight of x0 in the mean.
        xt_weight: weight of x_t in the mean.
        beta: largest variance that can be right.
        beta_tilde: smallest one; at t = 0 that of t = 1, where the true one is 0.
        alpha_bar: signal power left at t.
        is_last: whether t is 0, whose step ends in pixels.
    """

    x0_weight: Tensor
    xt_weight: Tensor
    beta: Tensor
    beta_tilde: Tensor
    alpha_bar: Tensor
    is_last: Tensor


@equation(
    tex=r"\tilde\mu_t = \frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1-\bar\alpha_t}\,x_0 + "
    r"\frac{\sqrt{\alpha_t}\,(1-\bar\alpha_{t-1})}{1-\bar\alpha_t}\,x_t,\qquad "
    r"\tilde\beta_t = \frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t}\,\beta_t",
    source="Ho et al. 2020 (DDPM), eq. 7; the clipping of the first beta tilde as in Nichol & "
    "Dhariwal 2021's code",
)
def gather_reverse_step(alpha_bar: Tensor, t: Tensor) -> ReverseStep:
    """Gather the numbers of the step back from each sample's timestep.

    Args:
        alpha_bar: signal power left at every visited timestep, (T,), falling; a shorter list of
            levels, for fewer steps, is a schedule too.
        t: index into it for every sample, (B,), whole numbers.

    Returns:
        The numbers, (B,) each.

    Raises:
        ValueError: the schedule has fewer than two levels.
    """
    if len(alpha_bar) < 2:
        raise ValueError(f"alpha_bar has {len(alpha_bar)} levels, expected 2 or more")
    before = torch.cat([torch.ones_like(alpha_bar[:1]), alpha_bar[:-1]])
    alpha = alpha_bar / before
    beta_tilde = (1 - before) / (1 - alpha_bar) * (1 - alpha)
    beta_tilde = torch.cat([beta_tilde[1:2], beta_tilde[1:]])
    return ReverseStep(
        x0_weight=(before.sqrt() * (1 - alpha) / (1 - alpha_bar))[t],
        xt_weight=(alpha.sqrt() * (1 - before) / (1 - alpha_bar))[t],
        beta=(1 - alpha)[t],
        beta_tilde=beta_tilde[t],
        alpha_bar=alpha_bar[t],
        is_last=t == 0,
    )


@equation(
    tex=r"L_{t-1} = D_{\mathrm{KL}}\bigl(q(x_{t-1}\mid x_t,x_0)\,\Vert\,"
    r"p_\theta(x_{t-1}\mid x_t)\bigr),\qquad L_0 = -\log p_\theta(x_0\mid x_1)",
    source="Ho et al. 2020 (DDPM), eq. 5, second and third term; our t counts from 0",
)
def measure_step_bits(
    x0: Tensor,
    xt: Tensor,
    eps: Tensor,
    log_variance: Tensor,
    numbers: ReverseStep,
    *,
    clip: bool = False,
) -> Tensor:
    """Measure what one step back costs, given what the network predicts there.

    Args:
        x0: clean pixels, (B, C, H, W), each one of the 256 values k / 127.5 - 1.
        xt: their noisy version, same shape.
        eps: noise predicted in it, same shape; detach it to train the variance only.
        log_variance: log variance of the step, same shape or one that spreads to it.
        numbers: of each sample's timestep.
        clip: keep the network's guess of x0 within -1 to 1, where all pixels are; where almost no
            signal is left, the smallest error of the noise is a huge one of x0.

    Returns:
        Bits per dimension of this one term, (B,).
    """
    shape = (-1,) + (1,) * (x0.ndim - 1)  # (B,) -> (B, 1, 1, 1)
    alpha_bar = numbers.alpha_bar.reshape(shape)
    x0_weight, xt_weight = numbers.x0_weight.reshape(shape), numbers.xt_weight.reshape(shape)
    guess = (xt - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()
    guess = guess.clamp(-1, 1) if clip else guess
    mean = x0_weight * guess + xt_weight * xt
    true_mean = x0_weight * x0 + xt_weight * xt
    log_beta_tilde = numbers.beta_tilde.log().reshape(shape)
    divergence = measure_gaussian_kl(true_mean, log_beta_tilde, mean, log_variance)
    surprise = -score_discrete_pixels(x0, mean, 0.5 * log_variance)
    return torch.where(numbers.is_last, count_bits(surprise), count_bits(divergence))
