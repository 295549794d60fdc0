"""The latents of a run as the browser draws them: one byte a number, and counted once here."""

import base64
from typing import TypedDict

import numpy as np

from core.ideas.arrays import Numbers
from core.lessons.latents.hero_data import LIMIT
from core.lessons.latents.numbers_data import BINS, EDGE
from core.views.browser import PlaceData
from core.views.colormaps import diverging
from core.views.run import Run, run_id, say_places


class CountedData(TypedDict):
    """Latents at every place of a run.

    Attributes:
        values: one signed byte a number in base64; 127 is the edge.
        bars: densities of the histogram at each place.
        numbers: mean, deviation, least and most of each channel at each place.
    """

    values: str
    bars: list[list[float]]
    numbers: list[list[list[float]]]


class RunLatentsData(TypedDict):
    """What the component shows of a run.

    Attributes:
        id: names the run.
        channels: of the latents.
        height: of the latents.
        width: of the latents.
        colours: 257 times red, green, blue in base64, for -limit to limit.
        limit: of the colours.
        edge: of the numbers, and of the histogram.
        weights: of the linear guess of the colours, (channels, 3).
        bias: its constant.
        places: what to say at each.
        gaussian: what the histogram of a unit Gaussian would be.
        given: what is there.
        guess: what the network believes.
    """

    id: str
    channels: int
    height: int
    width: int
    colours: str
    limit: float
    edge: float
    weights: list[list[float]]
    bias: list[float]
    places: list[PlaceData]
    gaussian: list[float]
    given: CountedData
    guess: CountedData


def run_data(run: Run, weights: Numbers, bias: Numbers) -> RunLatentsData:
    """Return what the component shows of a run.

    Args:
        run: the finished run.
        weights: of the linear guess of the colours, (C, 3).
        bias: its constant, (3,).
    """
    # The last place is the finished picture: what is there and what is believed are one.
    believed = np.concatenate([run.x0, run.path[-1:]])
    places = say_places(run, range(len(run.path)))
    middles = (np.linspace(-EDGE, EDGE, BINS + 1)[:-1] + EDGE / BINS).round(4)
    gaussian = np.exp(-(middles**2) / 2) / np.sqrt(2 * np.pi)
    return {
        "id": run_id(run.request),
        "channels": run.path.shape[1],
        "height": run.path.shape[2],
        "width": run.path.shape[3],
        "colours": diverging(),
        "limit": LIMIT,
        "edge": EDGE,
        "weights": weights.round(6).tolist(),
        "bias": bias.round(6).tolist(),
        "places": places,
        "gaussian": gaussian.round(5).tolist(),
        "given": _counted(run.path),
        "guess": _counted(believed),
    }


def _counted(latents: Numbers) -> CountedData:
    """Pack latents, (n, C, h, w), with the statistics and histogram of every place."""
    edges = np.linspace(-EDGE, EDGE, BINS + 1)
    wide = edges[1] - edges[0]
    packed = np.rint(np.clip(latents / EDGE, -1, 1) * 127).astype(np.int8)
    inside = np.clip(latents, -EDGE, EDGE)
    return {
        "values": base64.b64encode(packed.tobytes()).decode("ascii"),
        "bars": [
            (np.histogram(one, edges)[0] / one.size / wide).round(5).tolist() for one in inside
        ],
        "numbers": [
            [
                [round(float(value), 3) for value in (c.mean(), c.std(), c.min(), c.max())]
                for c in one
            ]
            for one in latents
        ],
    }
