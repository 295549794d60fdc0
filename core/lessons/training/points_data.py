"""The lab of points for the browser: the plane, the field over it, what is drawn, and paths."""

import base64
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.labs.points_data import make_points
from core.labs.points_field import ALPHA_BAR, SAMPLERS, SHARES, Field, sample
from core.labs.points_settings import (
    DRAWN,
    EDGE,
    FULL,
    NOISE,
    SHOWN,
    WALKERS,
    Point,
    PointSettings,
)
from core.views.tables import Row
from core.words import tr, tr_later

Event = dict[str, Any]  # Any: what JSON holds
CALLS = {
    "DDPM": tr_later("1 call a step"),
    "DDIM": tr_later("1 call a step"),
    "Euler": tr_later("1 call a step"),
    "Heun": tr_later("2 calls a step, 1 at the last"),
}


class FieldData(TypedDict):
    """What the network says and draws.

    Attributes:
        step: after which.
        field: what is named on a grid of places at each time, one signed byte a number in base64.
        drawn: points, float32 pairs in base64.
    """

    step: int
    field: str
    drawn: str


class PointsData(TypedDict):
    """What the component of points shows.

    Attributes:
        edge: the plane goes from -edge to edge, both ways.
        points: float32 pairs in base64.
        labels: 0 or 1 for each.
        classes: whether they are told apart.
        editable: whether points may be drawn.
        going: whether training goes on.
        steps: in all.
        curve: step and loss.
        seconds: so far.
        grid: places of the field, each way.
        flow: whether it names a flow's velocity, and not the noise.
        times: of the field: timesteps, or shares of noise.
        weights: of data and of noise at each.
        full: what 127 of the field stands for.
        look: the newest; None before there is one.
        apart: how far what it drew is from the data, on average.
    """

    edge: float
    points: str
    labels: list[int]
    classes: bool
    editable: bool
    going: bool
    steps: int
    curve: list[list[float]]
    seconds: float
    grid: int
    flow: bool
    times: list[float]
    weights: list[list[float]]
    full: float
    look: FieldData | None
    apart: float | None


class WalkData(TypedDict):
    """How points walk in one pane.

    Attributes:
        title: whose ways they are.
        note: in a few words more.
        steps: of the ways; 0 where there are none yet.
        places: (steps + 1) x count float32 pairs in base64.
        kinds: of every point the class of the data that it comes to, 2 where none is told.
    """

    title: str
    note: str
    steps: int
    places: str
    kinds: list[int]


class FanData(TypedDict):
    """The pairs whose lines meet in a point, for those points that can be chosen, at every frame.

    Attributes:
        pane: in which the lines are drawn.
        count: pairs of each point.
        points: that can be chosen, the first ones.
        frames: of the lines.
        data: of which the pairs are, float32 pairs in base64.
        picks: numbers of the data, frames x points x count, two bytes each in base64.
    """

    pane: int
    count: int
    points: int
    frames: int
    data: str
    picks: str


class PathsData(TypedDict):
    """What the component of paths shows.

    Attributes:
        edge: the plane goes from -edge to edge, both ways.
        points: of the data, float32 pairs in base64, to be shown behind.
        count: points on their way.
        frames: of the film, from noise to data; the first is no step.
        flow: whether a frame is a share of noise, and not a step of every sampler.
        going: whether a training goes on, so that there is more to come.
        walks: side by side.
        fan: None where no pairs are shown.
    """

    edge: float
    points: str
    count: int
    frames: int
    flow: bool
    going: bool
    walks: list[WalkData]
    fan: FanData | None


