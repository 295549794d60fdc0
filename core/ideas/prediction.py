"""One point on the path, told in three ways: noise, clean latents and velocity.

Whatever the network was trained to predict, the other two follow, because noisy latents are a
known mix of signal and noise. Every function takes torch tensors, numpy arrays or floats alike;
``alpha_bar`` is a number, or an array of the same kind that broadcasts against the latents.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from core.ideas.equation import equation

Array = TypeVar("Array")  # a torch tensor, a numpy array or a float: the arithmetic is the same


@equation(
    tex=r"\hat x_0 = \frac{x_t - \sqrt{1-\bar\alpha_t}\,\epsilon}{\sqrt{\bar\alpha_t}}",
    source="Song et al. 2021 (DDIM), eq. 9",
)
def x0_from_eps(xt: Array, eps: Array, alpha_bar: Array | float) -> Array:
    """Take the noise out of noisy latents: what the end would be if the prediction were right.

    Args:
        xt: noisy latents at unit scale.
        eps: the noise in them, same shape.
        alpha_bar: signal power left, in (0, 1].

    Returns:
        The estimate of the clean latents, same shape.
    """
    return (xt - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5  # type: ignore[operator]


@equation(
    tex=r"\epsilon = \frac{x_t - \sqrt{\bar\alpha_t}\,x_0}{\sqrt{1-\bar\alpha_t}}",
    source="Song et al. 2021 (DDIM), eq. 9, solved for the noise",
)
def eps_from_x0(xt: Array, x0: Array, alpha_bar: Array | float) -> Array:
    """Take the signal out of noisy latents: the noise that must be in them.

    Args:
        xt: noisy latents at unit scale.
        x0: the clean latents, same shape.
        alpha_bar: signal power left, in [0, 1).

    Returns:
        The noise, same shape.
    """
    return (xt - alpha_bar**0.5 * x0) / (1 - alpha_bar) ** 0.5  # type: ignore[operator]


@equation(
    tex=r"v = \sqrt{\bar\alpha_t}\,\epsilon - \sqrt{1-\bar\alpha_t}\,x_0",
    source="Salimans & Ho 2022 (progressive distillation), appendix D",
)
def v_from_x0(x0: Array, eps: Array, alpha_bar: Array | float) -> Array:
    """Mix noise and clean latents into the velocity, which is defined at every noise level.

    Args:
        x0: clean latents.
        eps: noise, same shape.
        alpha_bar: signal power left, in [0, 1].

    Returns:
        The velocity, same shape.
    """
    return alpha_bar**0.5 * eps - (1 - alpha_bar) ** 0.5 * x0  # type: ignore[operator]


@equation(
    tex=r"\hat x_0 = \sqrt{\bar\alpha_t}\,x_t - \sqrt{1-\bar\alpha_t}\,v",
    source="Salimans & Ho 2022 (progressive distillation), appendix D",
)
def x0_from_v(xt: Array, v: Array, alpha_bar: Array | float) -> Array:
    """Read the clean latents off a velocity; nothing is divided, so pure noise is no trouble.

    Args:
        xt: noisy latents at unit scale.
        v: velocity, same shape.
        alpha_bar: signal power left, in [0, 1].

    Returns:
        The estimate of the clean latents, same shape.
    """
    return alpha_bar**0.5 * xt - (1 - alpha_bar) ** 0.5 * v  # type: ignore[operator]


@equation(
    tex=r"\epsilon = \sqrt{\bar\alpha_t}\,v + \sqrt{1-\bar\alpha_t}\,x_t",
    source="Salimans & Ho 2022 (progressive distillation), appendix D, solved for the noise",
)
def eps_from_v(xt: Array, v: Array, alpha_bar: Array | float) -> Array:
    """Read the noise off a velocity.

    Args:
        xt: noisy latents at unit scale.
        v: velocity, same shape.
        alpha_bar: signal power left, in [0, 1].

    Returns:
        The noise, same shape.
    """
    return alpha_bar**0.5 * v + (1 - alpha_bar) ** 0.5 * xt  # type: ignore[operator]


@equation(
    tex=r"x^{\mathrm{VP}} = \frac{x^{\mathrm{VE}}}{\sqrt{1+\sigma^2}}",
    source="Karras et al. 2022 (EDM), table 1, s(t) of variance preserving",
)
def to_unit_scale(x: Array, sigma: Array | float) -> Array:
    """Bring latents kept as x0 + sigma eps to unit variance, as the network reads them.

    Args:
        x: noisy latents, x0 + sigma eps.
        sigma: their noise level.

    Returns:
        The same point at unit scale, same shape.
    """
    return x / (1 + sigma**2) ** 0.5  # type: ignore[operator]


@equation(
    tex=r"x^{\mathrm{VE}} = \sqrt{1+\sigma^2}\;x^{\mathrm{VP}}",
    source="Karras et al. 2022 (EDM), table 1, s(t) of variance preserving, inverted",
)
def from_unit_scale(xt: Array, sigma: Array | float) -> Array:
    """Undo ``to_unit_scale``: back to x0 + sigma eps.

    Args:
        xt: noisy latents at unit scale.
        sigma: their noise level.

    Returns:
        The same point as x0 + sigma eps, same shape.
    """
    return xt * (1 + sigma**2) ** 0.5  # type: ignore[operator]


# How noise and clean latents are read off what a network was trained to predict.
EPS_FROM = {"epsilon": lambda xt, out, _: out, "v_prediction": eps_from_v, "sample": eps_from_x0}
X0_FROM = {"epsilon": x0_from_eps, "v_prediction": x0_from_v, "sample": lambda xt, out, _: out}
OUTPUT_FROM = {
    "epsilon": lambda eps, x0, _: eps,
    "v_prediction": lambda eps, x0, level: v_from_x0(x0, eps, level),
    "sample": lambda eps, x0, _: x0,
}


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Noisy latents, and how to read an answer about them."""

    kind: str  # "epsilon", "v_prediction" or "sample": what the network predicts
    xt: Any  # Any, as all below: a tensor, an array or a number
    alpha_bar: float

    def noise(self, output: Any) -> Any:
        """Return the noise that an answer means."""
        return EPS_FROM[self.kind](self.xt, output, self.alpha_bar)

    def clean(self, output: Any) -> Any:
        """Return the clean latents that an answer means."""
        return X0_FROM[self.kind](self.xt, output, self.alpha_bar)

    def output(self, eps: Any, x0: Any) -> Any:
        """Return the answer that meant this noise and these clean latents."""
        return OUTPUT_FROM[self.kind](eps, x0, self.alpha_bar)
