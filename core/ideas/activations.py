"""Activations: the bend between two layers, without which any stack of them is one layer.

Stable Diffusion's U-Net uses SiLU, in its residual blocks and its time layers, and GELU inside its
transformer blocks. Numpy only; the networks use torch's own, which are tested to be the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.ideas.arrays import Numbers
from core.ideas.equation import equation

LEAK = 0.01  # slope of the leaky ReLU below 0, the usual one

_erf = np.vectorize(math.erf, otypes=[np.float64])


@equation(tex=r"\max(0, x)", source="Nair & Hinton 2010 (rectified linear units)")
def relu(x: Numbers) -> Numbers:
    """Let what is positive through and nothing else."""
    return np.maximum(x, 0)


@equation(tex=r"\max(0.01\,x, x)", source="Maas et al. 2013 (rectifier nonlinearities)")
def leaky_relu(x: Numbers) -> Numbers:
    """Let a hundredth of what is negative through, so that no unit goes silent for ever."""
    return np.where(x > 0, x, LEAK * x)


@equation(
    tex=r"x \text{ for } x > 0, \quad e^x - 1 \text{ otherwise}",
    source="Clevert et al. 2016 (ELU), eq. 15 with alpha = 1",
)
def elu(x: Numbers) -> Numbers:
    """Bend what is negative smoothly towards -1."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@equation(
    tex=r"x\,\Phi(x) = \tfrac{x}{2}\left(1 + \operatorname{erf}\tfrac{x}{\sqrt 2}\right)",
    source="Hendrycks & Gimpel 2016 (GELU), section 2",
)
def gelu(x: Numbers) -> Numbers:
    """Weigh each number with the chance that noise from N(0, 1) is smaller."""
    return x * _normal_share(x)


@equation(
    tex=r"x\,\sigma(x) = \frac{x}{1 + e^{-x}}",
    source="Hendrycks & Gimpel 2016 (SiLU), section 4; Ramachandran et al. 2017 call it Swish",
)
def silu(x: Numbers) -> Numbers:
    """Let each number open its own gate: wide for large ones, a crack for negative ones."""
    return x * sigmoid(x)


@equation(tex=r"x\,\tanh\!\left(\ln(1 + e^x)\right)", source="Misra 2019 (Mish), eq. 1")
def mish(x: Numbers) -> Numbers:
    """Gate each number with the tanh of its softplus: nearly SiLU, a little steeper."""
    return x * np.tanh(np.logaddexp(0, x))


@equation(
    tex=r"\tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}",
    source="LeCun et al. 1998 (Efficient BackProp), section 4.4",
)
def tanh(x: Numbers) -> Numbers:
    """Press every number into -1 to 1."""
    return np.tanh(x)


@equation(
    tex=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    source="Rumelhart et al. 1986 (back-propagating errors), eq. 2",
)
def sigmoid(x: Numbers) -> Numbers:
    """Press every number into 0 to 1."""
    return 0.5 * (1 + np.tanh(0.5 * x))  # the same, and it overflows nowhere


def relu_slope(x: Numbers) -> Numbers:
    """Return the derivative of ReLU: 0 or 1; at 0 it is taken to be 0."""
    return np.where(x > 0, 1.0, 0.0)


def leaky_relu_slope(x: Numbers) -> Numbers:
    """Return the derivative of the leaky ReLU: 0.01 or 1."""
    return np.where(x > 0, 1.0, LEAK)


def elu_slope(x: Numbers) -> Numbers:
    """Return the derivative of ELU: e^x below 0, 1 above."""
    return np.exp(np.minimum(x, 0))


def gelu_slope(x: Numbers) -> Numbers:
    """Return the derivative of GELU: the normal share, and x times the normal density."""
    return _normal_share(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def silu_slope(x: Numbers) -> Numbers:
    """Return the derivative of SiLU: s (1 + x (1 - s)) with s the sigmoid of x."""
    share = sigmoid(x)
    return share * (1 + x * (1 - share))


def mish_slope(x: Numbers) -> Numbers:
    """Return the derivative of Mish, by the product rule."""
    gate = np.tanh(np.logaddexp(0, x))
    return gate + x * (1 - gate * gate) * sigmoid(x)


def tanh_slope(x: Numbers) -> Numbers:
    """Return the derivative of tanh: 1 - tanh^2, at most 1."""
    return 1 - np.tanh(x) ** 2


def sigmoid_slope(x: Numbers) -> Numbers:
    """Return the derivative of the sigmoid: s (1 - s), at most a quarter."""
    share = sigmoid(x)
    return share * (1 - share)


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation.

    Attributes:
        title: as people write it.
        function: the activation.
        slope: its derivative.
    """

    title: str
    function: Callable[[Numbers], Numbers]
    slope: Callable[[Numbers], Numbers]


ACTIVATIONS: dict[str, Activation] = {
    "silu": Activation("SiLU", silu, silu_slope),
    "relu": Activation("ReLU", relu, relu_slope),
    "leaky_relu": Activation("LeakyReLU", leaky_relu, leaky_relu_slope),
    "elu": Activation("ELU", elu, elu_slope),
    "gelu": Activation("GELU", gelu, gelu_slope),
    "mish": Activation("Mish", mish, mish_slope),
    "tanh": Activation("tanh", tanh, tanh_slope),
    "sigmoid": Activation("sigmoid", sigmoid, sigmoid_slope),
}


def _normal_share(x: Numbers) -> Numbers:
    return 0.5 * (1 + _erf(x / math.sqrt(2)))
