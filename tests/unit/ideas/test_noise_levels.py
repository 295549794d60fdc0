"""One noise level in five scales: round trips, limits, and the library's lambda."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from diffusers import DPMSolverMultistepScheduler
from hypothesis import given
from hypothesis import strategies as st

from core.ideas.noise_levels import (
    alpha_bar_from_sigma,
    alpha_bar_from_snr,
    alpha_bar_from_snr_db,
    lambda_from_sigma,
    sigma_from_alpha_bar,
    sigma_from_lambda,
    snr_db_from_alpha_bar,
    snr_from_alpha_bar,
)
from core.ideas.schedules import accumulate_alpha_bar, make_linear_betas

PAIRS = [
    (sigma_from_alpha_bar, alpha_bar_from_sigma),
    (snr_from_alpha_bar, alpha_bar_from_snr),
    (snr_db_from_alpha_bar, alpha_bar_from_snr_db),
    (
        lambda alpha_bar: lambda_from_sigma(sigma_from_alpha_bar(alpha_bar)),
        lambda value: alpha_bar_from_sigma(sigma_from_lambda(value)),
    ),
]


@pytest.mark.parametrize(("there", "back"), PAIRS)
@given(alpha_bar=st.floats(1e-9, 1 - 1e-9))
def test_there_and_back(there: Callable, back: Callable, alpha_bar: float) -> None:
    assert back(there(alpha_bar)) == pytest.approx(alpha_bar, rel=1e-6)


@pytest.mark.parametrize(("there", "back"), PAIRS)
@pytest.mark.parametrize("alpha_bar", [0.0, 1.0])
def test_pure_noise_and_clean_survive(there: Callable, back: Callable, alpha_bar: float) -> None:
    assert back(there(alpha_bar)) == alpha_bar


def test_equal_strength_is_sigma_one_and_zero_decibels() -> None:
    assert sigma_from_alpha_bar(0.5) == 1
    assert snr_db_from_alpha_bar(0.5) == pytest.approx(0, abs=1e-12)
    assert lambda_from_sigma(1.0) == 0
    assert math.isinf(np.asarray(snr_from_alpha_bar(1.0)))


@given(alpha_bar=st.floats(1e-6, 1 - 1e-6))
def test_decibels_are_minus_twenty_log_sigma(alpha_bar: float) -> None:
    sigma = float(sigma_from_alpha_bar(alpha_bar))
    assert snr_db_from_alpha_bar(alpha_bar) == pytest.approx(-20 * math.log10(sigma), abs=1e-8)


def test_lambda_is_the_librarys() -> None:
    alpha_bar = accumulate_alpha_bar(make_linear_betas())
    ours = lambda_from_sigma(sigma_from_alpha_bar(alpha_bar))
    np.testing.assert_allclose(ours, DPMSolverMultistepScheduler().lambda_t, atol=2e-4)
