"""PSNR and SSIM against their definitions."""

import numpy as np
import pytest

from core.ideas.picture_likeness import psnr, ssim


def two_pictures() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    a = draw.integers(0, 256, (40, 32, 3))
    return a.astype(np.uint8), np.clip(a + draw.normal(0, 20, a.shape), 0, 255).astype(np.uint8)


def test_psnr_is_ten_times_the_log_of_the_ratio() -> None:
    a = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(a, a + 51) == pytest.approx(20 * np.log10(5))
    assert psnr(a, a) == float("inf")
    assert psnr(a, a - 100) == pytest.approx(20 * np.log10(255 / 100))  # bytes must not wrap


def test_noise_makes_pictures_less_alike() -> None:
    a, b = two_pictures()
    noisier = np.clip(a + np.random.default_rng(1).normal(0, 60, a.shape), 0, 255)
    assert ssim(a, a) == pytest.approx(1)
    assert ssim(a, noisier) < ssim(a, b) < 0.99


def test_ssim_is_the_definition_window_by_window() -> None:
    a, b = (x.astype(float) for x in two_pictures())

    def windows(x: np.ndarray) -> np.ndarray:
        return np.stack(
            [[x[i : i + 8, j : j + 8].mean((0, 1)) for j in range(25)] for i in range(33)]
        )

    ux, uy = windows(a), windows(b)
    vx, vy = windows(a * a) - ux**2, windows(b * b) - uy**2
    vxy = windows(a * b) - ux * uy
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * ux * uy + c1) * (2 * vxy + c2) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))
    assert ssim(a, b) == pytest.approx(expected.mean())


def test_same_picture_is_one_and_noise_is_less() -> None:
    a, b = two_pictures()
    assert ssim(a, a) == pytest.approx(1)
    assert ssim(a, b) < 1


@pytest.mark.parametrize("shape", [(8, 8, 3), (40, 32), (40, 31, 3)])
def test_pictures_that_do_not_match_are_refused(shape: tuple[int, ...]) -> None:
    a, _ = two_pictures()
    with pytest.raises(ValueError, match="expected"):
        psnr(a, np.zeros(shape))
    with pytest.raises(ValueError, match="expected"):
        ssim(a, np.zeros(shape))
    with pytest.raises(ValueError, match="expected"):
        ssim(np.zeros((7, 9, 3)), np.zeros((7, 9, 3)))
