"""Flows of points for the browser: pairs, what can be known of them, what a network learned."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ideas.flow import mean_velocity, walk_flow, weigh_pairs
from core.labs.points_data import make_points
from core.labs.points_field import FLOWING, NO_CLASS, Field, Reach, sample
from core.labs.points_settings import EDGE, FLOW, SHOWN, STRAIGHT, WALKERS, PointSettings
from core.lessons.training.points_data import (
    FanData,
    PathsData,
    WalkData,
    floats,
    start_of,
    walk_of,
)
from core.views.numbers import count
from core.words import tr, tr_later

FRAMES = 160  # of the film, from noise to data
MEAN_STEPS = 40  # of the walk along the mean, which the film draws in between
CHOSEN, LINES = 40, 16  # points that can be chosen, and pairs that are shown of each
TITLES = {  # of its pane, and what stands there before it is learned
    FLOW: (tr_later("The flow, learned"), tr_later("press Train")),
    STRAIGHT: (tr_later("The flow, straightened"), tr_later("press Straighten")),
}
NOWHERE = np.empty((0, WALKERS, 2), np.float32)


Learned = Mapping[str, NDArray[np.float32] | None]
"""Ways by what the network learned, (steps + 1, WALKERS, 2); None where it is yet to learn it."""


def film_data(
    settings: PointSettings, learned: Learned, label: int = NO_CLASS, going: bool = False
) -> PathsData:
    """Let the same noise flow by single pairs, by the mean of all, and by what was learned.

    Args:
        settings: of the points.
        learned: what stands beside the pairs and their mean.
        label: class that is asked for, or ``NO_CLASS``.
        going: whether a training goes on.
    """
    data, labels = data_of(settings, label)
    start = start_of(settings.seed)
    picked = np.random.default_rng([settings.seed, 2]).integers(len(data), size=WALKERS)
    pairs, mean = np.stack([start, data[picked]]), mean_walk(data, start)
    walks = [
        _walk(tr("One pair at a time"), tr("straight, and they cross"), pairs, data, labels),
        _walk(tr("The mean of all pairs"), tr("all that can be known"), mean, data, labels),
    ]
    for goal, places in learned.items():
        title, press = (tr(text) for text in TITLES[goal])
        if places is None:
            walks.append(walk_of(title, tr("learning…") if going else press, NOWHERE))
        else:
            said = count(len(places) - 1, "step")
            walks.append(_walk(title, said, places, data, labels))
    return {
        "edge": EDGE,
        "points": floats(data[:SHOWN]),
        "count": WALKERS,
        "frames": FRAMES,
        "flow": True,
        "going": going,
        "walks": walks,
        "fan": _fan(data, mean, settings.seed),
    }


def walked(field: Field, steps: int, seed: int) -> NDArray[np.float32]:
    """Walk the noise of the film along what a network learned.

    Args:
        field: whom to ask.
        steps: of Euler's method.
        seed: of the noise.
    """
    return sample(field, FLOWING, steps, start_of(seed))


def told_walk(look: Mapping[str, Any]) -> NDArray[np.float32]:  # Any: what JSON holds
    """Return how points walk after a look of a training that goes on.

    Args:
        look: the event.
    """
    places = np.frombuffer(base64.b64decode(look["walk"]), "<f4")
    return places.reshape(-1, WALKERS, 2)


def data_of(
    settings: PointSettings, label: int = NO_CLASS
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the data of a class, and the class of each, 2 where none is told.

    Args:
        settings: of the points.
        label: class that is asked for, or ``NO_CLASS`` for all.
    """
    data, labels = make_points(settings)
    if label != NO_CLASS:
        data, labels = data[labels == label], labels[labels == label]
    return data, labels if settings.classes else np.full_like(labels, NO_CLASS)


def mean_walk(data: NDArray[np.float32], start: NDArray[np.float32]) -> NDArray[np.float32]:
    """Walk the mean of all pairs, at every point: what a perfect network would do.

    Args:
        data: all there are, (n, 2).
        start: noise, (m, 2).

    Returns:
        (MEAN_STEPS + 1, m, 2).
    """
    walk = walk_flow(lambda z, s: mean_velocity(z, data, s), start, MEAN_STEPS)
    return np.stack(list(walk)).astype(np.float32)


def _walk(
    title: str,
    note: str,
    places: NDArray[np.float32],
    data: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> WalkData:
    apart = ((places[-1][:, None] - data[None]) ** 2).sum(-1)  # (m, n)
    return walk_of(title, note, places, labels[apart.argmin(1)].tolist())


def _fan(data: NDArray[np.float32], mean: NDArray[np.float32], seed: int) -> FanData:
    """Draw at every frame pairs whose lines meet where a point is, as likely as they are."""
    draw = np.random.default_rng([seed, 3])
    picks = []
    for frame in range(MEAN_STEPS):
        weights = weigh_pairs(mean[frame, :CHOSEN], data, 1 - frame / MEAN_STEPS)
        shares = weights.cumsum(1)[:, None]  # (CHOSEN, 1, n)
        asked = draw.random((CHOSEN, LINES, 1)) * shares[..., -1:]
        picks.append((shares < asked).sum(-1))
    packed = np.ascontiguousarray(np.stack(picks), "<u2").tobytes()
    return {
        "pane": 1,
        "count": LINES,
        "points": CHOSEN,
        "frames": MEAN_STEPS,
        "data": floats(data),
        "picks": base64.b64encode(packed).decode("ascii"),
    }


def reach_of(done: Mapping[str, Any]) -> Reach:
    """Return how near a network comes, as a finished training told.

    Args:
        done: its last event.
    """
    return {"apart": done["apart"], "missed": done["missed"], "detour": done["detour"]}
