"""What the parts of Stable Diffusion are trained to make small.

The same lines take numpy arrays and torch tensors, but for those that need a softmax or a
logarithm.
"""

from typing import TYPE_CHECKING

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.flow import flow_velocity

if TYPE_CHECKING:
    from torch import Tensor


@equation(
    tex=r"L = \mathbb{E}_{x_0,\epsilon,t}\Bigl[\,w_t\,\lVert \epsilon - "
    r"\epsilon_\theta(x_t, t, c)\rVert^2\Bigr]",
    source="Ho et al. 2020 (DDPM), eq. 14, there with w = 1 and no caption c; ours divides by how "
    "many numbers there are",
)
def noise_loss(predicted: Array, eps: Array, weight: Array) -> Array:
    """Compare the noise that was named with the noise that was added.

    Args:
        predicted: the network's answer, (B, ...).
        eps: the noise, same shape.
        weight: of each sample's error, (B,).

    Returns:
        One number.
    """
    errors = ((predicted - eps) ** 2).reshape(len(eps), -1).mean(1)  # (B, ...) -> (B,)
    return (weight * errors).mean()


@equation(
    tex=r"L = \mathbb{E}_{x_0,\epsilon,s}\,\lVert u_\theta(z_s, s, c) - "
    r"(\epsilon - x_0)\rVert^2",
    source="Lipman et al. 2023 (Flow Matching), eq. 23 with sigma_min = 0 and time reversed; ours "
    "divides by how many numbers there are",
)
def flow_loss(predicted: Array, eps: Array, x0: Array) -> Array:
    """Compare the velocity that was named with that of the pair which was mixed.

    Args:
        predicted: the network's answer, (B, ...).
        eps: the noise of every pair, same shape.
        x0: the data of every pair, same shape.

    Returns:
        One number.
    """
    return ((predicted - flow_velocity(eps, x0)) ** 2).mean()


@equation(
    tex=r"w_t = \frac{\min(\mathrm{SNR}(t),\,\gamma)}{\mathrm{SNR}(t)}",
    source="Hang et al. 2023 (Efficient Diffusion Training via Min-SNR Weighting Strategy), the "
    "weight for a network that predicts the noise; gamma = 5",
)
def weigh_min_snr(snr: Array, gamma: float = 5.0) -> Array:
    """Let nearly clean samples count less: next to no noise is hard to name, and hardly matters.

    Args:
        snr: signal-to-noise ratio of each sample, (B,), above 0.
        gamma: where the weights begin to fall.

    Returns:
        Weights, (B,), at most 1.
    """
    return snr.clip(max=gamma) / snr


@equation(
    tex=r"L = \frac12\left(-\frac1n\sum_i \log"
    r"\frac{e^{s\,u_i\cdot v_i}}{\sum_j e^{s\,u_i\cdot v_j}}"
    r"-\frac1n\sum_i \log\frac{e^{s\,u_i\cdot v_i}}{\sum_j e^{s\,u_j\cdot v_i}}\right)",
    source="Radford et al. 2021 (CLIP), figure 3, with u and v of length 1",
)
def match_loss(pictures: "Tensor", texts: "Tensor", scale: "Tensor | float") -> "Tensor":
    """Ask every picture for its caption, and every caption for its picture.

    Args:
        pictures: a vector of length 1 for each picture, (n, D).
        texts: one for each caption, (n, D), in the same order.
        scale: how sharp the choice is, the inverse of a temperature.

    Returns:
        Mean cross entropy of both choices, in nats.
    """
    logits = scale * pictures @ texts.T  # (n, n), its diagonal the right pairs
    right = logits.diagonal()
    return ((logits.logsumexp(1) - right).mean() + (logits.logsumexp(0) - right).mean()) / 2


@equation(
    tex=r"L = -\sum_k q_k \log p_k,\qquad q_k = (1-\varepsilon)\,[k = y] + \frac{\varepsilon}{K}",
    source="Szegedy et al. 2016 (Rethinking the Inception Architecture), section 7: cross entropy "
    "with label smoothing",
)
def naming_loss(logits: "Tensor", wanted: "Tensor", smoothing: float = 0.0) -> "Tensor":
    """Measure how surprising the right name is; a little doubt is asked for as well.

    Args:
        logits: a number for each name, (B, K); p is their softmax.
        wanted: the right name, (B,).
        smoothing: how much doubt, in [0, 1).

    Returns:
        Mean over the batch, in nats.
    """
    log_p = logits - logits.logsumexp(1, keepdim=True)  # (B, K)
    right = log_p.gather(1, wanted[:, None])[:, 0]
    return -((1 - smoothing) * right + smoothing * log_p.mean(1)).mean()


@equation(
    tex=r"L = \lVert \hat x - x\rVert_1 + \lVert \nabla\hat x - \nabla x\rVert_1 + "
    r"\lVert \downarrow_4\!\hat x\, - \downarrow_4\! x\rVert_1 + \lambda\,D_\mathrm{KL}",
    source="ours, each norm as a mean: pixels, their differences to the right and downwards, and "
    "averages of 4 x 4; the KL as in Kingma & Welling 2014, appendix B",
)
def picture_loss(decoded: Array, picture: Array, kl: Array, kl_weight: float) -> Array:
    """Compare a picture that came back with what went in: pixels, edges, coarse shades.

    Args:
        decoded: what came back, (B, C, H, W) in [-1, 1], sides multiples of 4.
        picture: what went in, same shape.
        kl: divergence of the latents from N(0, 1), a number.
        kl_weight: how much that counts.

    Returns:
        One number.
    """
    off = decoded - picture
    pixel = abs(off).mean()
    edge = abs(off[..., 1:] - off[..., :-1]).mean() + abs(off[..., 1:, :] - off[..., :-1, :]).mean()
    batch, channels, height, width = off.shape
    coarse = abs(off.reshape(batch, channels, height // 4, 4, width // 4, 4).mean((3, 5))).mean()
    return pixel + edge + coarse + kl_weight * kl


@equation(
    tex=r"L = \lVert \hat x - x\rVert_1 + \lVert \nabla\hat x - \nabla x\rVert_1 + "
    r"\log_{10}\Bigl(1 + \tfrac{1}{\delta}\lVert \hat x - x\rVert_2^2\Bigr)",
    source="ours, each norm as a mean: pixels, their differences to the right and downwards, and "
    "the squared error of each picture, of which δ counts as hardly any",
)
def order_loss(decoded: "Tensor", picture: "Tensor", faint: float) -> "Tensor":
    """Compare a picture that came back with what went in: pixels, edges, and what PSNR measures.

    Args:
        decoded: what came back, (B, C, H, W) in [-1, 1].
        picture: what went in, same shape.
        faint: squared error that counts as hardly any.

    Returns:
        One number.
    """
    off = decoded - picture
    edge = abs(off.diff(dim=-1)).mean() + abs(off.diff(dim=-2)).mean()
    squares = (off**2).mean((1, 2, 3))  # (B,)
    return abs(off).mean() + edge + (1 + squares / faint).log10().mean()
