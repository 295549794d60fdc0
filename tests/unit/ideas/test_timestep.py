"""The timestep embedding: the library's numbers for every setting, and what the page claims."""

import math

import numpy as np
import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.errors import ExplainerError
from core.ideas.timestep import (
    MAX_DIM,
    STABLE_DIFFUSION,
    EmbeddingSettings,
    compare_embeddings,
    compute_frequencies,
    compute_periods,
    count_unfinished,
    embed_timesteps,
)
from core.ideas.timestep_presets import PRESETS, check_embedding, check_timestep


def ask_library(t: np.ndarray, chosen: EmbeddingSettings) -> np.ndarray:
    return get_timestep_embedding(
        torch.tensor(t, dtype=torch.float32),
        chosen.dim,
        flip_sin_to_cos=chosen.flip_sin_to_cos,
        downscale_freq_shift=chosen.freq_shift,
        scale=chosen.scale,
        max_period=chosen.max_period,  # type: ignore[arg-type]  # fractions work
    ).numpy()


@settings(max_examples=150, deadline=None)
@given(
    dim=st.integers(2, 700),
    max_period=st.floats(0.5, 1e6),
    flip=st.booleans(),
    shift=st.sampled_from([0.0, 1.0, 0.5, -3.0, 7.0]),
    scale=st.sampled_from([1.0, -1.0, 0.5, 2.0, 0.0]),
)
@example(dim=320, max_period=10_000, flip=True, shift=0.0, scale=1.0)
@example(dim=7, max_period=10_000, flip=True, shift=0.0, scale=1.0)
@example(dim=3, max_period=1.0, flip=False, shift=0.0, scale=1.0)
def test_embedding_is_the_librarys(
    dim: int, max_period: float, flip: bool, shift: float, scale: float
) -> None:
    # beyond dim / 2 frequencies rise; there float32 has no exact phase left to compare with
    assume(shift < dim // 2)
    chosen = EmbeddingSettings(dim, max_period, flip, shift, scale)
    t = np.array([0, 1, 2, 37, 250.5, 500, 999])
    ours = embed_timesteps(t, chosen)
    assert ours.shape == (7, dim)
    # the library works in float32, which knows a phase of 999 radians to about 1e-4
    tolerance = 2e-4 * max(1.0, np.abs(compute_frequencies(chosen)).max())
    np.testing.assert_allclose(ours, ask_library(t, chosen), atol=tolerance)


def test_every_timestep_of_every_preset_is_the_librarys() -> None:
    t = np.arange(1000)
    for preset in PRESETS.values():
        theirs = ask_library(t, preset.settings)
        np.testing.assert_allclose(embed_timesteps(t, preset.settings), theirs, atol=1e-4)


def test_shift_beyond_half_still_agrees_where_float32_can_tell() -> None:
    chosen = EmbeddingSettings(dim=4, max_period=1.5, freq_shift=5.0)
    t = np.array([0.0, 1.0, 20.0])
    np.testing.assert_allclose(embed_timesteps(t, chosen), ask_library(t, chosen), atol=1e-5)


def test_stable_diffusion_has_cosines_first() -> None:
    row = embed_timesteps(0)[0]
    assert row.shape == (320,)
    np.testing.assert_array_equal(row, [1.0] * 160 + [0.0] * 160)


def test_odd_dimension_ends_with_a_zero() -> None:
    rows = embed_timesteps([3, 4], EmbeddingSettings(dim=9))
    np.testing.assert_array_equal(rows[:, -1], 0)


def test_periods_of_stable_diffusion() -> None:
    periods = compute_periods()
    assert periods[0] == pytest.approx(2 * math.pi)
    assert periods[-1] == pytest.approx(59_317, abs=0.5)
    assert np.all(np.diff(periods) > 0)
    assert count_unfinished() == 71
    assert len(periods) == 160


def test_shift_of_one_makes_the_slowest_turn_exactly_2_pi_max_periods() -> None:
    ddpm = PRESETS["ddpm"].settings
    assert compute_periods(ddpm)[-1] == pytest.approx(2 * math.pi * 10_000)
    for dim in (4, 64, 320):  # without it the slowest turn is shorter
        assert compute_periods(EmbeddingSettings(dim))[-1] < 2 * math.pi * 10_000


def test_scale_of_zero_never_turns() -> None:
    assert count_unfinished(EmbeddingSettings(scale=0.0)) == 160


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_similarity_depends_on_the_distance_alone(name: str) -> None:
    chosen = PRESETS[name].settings
    rows = embed_timesteps(np.arange(0, 1000, 50), chosen)
    matrix = compare_embeddings(rows, rows)
    distance = 50.0 * (np.arange(20)[:, None] - np.arange(20)[None, :])
    waves = np.cos(compute_frequencies(chosen) * distance[..., None]).mean(axis=-1)
    np.testing.assert_allclose(matrix, waves, atol=1e-12)
    np.testing.assert_allclose(compare_embeddings(rows[3], rows), matrix[3])
    np.testing.assert_allclose(np.diag(matrix), 1)


def test_a_smaller_base_leaves_fewer_clocks_unfinished() -> None:
    assert count_unfinished(PRESETS["base-1000"].settings) < count_unfinished(STABLE_DIFFUSION)


@pytest.mark.parametrize(
    "bad",
    [
        {"dim": 0},
        {"dim": -4},
        {"dim": 1},
        {"dim": 10**7},
        {"dim": 3.0},
        {"dim": True},
        {"max_period": 0.0},
        {"max_period": -1.0},
        {"max_period": math.nan},
        {"max_period": math.inf},
        {"freq_shift": 160.0},
        {"freq_shift": math.nan},
        {"freq_shift": 160.001},
        {"scale": math.inf},
    ],
)
def test_settings_without_a_finite_embedding_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"is .*expected"):
        EmbeddingSettings(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, [1.0, math.inf], [[1.0]]])
def test_timesteps_that_are_no_row_of_numbers_are_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="expected one finite number"):
        embed_timesteps(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("dim", [0, -2, 7, 10**7, 1.5, "320", None, True, math.nan])
def test_people_read_a_sentence_about_the_dimension(dim: object) -> None:
    with pytest.raises(ExplainerError, match="embedding dimension is"):
        check_embedding(dim=dim)


@pytest.mark.parametrize("period", [0, -1, math.nan, math.inf, "10000", None])
def test_people_read_a_sentence_about_the_period(period: object) -> None:
    with pytest.raises(ExplainerError, match="max period is"):
        check_embedding(max_period=period)


@pytest.mark.parametrize("shift", [160, 1e9, math.nan, None])
def test_people_read_a_sentence_about_the_shift(shift: object) -> None:
    with pytest.raises(ExplainerError, match="frequency shift is"):
        check_embedding(freq_shift=shift)


@pytest.mark.parametrize("t", [-1, 1000, 1e9, math.nan, "3", None, True])
def test_people_read_a_sentence_about_the_timestep(t: object) -> None:
    with pytest.raises(ExplainerError, match=r"The timestep is .* Give a number from 0 to 999\."):
        check_timestep(t)


def test_what_people_may_type_is_taken() -> None:
    assert check_embedding(64, 1, False, 1) == EmbeddingSettings(64, 1.0, False, 1.0)
    assert check_embedding(MAX_DIM).dim == MAX_DIM
    assert check_timestep(999) == 999.0
