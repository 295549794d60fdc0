"""Noising as it is shown: what the browser is sent, and the chain beside the jump."""

import base64
import json

import numpy as np
import pytest

from core.ideas.schedules import accumulate_alpha_bar, make_scaled_linear_betas, rescale_to_zero_snr
from core.lessons.noising.hero_data import (
    GHOST_GAIN,
    NOISE_SCALE,
    Schedule,
    frame_times,
    ghost,
    jump,
    level_rows,
    noising_data,
    pixel_noise,
    to_pixels,
    walk_chart,
    walk_picture,
    walk_rows,
)

BETAS = make_scaled_linear_betas()
ALPHA_BAR = accumulate_alpha_bar(BETAS)
PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_noise_travels_as_drawn_to_a_few_thousandths() -> None:
    noise = pixel_noise(24, 32, 7)
    drawn = np.random.default_rng(7).standard_normal((24, 32, 3))
    assert np.abs(noise / NOISE_SCALE - drawn).max() <= 0.5 / NOISE_SCALE + 1e-9
    assert not np.array_equal(noise, pixel_noise(24, 32, 8))


def test_data_is_json_and_holds_the_picture_to_the_last_bit() -> None:
    own = Schedule("its own", ALPHA_BAR)
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    noise = pixel_noise(24, 32, 0)
    data = noising_data(PICTURE, noise, own, own, ((0, 999), frames), (951.0, 1.0), "said")
    data = json.loads(json.dumps(data))
    pixels = np.frombuffer(base64.b64decode(data["pixels"]), np.uint8).reshape(24, 32, 3)
    np.testing.assert_array_equal(pixels, PICTURE)
    sent = np.frombuffer(base64.b64decode(data["noise"]), "<i2").reshape(24, 32, 3)
    np.testing.assert_array_equal(sent, noise)
    np.testing.assert_allclose(data["schedules"][0]["kept"], ALPHA_BAR, atol=1e-9)
    assert data["decoded"]["times"] == [0, 999]
    assert noising_data(PICTURE, noise, own, own, None, (), "")["decoded"] is None


def test_frames_fall_evenly_in_the_weight_of_the_picture() -> None:
    times = frame_times(ALPHA_BAR, 25)
    assert (times[0], times[-1]) == (0, 999)
    assert len(times) == 25
    assert 300 in times  # where the page opens
    steps = -np.diff(np.sqrt(ALPHA_BAR)[list(times)])
    assert steps.max() < 1.3 * steps.mean()


def test_numbers_of_the_last_timestep_are_stable_diffusions() -> None:
    first, last = level_rows(ALPHA_BAR, (0, 999))
    assert first["weight of the picture"] == pytest.approx(0.99957, abs=1e-5)
    assert last["weight of the picture"] == pytest.approx(0.068265, abs=1e-5)
    assert last["sigma"] == pytest.approx(14.6146, abs=1e-3)
    assert last["s"] == pytest.approx(14.6146 / 15.6146, abs=1e-4)
    (zero,) = level_rows(accumulate_alpha_bar(rescale_to_zero_snr(BETAS)), (999,))
    assert zero["weight of the picture"] == pytest.approx(0, abs=1e-3)


def test_chain_of_small_steps_is_the_jump_in_mean_and_variance() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    walk = walk_picture(picture, BETAS, 600, seed=3)
    assert (walk.times[0], walk.times[-1]) == (0, 600)
    for row in walk_rows(walk, BETAS):
        t = int(str(row["t"]))
        assert row["sqrt(alpha_bar)"] == pytest.approx(ALPHA_BAR[t] ** 0.5, rel=1e-4)
        assert row["weight, measured"] == pytest.approx(row["sqrt(alpha_bar)"], abs=0.03)
        assert row["variance, measured"] == pytest.approx(row["1 - alpha_bar"], rel=0.05, abs=1e-4)
    assert walk.last.shape == picture.shape
    walk_chart(walk, BETAS).to_dict()


def test_one_step_is_a_chain_too() -> None:
    walk = walk_picture(PICTURE, BETAS, 0, seed=0)
    assert walk.times.tolist() == [0]


def test_jump_to_nothing_is_the_picture_and_to_the_end_is_noise() -> None:
    np.testing.assert_array_equal(jump(PICTURE, 1.0, 0), PICTURE)
    end = jump(PICTURE, 0.0, 0).astype(float)
    assert abs(np.corrcoef(end.ravel(), PICTURE.ravel())[0, 1]) < 0.1


def test_average_of_many_copies_brings_the_picture_back_where_signal_survives() -> None:
    x0 = PICTURE / 127.5 - 1
    own = ghost(PICTURE, float(ALPHA_BAR[-1]), 4096, 0) / 127.5 - 1
    none = ghost(PICTURE, 0.0, 4096, 0) / 127.5 - 1
    assert np.corrcoef(own.ravel(), x0.ravel())[0, 1] > 0.9
    assert abs(np.corrcoef(none.ravel(), x0.ravel())[0, 1]) < 0.1
    slope = (own * x0).sum() / (x0 * x0).sum()
    assert slope == pytest.approx(GHOST_GAIN * ALPHA_BAR[-1] ** 0.5, rel=0.05)


def test_numbers_outside_are_cut_off() -> None:
    shown = to_pixels(np.array([[[-3.0, 0.0, 5.0]]]))
    assert shown.tolist() == [[[0, 128, 255]]]
