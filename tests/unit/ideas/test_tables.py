"""Columns for tables and files: right numbers, equal lengths."""

import numpy as np
import pytest

from core.ideas.interpolation import plan_timesteps
from core.ideas.schedules import (
    accumulate_alpha_bar,
    make_scaled_linear_betas,
    rescale_to_zero_snr,
)
from core.ideas.spacings import space_leading
from core.ideas.tables import Columns, tabulate_frequencies, tabulate_levels, tabulate_plan
from core.ideas.timestep import EmbeddingSettings

ALPHA_BAR = accumulate_alpha_bar(make_scaled_linear_betas())


def assert_even(columns: Columns, length: int) -> None:
    assert {len(column) for column in columns.values()} == {length}


def test_levels_of_stable_diffusion() -> None:
    levels = tabulate_levels(ALPHA_BAR)
    assert_even(levels, 1000)
    assert levels["sigma"][999] == pytest.approx(14.6146, abs=5e-5)
    assert levels["snr_db"][999] == pytest.approx(-23.3, abs=0.05)
    np.testing.assert_allclose(levels["signal"] ** 2 + levels["noise"] ** 2, 1)
    np.testing.assert_allclose(levels["noise"] / levels["signal"], levels["sigma"])


def test_levels_of_zero_terminal_snr_raise_no_warning() -> None:
    bent = accumulate_alpha_bar(rescale_to_zero_snr(make_scaled_linear_betas()))
    assert np.isinf(tabulate_levels(bent)["sigma"][-1])


def test_a_plan_lists_where_steps_start() -> None:
    columns = tabulate_plan(plan_timesteps(space_leading(20), ALPHA_BAR))
    assert_even(columns, 20)
    assert columns["t"][0] == 951
    assert np.all(np.diff(columns["snr_db"]) > 0)
    np.testing.assert_allclose(columns["alpha_bar"], ALPHA_BAR[columns["t"].astype(int)])


def test_frequencies_say_which_never_go_round() -> None:
    columns = tabulate_frequencies(EmbeddingSettings())
    assert_even(columns, 160)
    assert np.count_nonzero(~columns["finished"]) == 71
    assert np.all((columns["turns"] >= 1) == columns["finished"])
