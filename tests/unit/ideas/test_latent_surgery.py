"""Operations on latents do exactly what they say, and nothing to the rest."""

import numpy as np
import pytest

from core.ideas.latent_surgery import measure_scaling_factor, mix, noise_region, rewire_channels


@pytest.fixture
def latents() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 6, 5)).astype(np.float32)


def test_gains_scale_drop_and_flip(latents: np.ndarray) -> None:
    changed = rewire_channels(latents, [1, 0, -1, 2.5], range(4))
    np.testing.assert_array_equal(changed[0], latents[0])
    assert not changed[1].any()
    np.testing.assert_array_equal(changed[2], -latents[2])
    np.testing.assert_allclose(changed[3], 2.5 * latents[3])
    assert changed.dtype == np.float32


def test_swap_exchanges_two_channels(latents: np.ndarray) -> None:
    swapped = rewire_channels(latents, [1] * 4, [1, 0, 2, 3])
    np.testing.assert_array_equal(swapped[[1, 0, 2, 3]], latents)


@pytest.mark.parametrize(("gains", "order"), [([1] * 3, range(4)), ([1] * 4, [0, 1, 2, 4])])
def test_channels_that_are_not_there_are_refused(
    latents: np.ndarray, gains: list, order: list
) -> None:
    with pytest.raises(ValueError, match="expected"):
        rewire_channels(latents, gains, order)


def test_noise_stays_inside_and_keeps_the_variance() -> None:
    draw = np.random.default_rng(1)
    latents, eps = draw.normal(size=(2, 4, 200, 200)).astype(np.float32)
    noisy = noise_region(latents, eps, (10, 150, 20, 180), 0.6)
    inside = np.zeros((200, 200), bool)
    inside[10:150, 20:180] = True
    np.testing.assert_array_equal(noisy[:, ~inside], latents[:, ~inside])
    assert noisy[:, inside].std() == pytest.approx(1, abs=0.02)
    everywhere = noise_region(latents, eps, (0, 200, 0, 200), 1.0)
    np.testing.assert_array_equal(everywhere, eps)
    np.testing.assert_array_equal(noise_region(latents, eps, (0, 200, 0, 200), 0.0), latents)


def test_noise_of_another_shape_is_refused(latents: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        noise_region(latents, latents[:3], (0, 1, 0, 1), 0.5)


def test_mix_begins_and_ends_at_the_two(latents: np.ndarray) -> None:
    other = latents[::-1]
    np.testing.assert_array_equal(mix(latents, other, 0), latents)
    np.testing.assert_array_equal(mix(latents, other, 1), other)
    np.testing.assert_allclose(mix(latents, other, 0.25), 0.75 * latents + 0.25 * other)


def test_factor_brings_latents_to_unit_deviation() -> None:
    raw = np.random.default_rng(2).normal(3, 5, (8, 4, 30, 30))
    assert (raw * measure_scaling_factor(raw)).std() == pytest.approx(1)
    with pytest.raises(ValueError, match="constant"):
        measure_scaling_factor(np.ones(5))
