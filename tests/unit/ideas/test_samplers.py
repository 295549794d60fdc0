"""Our samplers against the library's step(): whole runs, both conventions, last step included."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
)
from torch import Tensor

from core.ideas.closed_form import GaussianData, predict_exact_eps
from core.ideas.samplers.ddim import ddim_coefficients, ddim_step, sample_ddim
from core.ideas.samplers.ddpm import (
    ddpm_coefficients,
    ddpm_step,
    fixed_large_std,
    fixed_small_std,
    sample_ddpm,
)
from core.ideas.samplers.euler import euler_coefficients, sample_euler
from core.ideas.samplers.euler_ancestral import (
    ancestral_coefficients,
    euler_ancestral_step,
    sample_euler_ancestral,
)
from core.ideas.samplers.heun import sample_heun
from core.ideas.samplers.levels import pair_with_next, pair_with_stride
from core.ideas.samplers.multistep import (
    follow_guesses,
    follow_noise,
    half_bent_weights,
    line_weights,
    polynomial_weights,
    slope_weights,
    stay_weight,
)
from core.ideas.samplers.sums import add_up
from core.ideas.samplers.walk import SamplerStep, list_numbers

SD1 = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
}
VP = {**SD1, "clip_sample": False, "set_alpha_to_one": False}
COUNTS = [1, 2, 3, 10, 25, 150]
SPACINGS = ["linspace", "leading", "trailing"]
DATA = GaussianData()


def predict(xt: Tensor, alpha_bar: float) -> Tensor:
    """A made-up network that bends: exact for Gaussian data, plus a ripple."""
    return predict_exact_eps(xt, alpha_bar, DATA) + 0.1 * torch.tanh(2 * xt)


def draw(seed: int = 3) -> Tensor:
    return torch.randn(1, 4, 6, 6, generator=torch.Generator().manual_seed(seed))


def draw_like_library(steps: int, seed: int = 9) -> Iterator[Tensor]:
    """The fresh noise that the library draws from a generator with this seed."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(1, 4, 6, 6, generator=generator) for _ in range(steps))


def run_library(scheduler: object, x: Tensor, **options: object) -> list[Tensor]:
    """Walk the library's steps with the same network; returns the latents after each call."""
    path = []
    for index, t in enumerate(scheduler.timesteps):  # type: ignore[attr-defined]
        unit = scheduler.scale_model_input(x, t)  # type: ignore[attr-defined]
        if hasattr(scheduler, "sigmas"):
            alpha_bar = 1 / (1 + float(scheduler.sigmas[index]) ** 2)  # type: ignore[attr-defined]
        else:
            alpha_bar = float(scheduler.alphas_cumprod[int(t)])  # type: ignore[attr-defined]
        answer = predict(unit, alpha_bar)
        x = scheduler.step(answer, t, x, **options).prev_sample  # type: ignore[attr-defined]
        path.append(x)
    return path


def assert_same_run(ours: list[SamplerStep], theirs: list[Tensor], scales: np.ndarray) -> None:
    """Compare at unit scale, where latents of every noise level have about the same size."""
    assert len(ours) == len(theirs) == len(scales)
    for record, x, scale in zip(ours, theirs, scales, strict=True):
        torch.testing.assert_close(
            record.x_next / scale, x / scale, atol=1e-5, rtol=1e-5, check_dtype=False
        )
    assert torch.isfinite(ours[-1].x_next).all()


@pytest.mark.parametrize("steps", COUNTS)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_ddim(eta: float, spacing: str, steps: int) -> None:
    scheduler = DDIMScheduler(**VP, timestep_spacing=spacing)
    scheduler.set_timesteps(steps)
    options = {"eta": eta, "generator": torch.Generator().manual_seed(9)}
    theirs = run_library(scheduler, draw(), **options)
    alpha_bar = scheduler.alphas_cumprod.double().numpy()
    levels = pair_with_stride(scheduler.timesteps.numpy(), alpha_bar, last=alpha_bar[0])
    noises = draw_like_library(steps)
    ours = list(sample_ddim(predict, draw().double(), levels, noises, eta))
    assert_same_run(ours, theirs, np.ones(steps))


@pytest.mark.parametrize("steps", COUNTS)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("variance", ["fixed_small", "fixed_large"])
def test_ddpm(variance: str, spacing: str, steps: int) -> None:
    scheduler = DDPMScheduler(
        **SD1, clip_sample=False, timestep_spacing=spacing, variance_type=variance
    )
    scheduler.set_timesteps(steps)
    theirs = run_library(scheduler, draw(), generator=torch.Generator().manual_seed(9))
    alpha_bar = scheduler.alphas_cumprod.double().numpy()
    levels = pair_with_next(scheduler.timesteps.numpy(), alpha_bar)
    noises = list(draw_like_library(steps))
    if scheduler.timesteps[-1] == 0:  # the one case where the library adds no noise at the end
        noises[-1] = torch.zeros(())
    start = draw().double()
    choose = fixed_small_std if variance == "fixed_small" else fixed_large_std
    ours = list(sample_ddpm(predict, start, levels, noises, choose))
    assert_same_run(ours, theirs, np.ones(steps))


