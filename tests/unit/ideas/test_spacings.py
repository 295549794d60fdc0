"""Spacings of timesteps and sigmas: the library's, for every number of steps on offer."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest
import scipy.stats
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
)

from core.ideas.beta_spacing import accumulate_beta, invert_beta, space_beta
from core.ideas.interpolation import sigma_at_timestep, timestep_at_sigma
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.schedules import accumulate_alpha_bar, make_scaled_linear_betas
from core.ideas.spacings import (
    space_exponential,
    space_karras,
    space_leading,
    space_leading_above_zero,
    space_linspace,
    space_linspace_above_zero,
    space_trailing,
)

SD1 = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
}
ALPHA_BAR = accumulate_alpha_bar(make_scaled_linear_betas())
SIGMAS = np.asarray(sigma_from_alpha_bar(ALPHA_BAR))
TIMESTEPS = {"linspace": space_linspace, "leading": space_leading, "trailing": space_trailing}
ABOVE_ZERO = {
    "linspace": space_linspace_above_zero,
    "leading": space_leading_above_zero,
    "trailing": space_trailing,
}
SIGMA_SPACINGS: dict[str, Callable[[int, float, float], np.ndarray]] = {
    "use_karras_sigmas": space_karras,
    "use_exponential_sigmas": space_exponential,
    "use_beta_sigmas": space_beta,
}
ONE_TOO_MANY = {61, 103, 121, 122}  # the library's trailing list ends one late, at t = -1


class Plan(NamedTuple):
    """Timesteps that the network is told, (N,), and the noise there, then none, (N + 1,)."""

    timesteps: np.ndarray
    sigmas: np.ndarray


def plan_timesteps(timesteps: np.ndarray) -> Plan:
    return Plan(timesteps, np.append(sigma_at_timestep(timesteps, SIGMAS), 0.0))


def plan_sigmas(sigmas: np.ndarray) -> Plan:
    return Plan(np.asarray(timestep_at_sigma(sigmas, SIGMAS)), np.append(sigmas, 0.0))


def every_count(scheduler: object, spacing: str) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield N, timesteps and sigmas of the library for all N from 1 to 150."""
    for steps in range(1, 151):
        scheduler.set_timesteps(steps)  # type: ignore[attr-defined]
        timesteps = scheduler.timesteps.numpy()  # type: ignore[attr-defined]
        sigmas = np.asarray(getattr(scheduler, "sigmas", np.zeros(0)))
        if spacing == "trailing" and steps in ONE_TOO_MANY:
            assert len(timesteps) == steps + 1
            assert timesteps[-1] == -1
            continue
        yield steps, timesteps, sigmas


@pytest.mark.parametrize("spacing", sorted(TIMESTEPS))
@pytest.mark.parametrize("library", [DDIMScheduler, DDPMScheduler])
def test_timesteps_of_ddim_and_ddpm(library: type, spacing: str) -> None:
    scheduler = library(**SD1, timestep_spacing=spacing)
    for steps, timesteps, _ in every_count(scheduler, spacing):
        np.testing.assert_array_equal(TIMESTEPS[spacing](steps).round(), timesteps)


@pytest.mark.parametrize("spacing", sorted(TIMESTEPS))
@pytest.mark.parametrize("library", [EulerDiscreteScheduler, EulerAncestralDiscreteScheduler])
def test_plans_of_euler(library: type, spacing: str) -> None:
    scheduler = library(**SD1, timestep_spacing=spacing)
    for steps, timesteps, sigmas in every_count(scheduler, spacing):
        plan = plan_timesteps(TIMESTEPS[spacing](steps))
        np.testing.assert_allclose(plan.timesteps, timesteps, rtol=1e-6)
        np.testing.assert_allclose(plan.sigmas, sigmas, rtol=2e-5)


