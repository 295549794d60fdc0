"""Points to learn from: shapes on a plane, each point of one of two classes."""

import numpy as np
from numpy.typing import NDArray

from core.labs.points_settings import DRAWN, EDGE, PointSettings

COUNT = 2_000  # points of a shape, half of each class
BLUR = 0.05  # deviation of every point around its line


def make_points(settings: PointSettings) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the points and their classes, (n, 2) and (n,); the same for the same seed.

    Args:
        settings: validated.
    """
    draw = np.random.default_rng(settings.seed)
    if settings.shape == DRAWN:
        picked = draw.integers(len(settings.points), size=COUNT)
        rows = np.array(settings.points, np.float64)[picked]
        places, labels = rows[:, :2], rows[:, 2].astype(np.int64)
    else:
        labels = np.arange(COUNT) % 2
        along = draw.random(COUNT)
        both = np.stack([_line(settings.shape, along, label) for label in (0, 1)])
        places = both[labels, np.arange(COUNT)]
    places = places + BLUR * draw.standard_normal(places.shape)
    return places.clip(-EDGE, EDGE).astype(np.float32), labels


def _line(shape: str, along: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Return places on one class's line; ``along`` goes from 0 to 1."""
    side = 1 - 2 * label
    if shape == "two moons":
        angle = np.pi * along
        return np.stack(
            [side * (np.cos(angle) * 1.2 - 0.6), side * (np.sin(angle) * 1.2 - 0.35)], 1
        )
    if shape == "rings":
        angle, radius = 2 * np.pi * along, 1.7 if label else 0.75
        return radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    if shape == "spiral":
        turn, radius = 2.6 * np.pi * np.sqrt(along), 1.9 * np.sqrt(along)
        return side * radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
    return _walk(LETTERS[label], along)


def _arc(x: float, y: float, radius: float, start: float, end: float) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(start, end, 24))
    return [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angles]


LETTERS = (  # S and D, as pens would write them
    [*_arc(-1.15, 0.62, 0.6, 30, 270), *_arc(-1.15, -0.58, 0.6, 90, -150)],
    [(0.45, -1.2), (0.45, 1.2), *_arc(0.45, 0.0, 1.2, 90, -90)],
)


def _walk(corners: list[tuple[float, float]], along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places at shares of a line's length."""
    line = np.array(corners)
    far = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return np.stack([np.interp(along * far[-1], far, line[:, axis]) for axis in (0, 1)], 1)
