"""Learned variance: how many bits a picture costs a diffusion model, and how to make it fewer.

The mean of a step decides how samples look; its variance decides the likelihood. iDDPM lets the
network interpolate between the smallest and the largest variance that can be right, and trains
it on the variational bound, whose terms are computed here.
"""

import math

import torch
from torch import Tensor

from core.ideas.equation import equation

SMALLEST_PROBABILITY = 1e-12  # a bin further out than this would have an infinite logarithm


@equation(
    tex=r"\log\Sigma_\theta = v\log\beta_t + (1-v)\log\tilde\beta_t,\qquad v = \tfrac{o+1}{2}",
    source="Nichol & Dhariwal 2021 (iDDPM), eq. 15; o is the network's second output, about -1 to "
    "1, as in their code",
)
def interpolate_log_variance(output: Tensor, beta: Tensor, beta_tilde: Tensor) -> Tensor:
    """Turn the network's second output into the logarithm of a variance.

    Args:
        output: what the network says about the variance, (B, C, H, W), about -1 to 1.
        beta: largest variance that can be right, (B,), above 0.
        beta_tilde: smallest one, (B,), above 0; lift the 0 of t = 0 to that of t = 1 before.

    Returns:
        Log variances, shaped like ``output``.
    """
    per_sample = (-1,) + (1,) * (output.ndim - 1)  # (B,) -> (B, 1, 1, 1)
    v = (output + 1) / 2
    return v * beta.log().reshape(per_sample) + (1 - v) * beta_tilde.log().reshape(per_sample)


@equation(
    tex=r"D_{\mathrm{KL}} = \tfrac12\Bigl(\log\frac{\sigma_2^2}{\sigma_1^2} - 1 + "
    r"\frac{\sigma_1^2+(\mu_1-\mu_2)^2}{\sigma_2^2}\Bigr)",
    source="two one-dimensional Gaussians; each term L_{t-1} and L_T of Ho et al. 2020 (DDPM), "
    "eq. 5, is a sum of these",
)
def measure_gaussian_kl(
    mean_1: Tensor, log_variance_1: Tensor, mean_2: Tensor, log_variance_2: Tensor
) -> Tensor:
    """Measure how far one Gaussian is from another, position by position.

    Args:
        mean_1: means of the Gaussians that are true, any shape.
        log_variance_1: their log variances, same shape or one that spreads to it.
        mean_2: means of the Gaussians that are offered for them.
        log_variance_2: their log variances.

    Returns:
        KL divergence from 1 to 2, nats, 0 or more.
    """
    spread = (log_variance_1 - log_variance_2).exp()
    distance = (mean_1 - mean_2) ** 2 * (-log_variance_2).exp()
    return 0.5 * (log_variance_2 - log_variance_1 - 1 + spread + distance)


@equation(
    tex=r"p(x_0 \mid x_1) = \int_{\delta_-(x_0)}^{\delta_+(x_0)}\mathcal{N}(x;\mu,\sigma^2)\,"
    r"\mathrm{d}x,\qquad \delta_\pm = x_0 \pm \tfrac{1}{255},\ \text{or}\ \pm\infty\ "
    r"\text{where}\ x_0 = \pm 1",
    source="Ho et al. 2020 (DDPM), eq. 13",
)
def score_discrete_pixels(x0: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Score 8-bit pixels under Gaussians: how likely is each of its 256 bins?

    Args:
        x0: pixels, any shape, each one of the 256 values k / 127.5 - 1.
        mean: means of the Gaussians, same shape.
        log_std: logarithms of their standard deviations, same shape or one that spreads to it.

    Returns:
        Log probabilities, nats, 0 or less; over the 256 values they add up to 1.
    """
    width = (-log_std).exp()
    above = torch.special.ndtr((x0 - mean + 1 / 255) * width)
    below = torch.special.ndtr((x0 - mean - 1 / 255) * width)
    # the outermost bins reach to infinity
    above = torch.where(x0 > 1 - 1 / 255, torch.ones_like(above), above)
    below = torch.where(x0 < -1 + 1 / 255, torch.zeros_like(below), below)
    return (above - below).clamp(min=SMALLEST_PROBABILITY).log()


@equation(
    tex=r"L_T = D_{\mathrm{KL}}\bigl(\mathcal{N}(\sqrt{\bar\alpha_T}\,x_0,\,1-\bar\alpha_T)\,"
    r"\big\Vert\,\mathcal{N}(0,1)\bigr)",
    source="Ho et al. 2020 (DDPM), eq. 5, first term",
)
def measure_prior_gap(x0: Tensor, alpha_bar_last: Tensor) -> Tensor:
    """Measure what still tells the noisiest picture from pure noise; no network can change it.

    Args:
        x0: clean pixels, any shape.
        alpha_bar_last: signal power left at the last timestep, a single number.

    Returns:
        KL divergence, nats, shaped like ``x0``; 0 where the terminal SNR is 0.
    """
    zero = torch.zeros_like(alpha_bar_last)
    return measure_gaussian_kl(alpha_bar_last.sqrt() * x0, (1 - alpha_bar_last).log(), zero, zero)


@equation(
    tex=r"\mathrm{bits/dim} = \frac{1}{\ln 2}\,\frac{1}{D}\sum_{d=1}^{D} L_d",
    source="Nichol & Dhariwal 2021 (iDDPM), section 3: negative log-likelihood in bits per "
    "dimension",
)
def count_bits(nats: Tensor) -> Tensor:
    """Turn nats into bits per dimension, averaged over every picture.

    Args:
        nats: one term per pixel and channel, (B, C, H, W).

    Returns:
        Bits per dimension, (B,).
    """
    return nats.flatten(start_dim=1).mean(dim=1) / math.log(2)


@equation(
    tex=r"L_{\mathrm{hybrid}} = L_{\mathrm{simple}} + \lambda\,L_{\mathrm{vlb}},\qquad "
    r"L_{\mathrm{simple}} = \lVert\epsilon-\epsilon_\theta\rVert^2",
    source="Nichol & Dhariwal 2021 (iDDPM), eq. 16, lambda = 0.001; the bound must not move the "
    "mean, so its mean is detached by the caller",
)
def add_hybrid_loss(
    eps: Tensor, eps_predicted: Tensor, bound_bits: Tensor, weight: float = 0.001
) -> Tensor:
    """Add a little of the variational bound to the plain noise loss.

    Args:
        eps: noise that was added, (B, C, H, W).
        eps_predicted: noise that the network saw, same shape.
        bound_bits: the bound on all T timesteps, estimated from the sample's own (its term times
            T), bits per dimension, (B,).
        weight: lambda.

    Returns:
        One loss for the batch, a scalar.
    """
    return ((eps - eps_predicted) ** 2).mean() + weight * bound_bits.mean()
