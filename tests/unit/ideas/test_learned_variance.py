"""Learned variance: divergences, bins and bits against torch, scipy and the entropy itself."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from diffusers import DDPMScheduler
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from core.ideas.bound import ReverseStep, gather_reverse_step, measure_step_bits
from core.ideas.closed_form import GaussianData, predict_exact_eps
from core.ideas.forward import add_noise
from core.ideas.learned_variance import (
    add_hybrid_loss,
    count_bits,
    interpolate_log_variance,
    measure_gaussian_kl,
    measure_prior_gap,
    score_discrete_pixels,
)
from core.ideas.samplers.ddpm import ddpm_coefficients, fixed_large_std, fixed_small_std
from core.ideas.schedules import accumulate_alpha_bar, make_cosine_betas, make_linear_betas

PIXELS = torch.arange(256, dtype=torch.float64) / 127.5 - 1
ALPHA_BAR = torch.tensor(accumulate_alpha_bar(make_linear_betas()))


def test_divergence_is_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    mean_1, log_1, mean_2, log_2 = torch.randn(4, 50, generator=generator).unbind()
    theirs = kl_divergence(Normal(mean_1, (log_1 / 2).exp()), Normal(mean_2, (log_2 / 2).exp()))
    ours = measure_gaussian_kl(mean_1, log_1, mean_2, log_2)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        measure_gaussian_kl(mean_1, log_1, mean_1, log_1), torch.zeros(50), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("mean", [-1.0, -0.3, 0.0, 0.999, 1.4])
@pytest.mark.parametrize("std", [0.01, 0.1, 1.0])
def test_all_bins_add_up_to_one(mean: float, std: float) -> None:
    means = torch.full_like(PIXELS, mean)
    log_std = torch.tensor(math.log(std), dtype=torch.float64)
    total = score_discrete_pixels(PIXELS, means, log_std).exp().sum()
    assert float(total) == pytest.approx(1, abs=1e-9)


def test_bins_are_scipys() -> None:
    normal = scipy.stats.norm(0.2, 0.3)
    inner = PIXELS[1:-1].numpy()
    expected = np.log(normal.cdf(inner + 1 / 255) - normal.cdf(inner - 1 / 255))
    mean = torch.full_like(PIXELS, 0.2)
    ours = score_discrete_pixels(PIXELS, mean, torch.tensor(math.log(0.3)).double())
    np.testing.assert_allclose(ours[1:-1], expected, atol=1e-6)
    assert float(ours[0]) == pytest.approx(normal.logcdf(-1 + 1 / 255), abs=1e-6)
    assert float(ours[-1]) == pytest.approx(normal.logsf(1 - 1 / 255), abs=1e-6)


def test_an_impossible_pixel_costs_much_but_not_infinitely_much() -> None:
    worst = score_discrete_pixels(PIXELS[:1], torch.ones(1).double(), torch.tensor(-7.0).double())
    assert float(worst) == pytest.approx(math.log(1e-12))


def test_interpolation_goes_from_small_to_large_and_is_the_librarys() -> None:
    output = torch.linspace(-1, 1, 9).reshape(1, 1, 3, 3).double()
    t = 500
    numbers = ddpm_coefficients(float(ALPHA_BAR[t]), float(ALPHA_BAR[t - 1]))
    beta, beta_tilde = torch.tensor([[numbers.beta], [numbers.beta_tilde]]).double()
    ours = interpolate_log_variance(output, beta, beta_tilde)
    ends = (ours.flatten()[[0, -1]] / 2).exp().tolist()
    assert ends == pytest.approx([fixed_small_std(numbers), fixed_large_std(numbers)], rel=1e-6)
    scheduler = DDPMScheduler(variance_type="learned_range")
    theirs = scheduler._get_variance(torch.tensor(t), output.float())
    torch.testing.assert_close(ours.float(), theirs, atol=1e-3, rtol=0)


def test_the_numbers_of_a_step_are_the_samplers() -> None:
    t = torch.tensor([0, 1, 500, 999])
    gathered = gather_reverse_step(ALPHA_BAR, t)
    for row, step in enumerate(t.tolist()[1:], start=1):
        numbers = ddpm_coefficients(float(ALPHA_BAR[step]), float(ALPHA_BAR[step - 1]))
        for name in ("x0_weight", "xt_weight", "beta", "beta_tilde"):
            assert float(getattr(gathered, name)[row]) == pytest.approx(getattr(numbers, name))
    assert gathered.is_last.tolist() == [True, False, False, False]
    assert float(gathered.x0_weight[0]) == pytest.approx(1)
    assert float(gathered.xt_weight[0]) == pytest.approx(0)
    assert float(gathered.beta_tilde[0]) == float(gathered.beta_tilde[1]) > 0


def test_the_prior_gap_is_nothing_without_signal() -> None:
    x0 = torch.linspace(-1, 1, 5)
    assert float(measure_prior_gap(x0, torch.tensor(0.0)).abs().max()) == 0
    linear = float(measure_prior_gap(x0, ALPHA_BAR[-1].float()).mean())
    assert 0 < linear < 1e-4
    stable_diffusion = float(measure_prior_gap(x0, torch.tensor(0.00466)).mean())
    assert stable_diffusion > 10 * linear


def test_bits_are_nats_over_the_logarithm_of_two() -> None:
    nats = torch.full((2, 3, 4, 4), math.log(2.0))
    torch.testing.assert_close(count_bits(nats), torch.ones(2))


def test_hybrid_loss_is_noise_loss_and_a_thousandth_of_the_bound() -> None:
    eps, guess = torch.zeros(2, 1, 2, 2), torch.ones(2, 1, 2, 2)
    assert float(add_hybrid_loss(eps, guess, torch.tensor([3.0, 5.0]))) == pytest.approx(1.004)


def test_a_detached_mean_leaves_only_the_variance_to_learn() -> None:
    generator = torch.Generator().manual_seed(1)
    x0 = PIXELS[torch.randint(256, (3, 1, 4, 4), generator=generator)].float()
    eps = torch.randn(x0.shape, generator=generator)
    t = torch.tensor([0, 10, 900])
    numbers = gather_reverse_step(ALPHA_BAR.float(), t)
    guess = eps.clone().requires_grad_()
    output = torch.zeros_like(x0, requires_grad=True)
    log_variance = interpolate_log_variance(output, numbers.beta, numbers.beta_tilde)
    xt = add_noise(x0, eps, numbers.alpha_bar)
    bits = measure_step_bits(x0, xt, guess.detach(), log_variance, numbers)
    add_hybrid_loss(eps, guess, 1000 * bits).backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()
    assert (output.grad.flatten(1).abs().sum(dim=1) > 0).all()
    assert guess.grad is not None
    assert float(guess.grad.abs().max()) == 0  # the guess was perfect


def walk_the_bound(alpha_bar: Tensor, choose: str, pixels: Tensor) -> float:
    """Bits per dimension of all terms together, with the exact network for Gaussian data."""
    data = GaussianData(0.1, 0.25)
    generator = torch.Generator().manual_seed(2)
    total = float(count_bits(measure_prior_gap(pixels, alpha_bar[-1])).mean())
    for t in range(len(alpha_bar)):
        numbers: ReverseStep = gather_reverse_step(alpha_bar, torch.tensor([t]))
        eps = torch.randn(pixels.shape, generator=generator, dtype=torch.float64)
        level = float(alpha_bar[t])
        xt = add_noise(pixels, eps, level)
        predicted = predict_exact_eps(xt, level, data)
        variances = {"small": numbers.beta_tilde, "large": numbers.beta}
        if choose == "best":  # the true variance of the step back, known for Gaussian data
            before = float(alpha_bar[t - 1]) if t else 1.0
            now = level * data.std**2 + 1 - level
            then = before * data.std**2 + 1 - before
            variances["best"] = torch.tensor([then - level / before * then**2 / now]).double()
        log_variance = variances[choose].log().reshape(1, 1, 1, 1)
        total += float(measure_step_bits(pixels, xt, predicted, log_variance, numbers).mean())
    return total


@pytest.mark.parametrize("steps", [10, 60])
def test_the_best_variance_needs_no_more_bits_than_a_perfect_code(steps: int) -> None:
    generator = torch.Generator().manual_seed(3)
    clean = 0.1 + 0.25 * torch.randn(1, 1, 300, 300, generator=generator, dtype=torch.float64)
    pixels = ((clean.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
    truth = score_discrete_pixels(
        pixels, torch.full_like(pixels, 0.1), torch.tensor(math.log(0.25)).double()
    )
    cost = float(count_bits(-truth))  # what a perfect code would need for these very pixels
    alpha_bar = torch.tensor(accumulate_alpha_bar(make_cosine_betas(1000)))
    alpha_bar = alpha_bar[torch.linspace(0, 999, steps).round().long()]
    bits = {name: walk_the_bound(alpha_bar, name, pixels) for name in ("small", "large", "best")}
    assert cost - 0.02 < bits["best"] < cost + 0.02  # the drawn noise leaves about 0.005 to chance
    assert bits["best"] < bits["large"] < bits["small"]


def test_a_schedule_of_one_level_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 or more"):
        gather_reverse_step(ALPHA_BAR[:1], torch.tensor([0]))