@pytest.mark.parametrize("spacing", sorted(TIMESTEPS))
def test_plans_of_heun_stand_behind_its_doubled_lists(spacing: str) -> None:
    scheduler = HeunDiscreteScheduler(**SD1, timestep_spacing=spacing)
    for steps in set(range(1, 151)) - (ONE_TOO_MANY if spacing == "trailing" else set()):
        scheduler.set_timesteps(steps)
        plan = plan_timesteps(TIMESTEPS[spacing](steps))
        timesteps = np.append(plan.timesteps[:1], np.repeat(plan.timesteps[1:], 2))
        sigmas = [plan.sigmas[0], *np.repeat(plan.sigmas[1:-1], 2), 0.0]
        np.testing.assert_allclose(timesteps, scheduler.timesteps, rtol=1e-6)
        np.testing.assert_allclose(sigmas, scheduler.sigmas, rtol=2e-5)
        assert len(timesteps) == 2 * steps - 1


@pytest.mark.parametrize("spacing", sorted(ABOVE_ZERO))
def test_plans_of_dpmpp_2m(spacing: str) -> None:
    scheduler = DPMSolverMultistepScheduler(**SD1, timestep_spacing=spacing)
    for steps, timesteps, sigmas in every_count(scheduler, spacing):
        plan = plan_timesteps(ABOVE_ZERO[spacing](steps))
        np.testing.assert_array_equal(plan.timesteps, timesteps)
        np.testing.assert_allclose(plan.sigmas, sigmas, rtol=2e-5)


def counts_for(option: str) -> Iterator[int]:
    """Every N where the library is quick, a few where scipy's quantiles are slow."""
    return iter(range(1, 151) if option != "use_beta_sigmas" else (1, 2, 3, 7, 20, 50, 149, 150))


def plan_euler_on_sigmas(space: Callable, steps: int, spacing: str) -> Plan:
    """Euler and Heun space sigmas between the ends of their spaced timesteps."""
    ends = plan_timesteps(TIMESTEPS[spacing](steps)).sigmas
    return plan_sigmas(space(steps, ends[-2], ends[0]))


@pytest.mark.parametrize("spacing", sorted(TIMESTEPS))
@pytest.mark.parametrize("option", sorted(SIGMA_SPACINGS))
def test_sigma_spacings_of_euler(option: str, spacing: str) -> None:
    scheduler = EulerDiscreteScheduler(**SD1, timestep_spacing=spacing, **{option: True})
    for steps in counts_for(option):
        if spacing == "trailing" and steps in ONE_TOO_MANY:
            continue
        scheduler.set_timesteps(steps)
        plan = plan_euler_on_sigmas(SIGMA_SPACINGS[option], steps, spacing)
        np.testing.assert_allclose(plan.sigmas, scheduler.sigmas, rtol=5e-5, atol=1e-6)
        np.testing.assert_allclose(plan.timesteps, scheduler.timesteps, atol=0.02)


@pytest.mark.parametrize("option", sorted(SIGMA_SPACINGS))
def test_sigma_spacings_of_heun(option: str) -> None:
    scheduler = HeunDiscreteScheduler(**SD1, timestep_spacing="leading", **{option: True})
    for steps in (1, 2, 20, 150):
        scheduler.set_timesteps(steps)
        plan = plan_euler_on_sigmas(SIGMA_SPACINGS[option], steps, "leading")
        doubled = [plan.sigmas[0], *np.repeat(plan.sigmas[1:-1], 2), 0.0]
        np.testing.assert_allclose(doubled, scheduler.sigmas, rtol=5e-5, atol=1e-6)


@pytest.mark.parametrize("option", sorted(SIGMA_SPACINGS))
def test_sigma_spacings_of_dpmpp_2m_run_over_the_whole_schedule(option: str) -> None:
    scheduler = DPMSolverMultistepScheduler(**SD1, **{option: True})
    for steps in counts_for(option):
        scheduler.set_timesteps(steps)
        plan = plan_sigmas(SIGMA_SPACINGS[option](steps, SIGMAS[0], SIGMAS[-1]))
        np.testing.assert_allclose(plan.sigmas, scheduler.sigmas, rtol=5e-5, atol=1e-6)
        # the library tells the network whole timesteps here: rounded for Karras, else cut
        shift = 0.5 if option == "use_karras_sigmas" else 0.0
        cut = plan.timesteps + shift - scheduler.timesteps.numpy()
        assert np.min(cut) > -0.02
        assert np.max(cut) < 1.02


