"""The straight mix of picture and noise: its velocity, its mean over all pairs, its walks."""

import numpy as np
import pytest

from core.engine.works.schedulers import FlowWork
from core.errors import ExplainerError
from core.ideas.flow import (
    draw_partners,
    flow_step,
    flow_time,
    flow_velocity,
    mean_velocity,
    measure_detour,
    mix_straight,
    shift_time,
    space_flow,
    to_flow,
    walk_flow,
    weigh_pairs,
)
from core.ideas.prediction import v_from_x0
from core.ideas.samplers.ddim import ddim_coefficients, ddim_step
from core.models.schedulers.flow import FLOW_CLASSES, library_shares

LEVELS = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)  # SD 1.x


def pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    x0, eps = np.random.default_rng(seed).normal(size=(2, 4, 8, 8))
    return x0, eps


@pytest.mark.parametrize("alpha_bar", [0.00466, 0.3, 0.99])
def test_the_mix_is_straight_and_the_velocity_is_its_slope(alpha_bar: float) -> None:
    x0, eps = pair(0)
    s = flow_time(alpha_bar)
    z = to_flow(alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps, alpha_bar)
    assert np.allclose(z, (1 - s) * x0 + s * eps, atol=1e-14)
    assert np.allclose(z + 0.1 * flow_velocity(eps, x0), (0.9 - s) * x0 + (s + 0.1) * eps)
    assert not np.allclose(flow_velocity(eps, x0), v_from_x0(x0, eps, alpha_bar), atol=0.1)


def test_shares_of_stable_diffusions_own_schedule() -> None:
    assert flow_time(LEVELS[999]) == pytest.approx(0.936, abs=5e-4)
    assert flow_time(LEVELS[354]) == pytest.approx(0.50, abs=5e-3)
    assert (flow_time(1.0), flow_time(0.0)) == (0.0, 1.0)


def test_a_straight_step_is_ddims_to_the_last_digits() -> None:
    """Four steps down the schedule, with an answer that changes from step to step."""
    x, _ = pair(1)
    z = to_flow(x, LEVELS[999])
    for at, (now, after) in enumerate(
        zip([999, 749, 499, 249], [749, 499, 249, None], strict=True)
    ):
        alpha, alpha_next = LEVELS[now], 1.0 if after is None else LEVELS[after]
        eps = np.tanh(x + at)
        x0 = (x - (1 - alpha) ** 0.5 * eps) / alpha**0.5
        x = ddim_step(x, eps, 0.0, ddim_coefficients(alpha, alpha_next))
        z = flow_step(z, flow_velocity(eps, x0), flow_time(alpha), flow_time(alpha_next))
        assert np.abs(to_flow(x, alpha_next) - z).max() < 1e-12


@pytest.mark.parametrize("steps", [1, 4, 10, 50])
@pytest.mark.parametrize("shift", [1.0, 3.0, 12.0])
def test_the_librarys_shares_are_ours_shifted_twice(steps: int, shift: float) -> None:
    found = library_shares(steps, shift)
    assert set(found) == set(FLOW_CLASSES)
    for shares in found.values():
        assert np.allclose(shares, space_flow(steps, shift, twice=True), atol=1e-6)
    if shift > 1 and steps > 1:
        once = space_flow(steps, shift)
        assert found[FLOW_CLASSES[0]][-2] > 2 * once[-2]
        assert once[-2] == pytest.approx(shift_time(1e-3, shift))


def test_shift_keeps_both_ends_and_the_order() -> None:
    s = np.linspace(0, 1, 11)
    moved = shift_time(s, 3.0)
    assert (moved[0], moved[-1]) == (0, 1)
    assert (np.diff(moved) > 0).all()
    assert (moved[1:-1] > s[1:-1]).all()
    assert np.allclose(shift_time(moved, 1 / 3), s)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"shift": 0.5}, {"shift": float("nan")}])
def test_what_cannot_be_asked_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ExplainerError):
        FlowWork(**wrong).validated()  # type: ignore[arg-type]  # wrong on purpose


