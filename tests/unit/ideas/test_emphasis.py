"""Three recipes for (word:1.3), each beside its program's own lines, written out."""

import numpy as np
import torch

from core.ideas.emphasis import away_from_empty, scale_and_restore, scale_states

STATES, EMPTY = np.random.default_rng(0).normal(0.3, 1, (2, 7, 5))
WEIGHTS = np.array([1, 1, 1.3, 1.3, 1, 0.5, 1])


def test_restored_mean_is_the_web_uis() -> None:
    z, multipliers = torch.from_numpy(STATES)[None], torch.from_numpy(WEIGHTS)[None]
    original_mean = z.mean()
    z = z * multipliers.reshape((*multipliers.shape, 1)).expand(z.shape)
    z = z * (original_mean / z.mean())
    found = scale_and_restore(STATES, WEIGHTS)
    np.testing.assert_allclose(found, z[0].numpy(), atol=1e-12)
    assert np.isclose(found.mean(), STATES.mean())
    assert not np.isclose(found[0], STATES[0]).any()  # nobody weighted it


def test_away_from_the_empty_prompt_is_position_by_position() -> None:
    wanted = STATES.copy()
    for position, weight in enumerate(WEIGHTS):
        wanted[position] = (wanted[position] - EMPTY[position]) * weight + EMPTY[position]
    found = away_from_empty(STATES, WEIGHTS, EMPTY)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    np.testing.assert_allclose(found[0], STATES[0], atol=1e-12)


def test_weights_of_one_change_nothing() -> None:
    ones = np.ones(len(STATES))
    for found in (
        scale_states(STATES, ones),
        scale_and_restore(STATES, ones),
        away_from_empty(STATES, ones, EMPTY),
    ):
        np.testing.assert_allclose(found, STATES, atol=1e-12)
