"""The embedding of every timestep, for the browser that draws it; imports no torch."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from core.ideas.timestep import (
    EmbeddingSettings,
    compare_embeddings,
    compute_frequencies,
    compute_periods,
    embed_timesteps,
)
from core.views.colormaps import diverging
from core.words import tr

CLOCKS = 6  # pairs drawn with their hands, from the fastest to the slowest


class ClockData(TypedDict):
    """A pair that is drawn as a clock, and its period in words."""

    index: int
    period: str


class EmbeddingData(TypedDict):
    """What the component needs to draw any row.

    Attributes:
        frequencies: radians a timestep of every pair, fastest first.
        cosFirst: whether the cosines stand before the sines.
        last: the noisiest timestep.
        alike: similarity of two timesteps by how far they are apart.
        pairs: that are drawn as clocks.
        colours: 257 times red, green, blue in base64, for -1 to 1.
        visits: timesteps of the run in its order; empty while they are not known.
        run: in words.
        start: the timestep to begin with.
    """

    frequencies: list[float]
    cosFirst: bool
    last: int
    alike: list[float]
    pairs: list[ClockData]
    colours: str
    visits: list[float]
    run: str
    start: int


class AlikeData(TypedDict):
    """How alike timesteps are, as in the embedding's data."""

    alike: list[float]
    colours: str
    start: int


def map_data(
    settings: EmbeddingSettings, train_steps: int, visits: Sequence[float] = (), run: str = ""
) -> EmbeddingData:
    """Return what the component needs to draw any row without asking again.

    The browser turns the frequencies into cosines and sines; those it is given.

    Args:
        settings: how timesteps are embedded; ``dim`` is even.
        train_steps: how many timesteps there are.
        visits: timesteps of the run, in its order; empty while they are not known.
        run: the run in a few words.
    """
    half = settings.dim // 2
    periods = compute_periods(settings)
    chosen = np.unique(np.rint(np.linspace(0, half - 1, min(CLOCKS, half))).astype(int))
    return {
        "frequencies": compute_frequencies(settings).tolist(),
        "cosFirst": settings.flip_sin_to_cos,
        "last": train_steps - 1,
        "alike": alike_by_distance(settings, train_steps).round(5).tolist(),
        "pairs": [{"index": int(at), "period": say_period(float(periods[at]))} for at in chosen],
        "colours": diverging(),
        "visits": list(visits),
        "run": run,
        "start": train_steps // 2,
    }


def alike_data(settings: EmbeddingSettings, train_steps: int) -> AlikeData:
    """Return how alike every two timesteps are, for the component that draws it.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.
    """
    return {
        "alike": alike_by_distance(settings, train_steps).round(5).tolist(),
        "colours": diverging(),
        "start": train_steps // 2,
    }


def alike_by_distance(settings: EmbeddingSettings, train_steps: int) -> np.ndarray:
    """Return how alike two timesteps look to the network, by how far they are apart.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.

    Returns:
        Cosine similarity at 0, 1, ... train_steps - 1 apart, (train_steps,).
    """
    rows = embed_timesteps(np.arange(train_steps), settings)
    return compare_embeddings(rows[0], rows)


def say_period(period: float) -> str:
    """Say how long a clock hand takes for one turn.

    Args:
        period: in timesteps; infinite where it stands still.
    """
    if not np.isfinite(period):
        return tr("stands still")
    if period < 100:
        return tr("a turn in {period:,.1f} timesteps", period=period)
    if period < 1e6:
        return tr("a turn in {period:,.0f} timesteps", period=period)
    return tr("a turn in {period:.0e} timesteps", period=period)