def scale_of(sigmas: np.ndarray) -> np.ndarray:
    return np.sqrt(1 + sigmas**2)


@pytest.mark.parametrize("steps", COUNTS)
@pytest.mark.parametrize("spacing", [*SPACINGS, "karras"])
def test_euler(spacing: str, steps: int) -> None:
    extra = {"use_karras_sigmas": True} if spacing == "karras" else {"timestep_spacing": spacing}
    scheduler = EulerDiscreteScheduler(**SD1, **extra)
    scheduler.set_timesteps(steps)
    sigmas = scheduler.sigmas.double().numpy()
    start = draw() * float(scheduler.init_noise_sigma)
    theirs = run_library(scheduler, start)
    ours = list(sample_euler(predict, start.double(), sigmas))
    assert_same_run(ours, theirs, scale_of(sigmas[1:]))


@pytest.mark.parametrize("steps", COUNTS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_euler_ancestral(spacing: str, steps: int) -> None:
    scheduler = EulerAncestralDiscreteScheduler(**SD1, timestep_spacing=spacing)
    scheduler.set_timesteps(steps)
    sigmas = scheduler.sigmas.double().numpy()
    start = draw() * float(scheduler.init_noise_sigma)
    theirs = run_library(scheduler, start, generator=torch.Generator().manual_seed(9))
    noises = draw_like_library(steps)
    ours = list(sample_euler_ancestral(predict, start.double(), sigmas, noises))
    assert_same_run(ours, theirs, scale_of(sigmas[1:]))


@pytest.mark.parametrize("steps", COUNTS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_heun(spacing: str, steps: int) -> None:
    scheduler = HeunDiscreteScheduler(**SD1, timestep_spacing=spacing)
    scheduler.set_timesteps(steps)
    doubled = scheduler.sigmas.double().numpy()
    sigmas = np.array([doubled[0], *doubled[1:-1:2], doubled[-1]])
    start = draw() * float(scheduler.init_noise_sigma)
    calls = []

    def count(xt: Tensor, alpha_bar: float) -> Tensor:
        calls.append(alpha_bar)
        return predict(xt, alpha_bar)

    theirs = run_library(scheduler, start)
    ours = list(sample_heun(count, start.double(), sigmas))
    assert len(calls) == len(theirs) == 2 * steps - 1
    ends = [*theirs[1::2], theirs[-1]]  # the library's odd calls are only on their way
    assert_same_run(ours, ends, scale_of(sigmas[1:]))


def test_a_step_of_one_number_is_a_step_of_that_position() -> None:
    xt, eps, z = draw(1), draw(2), draw(3)
    place = (0, 2, 3, 4)
    numbers = ddim_coefficients(0.3, 0.4, eta=0.7)
    whole = ddim_step(xt, eps, z, numbers)
    one = ddim_step(float(xt[place]), float(eps[place]), float(z[place]), numbers)
    assert one == pytest.approx(float(whole[place]), abs=1e-6)


def test_ddim_with_eta_one_is_ddpm_with_small_variance() -> None:
    xt, eps, z = (draw(seed).double() for seed in (1, 2, 3))
    ddim = ddim_step(xt, eps, z, ddim_coefficients(0.3, 0.4, eta=1.0))
    numbers = ddpm_coefficients(0.3, 0.4)
    ddpm = ddpm_step(xt, eps, z, fixed_small_std(numbers), numbers)
    torch.testing.assert_close(ddim, ddpm)


def test_euler_ancestral_is_ddpm_at_another_scale() -> None:
    x, eps, z = (draw(seed).double() for seed in (1, 2, 3))
    sigma, sigma_next = 3.0, 2.0
    alpha_bar, alpha_bar_next = 1 / (1 + sigma**2), 1 / (1 + sigma_next**2)
    numbers = ddpm_coefficients(alpha_bar, alpha_bar_next)
    ddpm = ddpm_step(x * alpha_bar**0.5, eps, z, fixed_small_std(numbers), numbers)
    ancestral = euler_ancestral_step(x, eps, z, ancestral_coefficients(sigma, sigma_next))
    torch.testing.assert_close(ancestral * alpha_bar_next**0.5, ddpm)


def test_euler_is_ddim_at_another_scale() -> None:
    sigmas = [14.6, 5.0, 1.0, 0.2, 0.0]
    alpha_bars = [1 / (1 + sigma**2) for sigma in sigmas]
    x = draw().double()
    euler = [
        record.x_next for record in sample_euler(predict, x * scale_of(np.array(14.6)), sigmas)
    ]
    pairs = list(pairwise(alpha_bars))
    ddim = [record.x_next for record in sample_ddim(predict, x, pairs, [0.0] * 4)]
    for ours, theirs, alpha_bar in zip(euler, ddim, alpha_bars[1:], strict=True):
        torch.testing.assert_close(ours * alpha_bar**0.5, theirs)


def test_ddim_and_ddpm_disagree_about_the_level_before() -> None:
    alpha_bar = np.linspace(0.99, 0.01, 1000)
    timesteps = np.array([999, 666, 333, 0])  # linspace: the list's strides are 333, T // N is 250
    assert pair_with_next(timesteps, alpha_bar)[0] == (alpha_bar[999], alpha_bar[666])
    assert pair_with_stride(timesteps, alpha_bar)[0] == (alpha_bar[999], alpha_bar[749])
    assert pair_with_stride(timesteps, alpha_bar, last=0.99)[-1] == (alpha_bar[0], 0.99)
    # a step that lands on t = 0 exactly has not gone below it
    assert pair_with_stride(np.array([500, 250, 1, 0]), alpha_bar)[1:3] == [
        (alpha_bar[250], alpha_bar[0]),
        (alpha_bar[1], 1.0),
    ]


@pytest.mark.parametrize(
    "numbers",
    [
        ddim_coefficients(0.3, 0.4, 0.5),
        ddpm_coefficients(0.3, 0.4),
        euler_coefficients(2.0, 1.0),
        ancestral_coefficients(2.0, 1.0),
    ],
    ids=lambda numbers: type(numbers).__name__,
)
def test_every_coefficient_has_a_symbol_a_meaning_and_a_number(numbers: object) -> None:
    listed = list_numbers(numbers)
    assert len(listed) >= 3
    assert all(part.tex and part.meaning and not math.isnan(part.value) for part in listed)
    assert len({part.tex for part in listed}) == len(listed)


def test_fresh_noise_must_be_there_for_every_step() -> None:
    sampler: Callable = sample_ddim
    with pytest.raises(ValueError, match="shorter"):
        list(sampler(predict, draw(), [(0.3, 0.4), (0.4, 0.5)], [0.0]))


def test_even_steps_have_adams_and_bashforths_weights() -> None:
    weights = polynomial_weights([0.0, -1.0, -2.0, -3.0], 0.0, 1.0)
    assert weights == pytest.approx([55 / 24, -59 / 24, 37 / 24, -9 / 24])
    assert slope_weights([3.0], 1.0) == (-2.0,)


@pytest.mark.parametrize("rate", [-1.0, 0.0, 1.0, 2.0])
def test_weights_of_a_step_add_up_to_that_of_an_answer_that_stays(rate: float) -> None:
    stay = stay_weight(-0.4, 1.1, rate)
    nodes = (-0.4, -1.3, -2.7)
    for weights in (
        polynomial_weights(nodes, -0.4, 1.1, rate),
        half_bent_weights(nodes, -0.4, 1.1, rate),
        line_weights((-0.4, -1.3), -0.4, stay, 0.7),
    ):
        assert sum(weights) == pytest.approx(stay)
    # A straight line is followed exactly by two answers and by three, however bends count.
    line = [2 * node + 1 for node in nodes]
    exact = polynomial_weights(nodes[:2], -0.4, 1.1, rate)
    for weights in (polynomial_weights(nodes, -0.4, 1.1, rate),
                    half_bent_weights(nodes, -0.4, 1.1, rate)):  # fmt: skip
        assert add_up(zip(weights, line, strict=True)) == pytest.approx(
            add_up(zip(exact, line[:2], strict=True))
        )


@pytest.mark.parametrize("follow", [follow_guesses, follow_noise])
@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_a_known_picture_keeps_its_noise_level_whatever_is_drawn_anew(
    follow: Callable, tau: float
) -> None:
    # x0 = 0: what is left is noise, and its share must be the next level's; the step is short, for
    # the noise seen is held still in it.
    sigma, after = 3.0, 2.997
    shares = follow(sigma, after, tau)
    h = math.log(sigma / after)
    answer = 0.0 if follow is follow_guesses else shares.answers * stay_weight(0, h, -1.0)
    old = shares.xt * sigma / math.hypot(1, sigma) + answer
    assert math.hypot(old, shares.fresh) == pytest.approx(after / math.hypot(1, after), rel=3e-6)
