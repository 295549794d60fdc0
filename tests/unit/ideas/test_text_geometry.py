"""Directions between vectors, and attention under masks, against numpy by hand and torch."""

import numpy as np
import pytest
import torch

from core.ideas.causal_attention import causal_attention, readable
from core.ideas.text_geometry import blend, cosine, place_between, relative_change

CHANCE = np.random.default_rng(0)


def test_cosine_is_torchs() -> None:
    a, b = CHANCE.normal(size=(2, 5, 8))
    expected = torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b)).numpy()
    np.testing.assert_allclose(cosine(a, b), expected)
    assert cosine(np.array([1.0, 0.0]), np.array([0.0, 2.0])) == 0
    assert cosine(np.zeros(3), np.ones(3)) == 0  # and no division by zero


def test_words_of_an_axis_are_its_ends() -> None:
    a, b = CHANCE.normal(size=(2, 16))
    placed = place_between(np.stack([a, (3 * a + b) / 4, (a + 3 * b) / 4, b]), a, b)
    np.testing.assert_allclose(placed, [-1, -1, 1, 1])
    across = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0, 0]), np.array([-1.0, 0, 0])
    assert place_between(*across) == 0


def test_blend_walks_a_straight_line() -> None:
    a, b = CHANCE.normal(size=(2, 3, 4))
    np.testing.assert_array_equal(blend(a, b, 0.0), a)
    np.testing.assert_array_equal(blend(a, b, 1.0), b)
    np.testing.assert_allclose(blend(a, b, 0.25), torch.lerp(*map(torch.tensor, (a, b)), 0.25))


def test_relative_change_is_a_share_of_the_length() -> None:
    before = np.array([[3.0, 4.0], [1.0, 0.0]])
    after = np.array([[3.0, 4.0], [1.0, 0.5]])
    np.testing.assert_allclose(relative_change(before, after), [0, 0.5])


@pytest.mark.parametrize("masked", [False, True])
def test_causal_attention_is_torchs(masked: bool) -> None:
    q, k, v = CHANCE.normal(size=(3, 7, 4))
    mask = np.array([1, 1, 1, 1, 0, 0, 0]) if masked else None
    found, weights = causal_attention(q, k, v, mask)
    allowed = torch.tensor(readable(7, mask))
    expected = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(x)[None] for x in (q, k, v)), attn_mask=allowed
    )
    np.testing.assert_allclose(found, expected[0], atol=1e-12)
    np.testing.assert_allclose(weights.sum(-1), 1)
    assert (weights[~allowed.numpy()] == 0).all()


def test_causal_attention_is_our_networks() -> None:
    from core.nets.attention import attend
    from core.nets.clip_text import causal_mask

    q, k, v = CHANCE.normal(size=(3, 6, 8))
    found, weights = causal_attention(q, k, v)
    mixed, theirs = attend(*(torch.tensor(x)[None] for x in (q, k, v)), 1, causal_mask(6))
    np.testing.assert_allclose(found, mixed[0], atol=1e-12)
    np.testing.assert_allclose(weights, theirs[0, 0], atol=1e-12)


def test_with_both_masks_both_must_allow() -> None:
    found = readable(4, np.array([1, 1, 0, 0]))
    assert found.astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