def points_data(
    settings: PointSettings, events: Sequence[Event], going: bool, drawn: Sequence[Point]
) -> PointsData:
    """Return what the plane shows now.

    Args:
        settings: of the training, or of the one that would be started.
        events: what it has told; none before it was started.
        going: whether more will come.
        drawn: the visitor's own points.
    """
    own = settings.shape == DRAWN
    flow = settings.goal != NOISE
    looks = [event for event in events if event["kind"] == "look"]
    steps = [event for event in events if event["kind"] == "step"]
    begun = next((event for event in events if event["kind"] == "start"), None)
    if own:
        points, labels = np.array([row[:2] for row in drawn]), [row[2] for row in drawn]
    else:
        points, labels = make_points(settings)
        points, labels = points[:SHOWN], labels[:SHOWN].tolist()
    return {
        "edge": EDGE,
        "points": floats(points),
        "labels": labels,
        "classes": settings.classes,
        "editable": own and not going,
        "going": going,
        "steps": settings.in_all,
        "curve": [[event["step"], round(event["loss"], 4)] for event in steps],
        "seconds": round(steps[-1]["seconds"], 1) if steps else 0,
        "grid": begun["grid"] if begun else 0,
        "flow": flow,
        "times": [round(float(SHARES[t]), 2) if flow else t for t in begun["times"]]
        if begun
        else [],
        "weights": [_weights(t, flow) for t in begun["times"]] if begun else [],
        "full": FULL,
        "look": _look(looks[-1]) if looks else None,
        "apart": round(looks[-1]["apart"], 3) if looks else None,
    }


def _weights(t: int, flow: bool) -> list[float]:
    """Return how much of the data and of noise is left at a time."""
    kept, noise = (1 - SHARES[t], SHARES[t]) if flow else np.sqrt([ALPHA_BAR[t], 1 - ALPHA_BAR[t]])
    return [round(float(kept), 4), round(float(noise), 4)]


def _look(event: Event) -> FieldData:
    return {"step": event["step"], "field": event["field"], "drawn": event["drawn"]}


def field_of(done: Event) -> Field:
    """Return the network that a finished training told.

    Args:
        done: its last event.
    """
    layers = [
        np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)
        for shape, text in done["layers"]
    ]
    return Field(tuple(layers))


def paths_data(field: Field, steps: int, points: NDArray[np.float32], seed: int) -> PathsData:
    """Walk the same noise with every sampler.

    Args:
        field: whom to ask, with its class and guidance.
        steps: of every sampler.
        points: of the data, to be shown behind.
        seed: of the noise.
    """
    start = start_of(seed)
    kinds = [field.label] * WALKERS
    return {
        "edge": EDGE,
        "points": floats(points[:SHOWN]),
        "count": WALKERS,
        "frames": steps,
        "flow": False,
        "going": False,
        "walks": [
            walk_of(name, tr(CALLS[name]), sample(field, name, steps, start, seed), kinds)
            for name in SAMPLERS
        ],
        "fan": None,
    }


def start_of(seed: int) -> NDArray[np.float32]:
    """Return the noise that all walks begin with, (WALKERS, 2).

    Args:
        seed: of the noise.
    """
    return np.random.default_rng(seed).standard_normal((WALKERS, 2)).astype(np.float32)


def walk_of(
    title: str, note: str, places: NDArray[np.floating], kinds: Sequence[int] = ()
) -> WalkData:
    """Return ways as the browser gets them.

    Args:
        title: whose they are.
        note: in a few words more.
        places: (steps + 1, WALKERS, 2).
        kinds: of every point.
    """
    steps = max(0, len(places) - 1)
    packed = floats(places)
    return {
        "title": title, "note": note, "steps": steps, "places": packed, "kinds": list(kinds),
    }  # fmt: skip


def points_rows(events: Sequence[Event]) -> list[Row]:
    """Return the loss as rows.

    Args:
        events: of a training.
    """
    return [
        {tr_later("step"): event["step"], tr_later("loss"): round(event["loss"], 5)}
        for event in events
        if event["kind"] == "step"
    ]


def floats(values: Any) -> str:  # Any: an array, or nested lists
    """Return numbers as the browser reads them, float32 in base64.

    Args:
        values: of any shape.
    """
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")
