"""From one noise to another: the ends, the strength on the way, and the angle."""

import math

import pytest
import torch

from core.ideas.slerp import slerp

A, B = torch.randn(2, 1, 4, 32, 32, generator=torch.Generator().manual_seed(0))


def test_the_ends_are_the_two_noises() -> None:
    torch.testing.assert_close(slerp(A, B, 0.0), A)
    torch.testing.assert_close(slerp(A, B, 1.0), B)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_noise_on_the_way_is_as_strong_as_at_the_ends(share: float) -> None:
    assert float(slerp(A, B, share).std()) == pytest.approx(1, abs=0.03)
    straight = (1 - share) * A + share * B
    assert float(straight.std()) < float(slerp(A, B, share).std())


def test_a_share_of_the_way_is_that_share_of_the_angle() -> None:
    east, north = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    for share in (0.0, 0.2, 0.7):
        angle = share * math.pi / 2
        wanted = torch.tensor([2 * math.cos(angle), 2 * math.sin(angle)])
        torch.testing.assert_close(slerp(east, north, share), wanted)


def test_noise_that_points_the_same_way_or_away_stays() -> None:
    assert torch.equal(slerp(A, A, 0.5), A)
    assert torch.equal(slerp(A, -A, 0.5), A)