def test_first_timesteps_of_leading_and_last_of_trailing() -> None:
    assert [space_leading(steps)[0] for steps in (50, 20, 10)] == [981, 951, 901]
    assert [space_trailing(steps)[-1] for steps in (50, 20, 10)] == [19, 49, 99]
    assert max(space_leading(steps)[0] for steps in range(2, 151)) < 999
    assert {space_trailing(steps)[0] for steps in range(1, 151)} == {999}


def test_karras_spends_more_steps_on_low_noise() -> None:
    linspace = plan_timesteps(space_linspace(20)).sigmas[:-1]
    karras = space_karras(20, SIGMAS[0], SIGMAS[-1])
    assert np.mean(linspace < 1) == pytest.approx(0.35)
    assert np.mean(karras < 1) == pytest.approx(0.45)


def test_karras_is_even_at_rho_one_and_exponential_at_large_rho() -> None:
    even = space_karras(10, 0.1, 10.0, rho=1.0)
    np.testing.assert_allclose(np.diff(even), np.diff(even)[0])
    steep = space_karras(10, 0.1, 10.0, rho=1e6)
    np.testing.assert_allclose(steep, space_exponential(10, 0.1, 10.0), rtol=1e-4)


@pytest.mark.parametrize("space", SIGMA_SPACINGS.values())
def test_sigma_spacings_fall_from_end_to_end(space: Callable) -> None:
    sigmas = space(30, 0.03, 14.6)
    assert sigmas[0] == pytest.approx(14.6)
    assert sigmas[-1] == pytest.approx(0.03)
    assert np.all(np.diff(sigmas) < 0)


@pytest.mark.parametrize(("alpha", "beta"), [(0.6, 0.6), (1.0, 1.0), (0.5, 2.0), (3.0, 0.7)])
def test_beta_distribution_is_scipys(alpha: float, beta: float) -> None:
    x = np.linspace(0, 1, 101)
    theirs = scipy.stats.beta(alpha, beta)
    np.testing.assert_allclose(accumulate_beta(x, alpha, beta), theirs.cdf(x), atol=1e-13)
    np.testing.assert_allclose(invert_beta(x, alpha, beta), theirs.ppf(x), atol=1e-12)


def test_timesteps_have_their_sigmas_and_sigmas_their_timesteps() -> None:
    t = np.arange(1000)
    np.testing.assert_allclose(sigma_at_timestep(t, SIGMAS), SIGMAS)
    np.testing.assert_allclose(timestep_at_sigma(SIGMAS, SIGMAS), t, atol=1e-9)


def test_there_is_linear_and_back_is_logarithmic() -> None:
    between = sigma_at_timestep(998.5, SIGMAS)
    assert between == pytest.approx((SIGMAS[998] + SIGMAS[999]) / 2)
    assert timestep_at_sigma(between, SIGMAS) > 998.5


def test_sigma_crosses_one_near_354() -> None:
    assert timestep_at_sigma(1.0, SIGMAS) == pytest.approx(354, abs=0.2)
    assert timestep_at_sigma(0.0, SIGMAS) == 0
    assert timestep_at_sigma(1e9, SIGMAS) == 999


@pytest.mark.parametrize("space", [*TIMESTEPS.values(), *ABOVE_ZERO.values()])
@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_impossible_numbers_of_steps_are_refused(space: Callable, steps: int) -> None:
    with pytest.raises(ValueError, match=f"steps is {steps}, expected 1 to 1000"):
        space(steps)


def test_timesteps_the_model_never_saw_are_refused() -> None:
    with pytest.raises(ValueError, match=r"go from 1000 to 1, expected 999 to 0"):
        space_leading(1000)
    with pytest.raises(ValueError, match="expected 999 to 0"):
        space_leading_above_zero(3, offset=900)


@pytest.mark.parametrize("space", SIGMA_SPACINGS.values())
@pytest.mark.parametrize(
    ("low", "high"), [(2.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (0.1, math.inf)]
)
def test_impossible_ranges_of_sigma_are_refused(space: Callable, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        space(10, low, high)
    with pytest.raises(ValueError, match="expected"):
        space(0, 0.1, 1.0)


def test_impossible_shapes_are_refused() -> None:
    for rho in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="rho is"):
            space_karras(10, 0.1, 1.0, rho)
    with pytest.raises(ValueError, match="alpha and beta"):
        space_beta(10, 0.1, 1.0, alpha=0.0)
