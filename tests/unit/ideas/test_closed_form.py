"""The closed form for Gaussian data judges every sampler: orders of convergence become visible."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from core.ideas.closed_form import (
    GaussianData,
    find_moments,
    measure_order,
    predict_exact_eps,
    solve_exactly,
)
from core.ideas.forward import add_noise
from core.ideas.interpolation import sigma_at_timestep
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.prediction import to_unit_scale
from core.ideas.samplers.ddim import sample_ddim
from core.ideas.samplers.ddpm import fixed_large_std, fixed_small_std, sample_ddpm
from core.ideas.samplers.euler import sample_euler
from core.ideas.samplers.heun import sample_heun
from core.ideas.samplers.multistep import follow_guesses, line_weights, stay_weight
from core.ideas.samplers.sums import add_up
from core.ideas.schedules import accumulate_alpha_bar, make_scaled_linear_betas
from core.ideas.spacings import space_karras, space_leading_above_zero

DATA = GaussianData(mean=0.3, std=0.5)
ALPHA_BAR = accumulate_alpha_bar(make_scaled_linear_betas())
START = np.linspace(-2.5, 2.5, 101)  # at unit scale
HIGH, LOW = 14.6146, 0.0292


def predict(xt: np.ndarray, alpha_bar: float) -> np.ndarray:
    return predict_exact_eps(xt, alpha_bar, DATA)


def level(sigma: float) -> float:
    return 1 / (1 + sigma**2)


def end_euler(sigmas: np.ndarray) -> np.ndarray:
    *_, last = sample_euler(predict, START * np.sqrt(1 + sigmas[0] ** 2), sigmas)
    return to_unit_scale(last.x_next, sigmas[-1])


def end_heun(sigmas: np.ndarray) -> np.ndarray:
    *_, last = sample_heun(predict, START * np.sqrt(1 + sigmas[0] ** 2), sigmas)
    return to_unit_scale(last.x_next, sigmas[-1])


def end_ddim(sigmas: np.ndarray) -> np.ndarray:
    pairs = [(level(a), level(b)) for a, b in pairwise(sigmas)]
    *_, last = sample_ddim(predict, START, pairs, [0.0] * len(pairs))
    return last.x_next


def end_dpmpp_2m(sigmas: np.ndarray) -> np.ndarray:
    xt, places, guesses = START, [], []
    for sigma, after in pairwise(sigmas):
        places.append(-np.log(sigma))
        guesses.append(xt * np.sqrt(1 + sigma**2) - sigma * predict(xt, level(sigma)))
        end = -np.log(after) if after else np.inf
        shares, stay = follow_guesses(sigma, after), stay_weight(places[-1], end, 1.0)
        weights = [stay]
        if len(places) > 1 and after:
            slope = stay * (end - places[-1]) / 2
            weights = line_weights((places[-1], places[-2]), places[-1], stay, slope)
        answers = zip((shares.answers * one for one in weights), guesses[::-1], strict=False)
        xt = add_up([(shares.xt, xt), *answers])
    return xt


def root_mean_square(run: Callable, sigmas: np.ndarray) -> float:
    exact = solve_exactly(START, level(sigmas[0]), level(sigmas[-1]), DATA)
    return float(np.sqrt(np.mean((run(sigmas) - exact) ** 2)))


@pytest.mark.parametrize(
    ("run", "order"),
    [(end_euler, 1.0), (end_ddim, 1.0), (end_heun, 2.0), (end_dpmpp_2m, 2.0)],
    ids=["euler", "ddim", "heun", "dpmpp-2m"],
)
def test_order_of_convergence(run: Callable, order: float) -> None:
    counts = np.array([32, 64, 128, 256])
    errors = [root_mean_square(run, space_karras(count + 1, LOW, HIGH)) for count in counts]
    assert measure_order(counts, np.array(errors)) == pytest.approx(order, abs=0.15)
    assert errors[-1] < 0.02


def test_a_higher_order_pays_at_the_same_number_of_calls() -> None:
    euler = root_mean_square(end_euler, space_karras(41, LOW, HIGH))
    heun = root_mean_square(end_heun, space_karras(21, LOW, HIGH))  # two calls a step
    dpmpp = root_mean_square(end_dpmpp_2m, space_karras(41, LOW, HIGH))
    assert heun < euler / 2
    assert dpmpp < euler / 2


def test_the_last_jump_to_zero_costs_dpmpp_2m_its_order() -> None:
    counts = np.array([10, 20, 50, 100])
    levels = np.asarray(sigma_from_alpha_bar(ALPHA_BAR))
    plans = [sigma_at_timestep(space_leading_above_zero(count), levels) for count in counts]
    errors = [root_mean_square(end_dpmpp_2m, np.append(sigmas, 0.0)) for sigmas in plans]
    assert measure_order(counts, np.array(errors)) < 1.4


def test_the_exact_solution_keeps_every_value_in_its_place() -> None:
    end = solve_exactly(START, ALPHA_BAR[999], 1.0, DATA)
    assert np.all(np.diff(end) > 0)
    back = solve_exactly(end, 1.0, ALPHA_BAR[999], DATA)
    np.testing.assert_allclose(back, START, atol=1e-12)
    assert find_moments(DATA, 1.0) == (0.3, 0.5)
    assert find_moments(DATA, 0.0) == (0.0, 1.0)


def test_the_exact_solution_solves_the_probability_flow_equation() -> None:
    sigma, small = 1.3, 1e-5  # latents x0 + sigma eps move by eps per unit of sigma
    up, down = (
        solve_exactly(START, level(sigma), level(sigma + d), DATA) / level(sigma + d) ** 0.5
        for d in (small, -small)
    )
    slope = (up - down) / (2 * small)
    np.testing.assert_allclose(slope, predict(START, level(sigma)), rtol=1e-6, atol=1e-9)


def test_the_exact_prediction_is_the_mean_of_all_noises_that_lead_there() -> None:
    rng = np.random.default_rng(5)
    eps = rng.standard_normal((1, 400_000))
    x0 = DATA.mean + DATA.std * rng.standard_normal(eps.shape)
    xt = add_noise(x0, eps, 0.4)
    for place in (-1.0, 0.2, 1.0):
        near = np.abs(xt - place) < 0.02
        assert eps[near].mean() == pytest.approx(predict(place, 0.4), abs=0.03)


def test_starting_from_pure_noise_shifts_the_mean() -> None:
    # x_T ~ N(0, 1) is not what the schedule ends in: 6.8 % of the signal is left at t = 999
    mean, std = find_moments(DATA, ALPHA_BAR[999])
    assert solve_exactly(np.array(0.0), ALPHA_BAR[999], 1.0, DATA) == pytest.approx(
        DATA.mean - DATA.std * mean / std
    )
    assert DATA.mean - DATA.std * mean / std < DATA.mean - 0.01


def test_ddpm_reaches_the_datas_spread_and_large_variance_overshoots_small() -> None:
    rng = np.random.default_rng(2)
    timesteps = np.arange(991, -1, -8)
    levels = [(ALPHA_BAR[t], ALPHA_BAR[t - 8] if t >= 8 else 1.0) for t in timesteps]
    ends = {}
    for choose in (fixed_small_std, fixed_large_std):
        mean, std = find_moments(DATA, levels[0][0])
        start = mean + std * rng.standard_normal(20_000)
        noises = [*(rng.standard_normal(20_000) for _ in levels[1:]), np.zeros(20_000)]
        *_, last = sample_ddpm(predict, start, levels, noises, choose)
        ends[choose] = last.x_next
        assert last.x_next.mean() == pytest.approx(0.3, abs=0.02)
    assert ends[fixed_small_std].std() < ends[fixed_large_std].std()
    assert ends[fixed_small_std].std() == pytest.approx(0.5, abs=0.03)
    assert ends[fixed_large_std].std() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("bad", [(0.0, 0.0), (0.0, -1.0), (np.nan, 1.0), (0.0, np.inf)])
def test_no_distribution_is_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="expected finite"):
        GaussianData(*bad)


def test_an_order_needs_two_runs_with_errors() -> None:
    with pytest.raises(ValueError, match="expected two or more"):
        measure_order(np.array([4]), np.array([0.1]))
    with pytest.raises(ValueError, match="above 0"):
        measure_order(np.array([4, 8]), np.array([0.1, 0.0]))
