"""Noise, clean latents and velocity: round trips, limits, and the library's own formulas."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from core.ideas import prediction
from core.ideas.equation import equation_of
from core.ideas.prediction import (
    eps_from_v,
    eps_from_x0,
    from_unit_scale,
    to_unit_scale,
    v_from_x0,
    x0_from_eps,
    x0_from_v,
)

SD1 = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
}


def pair(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x0, eps = torch.randn(2, 3, 4, 6, 6, generator=generator, dtype=torch.float64).unbind()
    return x0, eps


@pytest.mark.parametrize("alpha_bar", [0.00466, 0.25, 0.5, 0.99915])
def test_every_way_to_tell_a_point_gives_back_the_others(alpha_bar: float) -> None:
    x0, eps = pair()
    xt = alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps
    v = v_from_x0(x0, eps, alpha_bar)
    torch.testing.assert_close(x0_from_eps(xt, eps, alpha_bar), x0)
    torch.testing.assert_close(eps_from_x0(xt, x0, alpha_bar), eps)
    torch.testing.assert_close(x0_from_v(xt, v, alpha_bar), x0)
    torch.testing.assert_close(eps_from_v(xt, v, alpha_bar), eps)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("t", [981, 500, 1])
def test_the_library_reads_the_same_x0(kind: str, t: int) -> None:
    scheduler = DDIMScheduler(**SD1, prediction_type=kind)
    scheduler.set_timesteps(50)
    xt, output = (part.float() for part in pair(1))
    theirs = scheduler.step(output, t, xt).pred_original_sample
    alpha_bar = float(scheduler.alphas_cumprod[t])
    read = {"epsilon": x0_from_eps, "v_prediction": x0_from_v, "sample": lambda *a: a[1]}[kind]
    torch.testing.assert_close(read(xt, output, alpha_bar), theirs, atol=1e-4, rtol=1e-4)


def test_the_library_mixes_the_same_velocity() -> None:
    scheduler = DDIMScheduler(**SD1)
    x0, eps = (part.float() for part in pair(2))
    theirs = scheduler.get_velocity(x0, eps, torch.tensor([700, 700, 700]))
    ours = v_from_x0(x0, eps, float(scheduler.alphas_cumprod[700]))
    torch.testing.assert_close(ours, theirs)


def test_pure_noise_is_no_trouble_for_a_velocity() -> None:
    x0, eps = pair(3)
    v = v_from_x0(x0, eps, 0.0)
    torch.testing.assert_close(v, -x0)
    torch.testing.assert_close(x0_from_v(eps, v, 0.0), x0)
    torch.testing.assert_close(eps_from_v(eps, v, 0.0), eps)


def test_the_two_spaces_hold_the_same_point() -> None:
    x0, eps = pair(4)
    sigma = 3.7
    alpha_bar = 1 / (1 + sigma**2)
    raw = x0 + sigma * eps
    xt = to_unit_scale(raw, sigma)
    torch.testing.assert_close(xt, alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps)
    torch.testing.assert_close(from_unit_scale(xt, sigma), raw)
    torch.testing.assert_close(x0_from_eps(xt, eps, alpha_bar), raw - sigma * eps)


@pytest.mark.parametrize(
    "function",
    [x0_from_eps, eps_from_x0, v_from_x0, x0_from_v, eps_from_v, to_unit_scale, from_unit_scale],
)
def test_arrays_and_numbers_are_taken_as_tensors_are(function: Callable[..., object]) -> None:
    first, second = (part.numpy() for part in pair(5))
    rest = (0.3,) if function in (to_unit_scale, from_unit_scale) else (second, 0.3)
    as_array = function(first, *rest)
    as_tensor = function(*(torch.as_tensor(part, dtype=torch.float64) for part in (first, *rest)))
    np.testing.assert_allclose(np.asarray(as_tensor), as_array, rtol=1e-12)
    plain = [float(np.ravel(part)[0]) for part in (first, *rest)]
    assert function(*plain) == pytest.approx(float(np.ravel(as_array)[0]))


def test_alpha_bar_may_differ_from_sample_to_sample() -> None:
    x0, eps = pair(6)
    alpha_bar = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64).view(-1, 1, 1, 1)
    xt = alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps
    torch.testing.assert_close(x0_from_eps(xt, eps, alpha_bar), x0)


def test_every_public_function_carries_its_formula() -> None:
    named = ("x0_", "eps_", "v_", "to_", "from_")
    functions = [f for name, f in vars(prediction).items() if name.startswith(named)]
    assert len(functions) == 7
    for function in functions:
        assert equation_of(function).tex
