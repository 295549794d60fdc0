"""One noise level in four scales: there and back, limits, decibels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ideas.noise_levels import (
    alpha_bar_from_sigma,
    sigma_from_alpha_bar,
    snr_db_from_alpha_bar,
    snr_from_alpha_bar,
)


@given(alpha_bar=st.floats(1e-9, 1 - 1e-9))
def test_there_and_back(alpha_bar: float) -> None:
    sigma = sigma_from_alpha_bar(alpha_bar)
    assert alpha_bar_from_sigma(sigma) == pytest.approx(alpha_bar, rel=1e-6)
    assert snr_from_alpha_bar(alpha_bar) == pytest.approx(1 / sigma**2, rel=1e-6)


@pytest.mark.parametrize("alpha_bar", [0.0, 1.0])
def test_pure_noise_and_clean_survive(alpha_bar: float) -> None:
    assert alpha_bar_from_sigma(sigma_from_alpha_bar(alpha_bar)) == alpha_bar


def test_equal_strength_is_sigma_one_and_zero_decibels() -> None:
    assert sigma_from_alpha_bar(0.5) == 1
    assert snr_db_from_alpha_bar(0.5) == pytest.approx(0, abs=1e-12)
    assert math.isinf(np.asarray(snr_from_alpha_bar(1.0)))


@given(alpha_bar=st.floats(1e-6, 1 - 1e-6))
def test_decibels_are_minus_twenty_log_sigma(alpha_bar: float) -> None:
    sigma = float(sigma_from_alpha_bar(alpha_bar))
    assert snr_db_from_alpha_bar(alpha_bar) == pytest.approx(-20 * math.log10(sigma), abs=1e-8)
