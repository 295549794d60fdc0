"""Shares of a classifier's belief, and the look from which on one leads to the end."""

import numpy as np
import pytest
import torch

from core.ideas.recognition import find_lead, share_belief


def test_shares_are_the_librarys_softmax_also_of_large_numbers() -> None:
    scores = torch.tensor([[1.0, 2.0, -3.0], [900.0, 899.0, 0.0], [-900.0, -900.0, -900.0]])
    torch.testing.assert_close(share_belief(scores), scores.softmax(1))


@pytest.mark.parametrize(
    ("asked", "rivals", "lead"),
    [
        ([0.9, 0.9], [0.1, 0.1], 0),
        ([0.1, 0.6, 0.2, 0.7, 0.8], [0.5, 0.3, 0.4, 0.2, 0.1], 3),  # what was lost again is none
        ([0.1, 0.4], [0.5, 0.4], None),  # as much is no lead
        ([0.1, 0.5], [0.5, 0.4], 1),
        ([0.9, 0.1], [0.1, 0.9], None),
    ],
)
def test_the_lead_is_the_one_that_lasts(
    asked: list[float], rivals: list[float], lead: int | None
) -> None:
    assert find_lead(np.array(asked), np.array(rivals)) == lead
