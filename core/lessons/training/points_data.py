"""The lab of points for the browser: the plane, the field over it, what is drawn, and paths."""

import base64
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.labs.points_data import make_points
from core.labs.points_field import ALPHA_BAR, SAMPLERS, Field, sample
from core.labs.points_settings import DRAWN, EDGE, FULL, SHOWN, Point, PointSettings
from core.views.tables import Row
from core.words import tr, tr_later

Event = dict[str, Any]  # Any: what JSON holds
WALKERS = 120  # points whose paths are shown
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
        field: the noise named on a grid of places at each time, one signed byte a number in base64.
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
        times: timesteps of the field.
        kept: signal power left at each.
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
    times: list[int]
    kept: list[float]
    full: float
    look: FieldData | None
    apart: float | None


class WalkData(TypedDict):
    """How one sampler walks: its name, what it costs, and (steps + 1) x count float32 pairs."""

    title: str
    note: str
    places: str


class PathsData(TypedDict):
    """What the component of paths shows.

    Attributes:
        edge: the plane goes from -edge to edge, both ways.
        points: of the data, float32 pairs in base64, to be shown behind.
        label: the class that was asked for: 0, 1, or 2 for none.
        count: points on their way.
        steps: of every sampler.
        walks: side by side.
    """

    edge: float
    points: str
    label: int
    count: int
    steps: int
    walks: list[WalkData]


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
        "points": _floats(points),
        "labels": labels,
        "classes": settings.classes,
        "editable": own and not going,
        "going": going,
        "steps": settings.steps,
        "curve": [[event["step"], round(event["loss"], 4)] for event in steps],
        "seconds": round(steps[-1]["seconds"], 1) if steps else 0,
        "grid": begun["grid"] if begun else 0,
        "times": begun["times"] if begun else [],
        "kept": [round(float(ALPHA_BAR[t]), 4) for t in begun["times"]] if begun else [],
        "full": FULL,
        "look": _look(looks[-1]) if looks else None,
        "apart": round(looks[-1]["apart"], 3) if looks else None,
    }


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
    start = np.random.default_rng(seed).standard_normal((WALKERS, 2)).astype(np.float32)
    walks = {name: sample(field, name, steps, start, seed) for name in SAMPLERS}
    return {
        "edge": EDGE,
        "points": _floats(points[:SHOWN]),
        "label": field.label,
        "count": WALKERS,
        "steps": steps,
        "walks": [
            {"title": name, "note": tr(CALLS[name]), "places": _floats(walk)}
            for name, walk in walks.items()
        ],
    }


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


def _floats(values: Any) -> str:  # Any: an array, or nested lists
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")
