"""What a browser tells of edits is checked; what is checked is done."""

import numpy as np
import pytest

from core.errors import ExplainerError
from core.models.latent_edits import Edits, check_edits, painted_noise

SHAPE = (4, 6, 5)
GOOD = {"gains": [1, 0, -1, 2.5], "order": [1, 0, 2, 3], "region": [1, 3, 0, 5], "amount": 1}


def test_edits_are_done_in_the_order_they_are_told() -> None:
    latents = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    changed = check_edits(GOOD, SHAPE).apply(latents)
    np.testing.assert_allclose(changed[0, 0], latents[1, 0])
    np.testing.assert_allclose(changed[2, 5], -latents[2, 5])
    np.testing.assert_array_equal(changed[:, 1:3], painted_noise(SHAPE)[:, 1:3])
    assert changed.dtype == np.float32


def test_no_edits_change_nothing() -> None:
    latents = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    np.testing.assert_array_equal(Edits.none(4).apply(latents), latents)


def test_region_is_put_in_order() -> None:
    assert check_edits(GOOD | {"region": [3, 1, 5, 0]}, SHAPE).region == (1, 3, 0, 5)


@pytest.mark.parametrize(
    "raw",
    [
        None, "x", [], {}, GOOD | {"gains": [1] * 3}, GOOD | {"gains": [1, 1, 1, float("nan")]},
        GOOD | {"gains": [1, 1, 1, 1e9]}, GOOD | {"gains": "abcd"}, GOOD | {"order": [0, 1, 2, 4]},
        GOOD | {"order": [0, 1, 2, 1.5]}, GOOD | {"region": [0, 7, 0, 5]},
        GOOD | {"region": [0, 1]}, GOOD | {"amount": 2}, GOOD | {"amount": None},
    ],
)  # fmt: skip
def test_edits_that_cannot_be_are_refused_in_a_sentence(raw: object) -> None:
    with pytest.raises(ExplainerError):
        check_edits(raw, SHAPE)
