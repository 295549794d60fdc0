"""Maps of cross-attention: shares stay shares, whatever is read off them or moved."""

import numpy as np
import pytest

from core.ideas.attention_maps import (
    align_positions,
    attention_budget,
    enlarge_map,
    mean_map,
    phrase_map,
    replace_weights,
    reweight,
    split_parts,
    strongest_word,
)

DICE = np.random.default_rng(0)


def shares(*shape: int) -> np.ndarray:
    """Random weights whose last axis sums to 1."""
    drawn = DICE.random(shape)
    return drawn / drawn.sum(axis=-1, keepdims=True)


def test_mean_map_averages_and_still_sums_to_one() -> None:
    large, small = (np.moveaxis(shares(3, *shape, 7), -1, 2) for shape in ((2, 4, 6), (5, 2, 3)))
    mean = mean_map([large, small])
    assert mean.shape == (7, 4, 6)
    np.testing.assert_allclose(mean.sum(axis=0), 1, rtol=1e-6)
    expected = (large[:, :, 2, 3, 4].mean() + small[:, :, 2, 1, 2].mean()) / 2
    np.testing.assert_allclose(mean[2, 3, 4], expected, rtol=1e-6)


def test_budget_of_all_positions_is_one() -> None:
    each = shares(4, 6)
    budget = attention_budget(each, [[0], [1, 2], [3], [4, 5]])
    np.testing.assert_allclose(budget.sum(axis=-1), 1)
    np.testing.assert_allclose(budget[:, 1], each[:, 1] + each[:, 2])


def test_phrase_is_the_sum_of_its_tokens() -> None:
    maps = np.moveaxis(shares(5, 6, 7), -1, 0)
    np.testing.assert_allclose(phrase_map(maps, [1, 3]), maps[1] + maps[3])
    np.testing.assert_allclose(phrase_map(maps, range(7)), 1)


def test_strongest_word_wins_every_place() -> None:
    maps = np.array([[[0.1, 0.3]], [[0.2, 0.2]]])
    assert strongest_word(maps).tolist() == [[1, 0]]


def test_reweight_changes_one_word_alone() -> None:
    weights = shares(2, 3, 4)
    found = reweight(weights, np.array([1, 2.5, 1, 1]))
    np.testing.assert_allclose(found[..., 1], 2.5 * weights[..., 1])
    np.testing.assert_array_equal(found[..., [0, 2, 3]], weights[..., [0, 2, 3]])


def test_replacing_ends_at_its_step_and_keeps_shares() -> None:
    base, own = shares(3, 12), shares(3, 12)
    moves = align_positions(*split_parts([7, 8], [7, 9, 9], 12), 12)
    moved = replace_weights(base, own, moves, 3, 4.0)
    np.testing.assert_allclose(moved.sum(axis=-1), 1, rtol=1e-6)
    assert replace_weights(base, own, moves, 4, 4.0) is own


def test_same_prompt_moves_nothing() -> None:
    ids = [5, 6, 7]
    np.testing.assert_array_equal(align_positions(*split_parts(ids, ids, 9), 9), np.eye(9))


def test_word_of_two_pieces_shares_the_place_of_one_and_what_follows_moves() -> None:
    base, new = split_parts([5, 6, 7], [5, 8, 9, 7], 10)  # the word 6 becomes 8 9
    assert base == [[0], [1], [2], [3], [4], [5, 6, 7, 8, 9]]
    assert new == [[0], [1], [2, 3], [4], [5], [6, 7, 8, 9]]
    moves = align_positions(base, new, 10)
    assert moves[2].tolist() == [0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0]
    assert moves[3].argmax() == 4
    assert moves[4].argmax() == 5
    np.testing.assert_allclose(moves[5, 6:], 0.25)
    np.testing.assert_allclose(moves.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("base", "new"),
    [([5, 6], [5, 6, 7]), ([5, 6, 7], [5, 6]), ([5], [6, 7, 8, 5]), ([5, 5], [5, 5, 5])],
)
def test_word_that_is_added_or_left_out_shares_its_neighbours_place(
    base: list[int], new: list[int]
) -> None:
    parts = split_parts(base, new, 9)
    for one, other in zip(*parts, strict=True):
        assert bool(one) == bool(other)
    assert [[at for one in part for at in one] for part in parts] == [list(range(9))] * 2
    np.testing.assert_allclose(align_positions(*parts, 9).sum(axis=1), 1)


def test_prompt_without_padding_is_aligned_as_well() -> None:
    parts = split_parts([5, 6, 7], [5, 8], 5)
    np.testing.assert_allclose(align_positions(*parts, 5).sum(axis=1), 1)


def test_prompts_that_cannot_be_aligned_are_refused() -> None:
    with pytest.raises(ValueError, match="0 and 1 tokens"):
        split_parts([], [5], 9)
    with pytest.raises(ValueError, match="8 and 1 tokens"):
        split_parts([5] * 8, [5], 9)
    with pytest.raises(ValueError, match="expected both or none"):
        align_positions([[0], []], [[0], [1]], 2)
    with pytest.raises(ValueError, match="hold 1 positions, expected 2"):
        align_positions([[0]], [[0]], 2)


def test_enlarged_map_repeats_each_position() -> None:
    found = enlarge_map(np.array([[1, 2], [3, 4]]), (4, 6))
    assert found[0].tolist() == [1, 1, 1, 2, 2, 2]
    assert found[:, 0].tolist() == [1, 1, 3, 3]
    assert enlarge_map(np.arange(6).reshape(2, 3), (3, 5)).shape == (3, 5)
