"""Integrated gradients: what changes is shared out, all of it."""

import numpy as np
import pytest

from core.ideas.attribution import integrate_gradients

DICE = np.random.default_rng(0)
START, END = DICE.normal(size=(2, 5, 3))


def test_linear_function_is_shared_out_exactly() -> None:
    slope = DICE.normal(size=(5, 3))
    found = integrate_gradients(lambda _: slope, START, END, 1)
    np.testing.assert_allclose(found, (slope * (END - START)).sum(axis=1))


@pytest.mark.parametrize(("parts", "within"), [(4, 0.05), (64, 2e-4)])
def test_shares_add_up_to_the_change(parts: int, within: float) -> None:
    found = integrate_gradients(lambda x: 3 * x**2, START, END, parts)  # of the sum of cubes
    change = (END**3 - START**3).sum(axis=1)
    np.testing.assert_allclose(found, change, atol=within * np.abs(change).max() + within)


def test_token_that_does_not_change_has_no_share() -> None:
    same = np.where(np.arange(5)[:, None] == 2, START, END)
    found = integrate_gradients(np.cos, START, same, 8)
    assert found[2] == 0
    assert (found[[0, 1, 3, 4]] != 0).all()


def test_no_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="parts is 0"):
        integrate_gradients(np.cos, START, END, 0)