def test_the_straight_mix_is_to_flow_of_the_noisy_picture() -> None:
    x0, eps = pair(2)
    alpha_bar = 0.37
    xt = alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps
    s = flow_time(alpha_bar)
    np.testing.assert_allclose(mix_straight(x0, eps, s), to_flow(xt, alpha_bar), atol=1e-14)
    each = mix_straight(x0, eps, np.array([0.0, 0.25, 0.5, 1.0]))  # a share for every sample
    np.testing.assert_array_equal(each[0], x0[0])
    np.testing.assert_array_equal(each[3], eps[3])
    np.testing.assert_allclose(each[1], 0.75 * x0[1] + 0.25 * eps[1])


def test_pairs_are_weighed_as_bayes_rule_says() -> None:
    """Against densities written out; and against pairs that were drawn and met near the point."""
    draw = np.random.default_rng(3)
    x0, s, z = draw.normal(size=(5, 2)), 0.6, draw.normal(size=(3, 2))
    noise = (z[:, None] - (1 - s) * x0) / s
    density = np.exp(-0.5 * (noise**2).sum(-1)) / (2 * np.pi)
    weights = weigh_pairs(z, x0, s)
    np.testing.assert_allclose(weights, density / density.sum(1, keepdims=True), rtol=1e-9)
    picked = draw.integers(5, size=600_000)
    eps = draw.normal(size=(len(picked), 2))
    met = np.hypot(*(mix_straight(x0[picked], eps, s) - z[0]).T) < 0.05
    assert met.sum() > 300
    velocity = flow_velocity(eps, x0[picked])[met].mean(0)
    np.testing.assert_allclose(mean_velocity(z, x0, s)[0], velocity, atol=0.2)
    near = np.bincount(picked[met], minlength=5) / met.sum()
    np.testing.assert_allclose(weights[0], near, atol=0.08)


def test_where_one_pair_is_possible_its_velocity_is_the_mean() -> None:
    x0, eps = np.array([[0.3, -1.0]]), np.array([[1.5, 0.2]])
    for s in (1.0, 0.4, 0.01):
        z = mix_straight(x0, eps, s)
        np.testing.assert_allclose(mean_velocity(z, x0, s), flow_velocity(eps, x0), atol=1e-9)
    many = np.array([[0.0, 0.0], [3.0, 0.0]])
    np.testing.assert_allclose(weigh_pairs(np.array([[2.9, 0.0]]), many, 0.02), [[0, 1]], atol=1e-9)


def test_the_mean_leads_back_to_the_data_and_a_straight_flow_in_one_step() -> None:
    draw = np.random.default_rng(5)
    x0, eps = 2 * draw.normal(size=(40, 2)), draw.normal(size=(60, 2))

    def mean(z: np.ndarray, s: float) -> np.ndarray:
        return mean_velocity(z, x0, s)

    walk = np.stack(list(walk_flow(mean, eps, 200)))
    assert walk.shape == (201, 60, 2)
    np.testing.assert_array_equal(walk[0], eps)
    apart = np.linalg.norm(walk[-1][:, None] - x0, axis=-1).min(1)
    assert np.median(apart) < 1e-3
    np.testing.assert_array_equal(draw_partners(mean, eps, 200), walk[-1])
    # Pairs that do not cross: every noise moved by the same way. Their mean is each of them.
    shift = np.array([2.0, -1.0])
    np.testing.assert_allclose(draw_partners(lambda z, s: shift, eps, 1), eps - shift)
    np.testing.assert_allclose(draw_partners(lambda z, s: shift, eps, 7), eps - shift)


def test_a_detour_is_1_where_ways_are_straight_and_half_a_circle_longer() -> None:
    straight = np.linspace(0, 1, 9)[:, None, None] * np.array([[3.0, 4.0], [1.0, 0.0]])
    assert measure_detour(straight) == pytest.approx(1)
    angle = np.linspace(0, np.pi, 2000)
    half = np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]
    assert measure_detour(half) == pytest.approx(np.pi / 2, rel=1e-5)
