"""The forward process: one jump, step by step, numpy and torch alike."""

import math

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st

from core.ideas.forward import (
    add_noise,
    add_one_step,
    follow_moments,
    walk_chain,
    weigh_signal_and_noise,
)
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.prediction import to_unit_scale
from core.ideas.schedules import accumulate_alpha_bar, make_scaled_linear_betas

SD1 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
BETAS = make_scaled_linear_betas()
ALPHA_BAR = accumulate_alpha_bar(BETAS)


def draw_pair(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, 4, 5, 5, generator=generator).unbind()


def test_jump_is_the_librarys() -> None:
    x0, eps = draw_pair()
    t = torch.tensor([0, 354, 999])
    theirs = DDPMScheduler(**SD1).add_noise(x0, eps, t)
    ours = add_noise(x0, eps, torch.tensor(ALPHA_BAR[t.numpy()], dtype=torch.float32))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_numpy_and_torch_say_the_same() -> None:
    x0, eps = draw_pair()
    alpha_bar = torch.tensor([0.2, 0.5, 0.9])
    for add in (add_noise, add_one_step):
        from_torch = add(x0, eps, alpha_bar).numpy()
        from_numpy = add(x0.numpy(), eps.numpy(), alpha_bar.numpy())
        np.testing.assert_allclose(from_numpy, from_torch, rtol=1e-6, atol=1e-7)


def test_one_level_for_all_is_one_level_for_each() -> None:
    x0, eps = draw_pair()
    torch.testing.assert_close(
        add_noise(x0, eps, 0.3), add_noise(x0, eps, torch.tensor([0.3, 0.3, 0.3]))
    )


@given(alpha_bar=st.floats(1e-6, 1.0))
def test_both_conventions_are_one_point_at_two_scales(alpha_bar: float) -> None:
    x0, eps = np.array([0.5, -2.0]), np.array([1.0, 0.25])
    sigma = float(sigma_from_alpha_bar(alpha_bar))
    large = x0 + sigma * eps
    np.testing.assert_allclose(to_unit_scale(large, sigma), add_noise(x0, eps, alpha_bar))


def test_jump_keeps_unit_variance() -> None:
    rng = np.random.default_rng(0)
    x0, eps = rng.standard_normal((2, 1, 200_000))
    for alpha_bar in (0.00466, 0.5, 0.99915):
        assert add_noise(x0, eps, alpha_bar).var() == pytest.approx(1, abs=0.02)


def test_the_chain_gathers_exactly_what_the_jump_adds() -> None:
    weights, variances = follow_moments(BETAS)
    signal, noise = weigh_signal_and_noise(ALPHA_BAR)
    np.testing.assert_allclose(weights, signal, rtol=1e-12)
    np.testing.assert_allclose(variances, noise**2, rtol=1e-10)
    assert signal[999] == pytest.approx(0.068, abs=5e-4)


def test_walking_the_chain_agrees_with_the_jump_in_mean_and_variance() -> None:
    rng = np.random.default_rng(1)
    x0 = np.full((1, 40_000), 0.7)
    steps = 355
    noises = (rng.standard_normal(x0.shape) for _ in range(steps))
    *_, xt = walk_chain(x0, noises, BETAS[:steps])
    signal, noise = weigh_signal_and_noise(ALPHA_BAR[steps - 1])
    assert xt.mean() == pytest.approx(0.7 * signal, abs=0.015)
    assert xt.std() == pytest.approx(noise, abs=0.015)


def test_walking_without_noise_only_fades() -> None:
    x0 = np.ones((1, 3))
    *_, end = walk_chain(x0, [np.zeros((1, 3))] * 1000, BETAS)
    np.testing.assert_allclose(end, math.sqrt(ALPHA_BAR[-1]))


def test_nothing_is_changed_in_place() -> None:
    x0, eps = draw_pair()
    before = x0.clone(), eps.clone()
    add_noise(x0, eps, 0.5)
    add_one_step(x0, eps, 0.5)
    assert torch.equal(x0, before[0])
    assert torch.equal(eps, before[1])


def test_shapes_that_do_not_fit_are_refused() -> None:
    x0, eps = draw_pair()
    with pytest.raises(ValueError, match=r"eps is \(2, 4, 5, 5\), expected \(3, 4, 5, 5\)"):
        add_noise(x0, eps[:2], 0.5)
    with pytest.raises(ValueError, match=r"weights are \(2,\), expected \(3,\)"):
        add_noise(x0, eps, torch.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="longer than argument 1"):
        list(walk_chain(x0, [eps], [0.1, 0.2]))
