"""The straight mix of picture and noise: round trips, its velocity, and DDIM walked on it."""

import numpy as np
import pytest

from core.engine.works.schedulers import FlowWork
from core.errors import ExplainerError
from core.ideas.flow import flow_step, flow_time, flow_velocity, shift_time, space_flow, to_flow
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
