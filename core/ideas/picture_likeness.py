"""How alike two pictures are: two numbers that the field reports, and a plain mean."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.ideas.arrays import Numbers, Pixels
from core.ideas.equation import equation

Picture = Numbers | Pixels
WINDOW = 8  # pixels


@equation(
    tex=r"\mathrm{PSNR} = 10 \log_{10} \frac{255^2}{\frac1n\sum_i (a_i - b_i)^2}",
    source="peak signal-to-noise ratio of 8-bit pictures, as in Wang et al. 2004, section I",
)
def psnr(a: Picture, b: Picture) -> float:
    """Measure how small the error is beside the largest value a pixel can have.

    Args:
        a: pixels, 0 to 255, any shape.
        b: pixels, same shape.

    Returns:
        Decibels; 10 more is a tenth of the squared error, infinity is no error.

    Raises:
        ValueError: the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"b is {b.shape}, expected {a.shape} like a")
    error = float(np.mean((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


@equation(
    tex=r"\mathrm{SSIM}(a,b) = \frac{(2\mu_a\mu_b + c_1)(2\sigma_{ab} + c_2)}"
    r"{(\mu_a^2+\mu_b^2+c_1)(\sigma_a^2+\sigma_b^2+c_2)},"
    r"\quad c_1 = 2.55^2,\; c_2 = 7.65^2",
    source="Wang et al. 2004 (Image Quality Assessment), eq. 13; ours takes the mean over plain "
    "8 x 8 windows and the three colours, theirs weighs an 11 x 11 window with a Gaussian",
)
def ssim(a: Picture, b: Picture) -> float:
    """Compare brightness, contrast and structure in small windows: 1 is the same picture.

    Args:
        a: pixels, (H, W, 3), 0 to 255, sides of at least 8.
        b: pixels, same shape.

    Returns:
        Mean over all windows, at most 1.

    Raises:
        ValueError: the shapes differ, or there is no room for a window.
    """
    if a.shape != b.shape or a.ndim != 3 or min(a.shape[:2]) < WINDOW:
        raise ValueError(f"pictures are {a.shape} and {b.shape}, expected one (H, W, 3)")
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = _window_means(x), _window_means(y)
    var_x = _window_means(x * x) - mean_x**2
    var_y = _window_means(y * y) - mean_y**2
    both = _window_means(x * y) - mean_x * mean_y
    top = (2 * mean_x * mean_y + first) * (2 * both + second)
    bottom = (mean_x**2 + mean_y**2 + first) * (var_x + var_y + second)
    return float((top / bottom).mean())


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return how far two pictures are apart: mean difference of a channel, 0 to 255.

    Args:
        one: a picture, (H, W, 3).
        other: a picture of the same size.
    """
    return float(np.abs(one.astype(np.float64) - other).mean())


def _window_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of every window, (H - 7, W - 7, 3): rows first, then columns."""
    rows = sliding_window_view(values, WINDOW, axis=0).mean(-1)
    return sliding_window_view(rows, WINDOW, axis=1).mean(-1)
