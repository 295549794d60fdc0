"""One training of the lab of points, told as lines of JSON."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Tensor

from core.labs.points import train
from core.labs.points_data import make_points
from core.labs.points_field import ALPHA_BAR, FLOWING, Field, measure_reach, nearest, sample
from core.labs.points_settings import EDGE, FULL, NOISE, SHOWN, WALKERS, PointSettings
from core.labs.process import numbers, saved, serve

EVERY = 25  # steps between two points of the curve
LOOKS = 20  # how often the field and what it draws are shown
GRID = 15  # arrows across the plane
TIMES = tuple(range(19, len(ALPHA_BAR), 70))  # at which the field is shown
DRAWN, STEPS = 300, 20  # points that are drawn meanwhile, and steps of each


def events(
    settings: PointSettings, kept: dict[str, Tensor] | None = None
) -> Iterator[dict[str, Any]]:  # Any: what JSON holds
    """Train, and tell what happens.

    Args:
        settings: validated.
        kept: the state to go on from, nothing at the beginning.

    Yields:
        {"kind": "start" | "step" | "look" | "saved" | "done", ...}.
    """
    data, labels = make_points(settings)
    if not kept:
        yield {
            "kind": "start",
            "points": numbers(data[:SHOWN]),
            "labels": labels[:SHOWN].tolist(),
            "times": list(TIMES),
            "grid": GRID,
        }
    noise = np.random.default_rng(settings.seed).standard_normal((DRAWN, 2)).astype(np.float32)
    sampler = "DDIM" if settings.goal == NOISE else FLOWING
    apart = max(1, settings.steps // LOOKS)
    window: list[float] = []
    for now in train(settings, kept):
        last = now.step == settings.in_all
        window.append(now.loss)
        phase_ends = now.step % settings.steps == 0
        if now.step % EVERY == 0 or now.step == 1 or phase_ends:
            told = {"loss": float(np.mean(window)), "seconds": now.seconds}
            yield {"kind": "step", "step": now.step, **told}
            window = []
        if now.step % apart == 0 or now.step == 1 or phase_ends:
            walk = sample(now.field, sampler, STEPS, noise)
            yield {
                "kind": "look",
                "step": now.step,
                "field": tell_field(now.field),
                "drawn": numbers(walk[-1]),
                "walk": numbers(walk[:, :WALKERS]) if sampler == FLOWING else "",
                "apart": float(nearest(walk[-1], data).mean()),
            }
            window = []  # what is kept begins a window, whether it is gone on from or not
            yield saved(now.state)
        if last:
            layers = [[list(layer.shape), numbers(layer)] for layer in now.field.layers]
            reach = measure_reach(now.field, sampler, noise, data)
            yield {"kind": "done", "seconds": now.seconds, "layers": layers, **reach}


def tell_field(field: Field) -> str:
    """Return what is named on a grid at every shown time, one byte a number.

    Args:
        field: of the network so far.
    """
    line = np.linspace(-EDGE, EDGE, GRID, dtype=np.float32)
    places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)  # (GRID * GRID, 2)
    whole = np.stack([field.named(places, t) for t in TIMES])
    size = np.linalg.norm(whole, axis=-1, keepdims=True)
    return numbers(np.rint(whole * (127 / np.maximum(size, FULL))), "i1")  # none turns by the limit


def start_from(settings: dict[str, Any]) -> PointSettings:  # Any: as above
    """Return settings as JSON brought them."""
    points = tuple((float(x), float(y), int(label)) for x, y, label in settings["points"])
    return PointSettings(**{**settings, "points": points}).validated()


if __name__ == "__main__":
    serve(lambda settings, kept: events(start_from(settings), kept))
