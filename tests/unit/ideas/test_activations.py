"""Activations equal torch's own, derivatives equal what torch's gradients say."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.ideas import activations
from core.ideas.activations import ACTIVATIONS
from core.ideas.equation import equation_of

THEIRS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "silu": F.silu, "relu": F.relu, "leaky_relu": F.leaky_relu, "elu": F.elu, "gelu": F.gelu,
    "mish": F.mish, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
}  # fmt: skip
X = np.concatenate([np.linspace(-12, 12, 401), [-700.0, 700.0]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_function_and_derivative_equal_torchs(name: str) -> None:
    x = torch.from_numpy(X).requires_grad_()
    expected = THEIRS[name](x)
    expected.sum().backward()
    act = ACTIVATIONS[name]
    np.testing.assert_allclose(act.function(X), expected.detach(), atol=1e-12, rtol=1e-12)
    assert x.grad is not None
    np.testing.assert_allclose(act.slope(X), x.grad, atol=1e-10)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_formula_stands_above_its_code(name: str) -> None:
    formula = equation_of(ACTIVATIONS[name].function)
    assert formula.source
    assert inspect.getsource(ACTIVATIONS[name].function).count("return") == 1


def test_what_the_page_says_of_slopes_is_so() -> None:
    x = np.linspace(-20, 20, 4001)
    assert activations.sigmoid_slope(x).max() == pytest.approx(0.25)
    assert (activations.relu_slope(x[x < 0]) == 0).all()
    assert abs(activations.tanh_slope(x)[[0, -1]]).max() < 1e-12
    assert activations.silu(x).min() == pytest.approx(-0.278, abs=1e-3)
