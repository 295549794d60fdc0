from collections.abc import Callable

import numpy as np
import pytest

from core.views.colormaps import latent_colours, noise_greys

Scale = Callable[..., np.ndarray]
SCALES = [latent_colours, noise_greys]


def oklab_lightness(colours: np.ndarray) -> np.ndarray:
    """OKLab lightness by the forward matrices of https://bottosson.github.io/posts/oklab/."""
    shares = colours / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    lms = linear @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619],
         [0.5363325363, 0.6806995451, 0.2817188376],
         [0.0514459929, 0.1073969566, 0.6299787005]]
    )  # fmt: skip
    return np.cbrt(lms) @ np.array([0.2104542553, 0.7936177850, -0.0040720468])


@pytest.mark.parametrize("scale", SCALES)
def test_equal_steps_of_the_numbers_look_equal(scale: Scale) -> None:
    values = np.linspace(-3, 3, 61)
    light = oklab_lightness(scale(values, 3.0).astype(float))
    steps = np.abs(np.diff(light))[light[:-1] > 0.2]  # eight bits are too coarse near black
    assert len(steps) > 45
    assert steps.max() - steps.min() < 0.012


def test_latents_are_white_at_zero_and_as_dark_at_both_ends() -> None:
    low, zero, high = latent_colours(np.array([-3.0, 0.0, 3.0]))
    assert zero.min() > 240
    assert zero.max() - zero.min() < 3  # no hue
    assert low[2] > low[0] + 60  # blue
    assert high[0] > high[2] + 60  # red-brown
    light = oklab_lightness(np.array([low, high], dtype=float))
    assert light[0] == pytest.approx(light[1], abs=0.02)


def test_noise_is_grey_from_black_to_white() -> None:
    colours = noise_greys(np.array([-3.0, 0.0, 3.0]))
    assert colours[0].tolist() == [0, 0, 0]
    assert colours[2].tolist() == [255, 255, 255]
    assert len(set(colours[1].tolist())) == 1


@pytest.mark.parametrize("scale", SCALES)
def test_beyond_the_ends_is_clipped_and_shape_is_kept(scale: Scale) -> None:
    values = np.array([[-99.0, -2.0], [2.0, 99.0]], dtype=np.float32)
    colours = scale(values, 2.0)
    assert colours.shape == (2, 2, 3)
    assert colours.dtype == np.uint8
    assert (colours[0, 0] == colours[0, 1]).all()
    assert (colours[1, 0] == colours[1, 1]).all()


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_scale_without_ends_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        latent_colours(np.zeros(3), limit)
