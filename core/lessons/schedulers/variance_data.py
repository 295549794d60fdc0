"""The variance of a step back: where it was chosen to lie, what it costs, and what it draws."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr

# The learned one has the colour of time; dashes tell the three apart as well.
COLOURS = {"fixed small": "#56B4E9", "fixed large": "#8A8A8A", "learned": PALETTE["time"]}
DASHES = {"fixed small": [2, 2], "fixed large": [7, 3], "learned": [1, 0]}
GAP = 4  # pixels between faces
ENLARGED = 4


def choice_rows(reading: Any) -> list[Row]:  # Any: a VarianceReading, whose class imports torch
    """Return, for every step, the two bounds of its variance and what was learned between them.

    Args:
        reading: from the engine.
    """
    learned = reading.beta**reading.v * reading.beta_tilde ** (1 - reading.v)
    return [
        {
            "t": int(t), "beta tilde": _short(low), "beta": _short(high), "v": _short(v),
            "learned": _short(mean), "beta tilde / beta": _short(low / high),
            "learned / beta": _short(mean / high),
        }
        for t, low, high, v, mean in zip(
            reading.timesteps, reading.beta_tilde, reading.beta, reading.v, learned, strict=True
        )
    ]  # fmt: skip


def choice_chart(rows: list[Row]) -> alt.Chart:
    """Draw the rows of ``choice_rows``: every variance as a share of the largest.

    Args:
        rows: one a step.
    """
    values = [
        {"t": row["t"], "variance": name, "share": row[column], "v": row["v"]}
        for row in rows
        for name, column in (
            (tr("fixed small"), "beta tilde / beta"),
            (tr("learned"), "learned / beta"),
        )
    ] + [
        # The last step of all, to the picture, takes beta tilde with either.
        {
            "t": row["t"],
            "variance": tr("fixed large"),
            "share": 1.0 if at else row["beta tilde / beta"],
            "v": row["v"],
        }
        for at, row in enumerate(rows)
    ]
    return _lines(values, "share", tr("share of β"), alt.Scale(domain=[0, 1.05]), ".3f", alt.Axis())


def bit_rows(reading: Any) -> list[Row]:  # Any: as above
    """Return what each step costs with each variance, in bits per dimension.

    Args:
        reading: from the engine.
    """
    return [
        {"t": int(t), "variance": tr(name), "bits": _short(bits)}
        for name, found in reading.bits.items()
        for t, bits in zip(reading.timesteps, found, strict=True)
    ]


def bit_chart(rows: list[Row]) -> alt.Chart:
    """Draw the rows of ``bit_rows``.

    Args:
        rows: one for each step and variance.
    """
    return _lines(
        rows,
        "bits",
        tr("bits per dimension"),
        alt.Scale(type="symlog", constant=0.01),
        ".4f",
        alt.Axis(values=[0, 0.01, 0.1, 1, 10, 100], format="~r"),
    )


def total_rows(kept: Mapping[int, Any]) -> list[Row]:  # Any: as above
    """Return the bits of all steps together, for every walk that was measured.

    Args:
        kept: readings by their number of steps.
    """
    return [
        {"steps": steps, "variance": tr(name), "bits": _short(reading.total(name))}
        for steps, reading in kept.items()
        for name in reading.bits
    ]


def total_chart(rows: list[Row], steps: int) -> alt.Chart:
    """Draw the bits of all steps together as bars; those of the walk on show stand out.

    Args:
        rows: from ``total_rows``.
        steps: of the walk on show.
    """
    names = [tr(name) for name in COLOURS]
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("steps:O", title=tr("steps"), sort="ascending"),
            yOffset=alt.YOffset("variance:N", sort=names),
            x=alt.X(
                "bits:Q", title=tr("bits per dimension, all steps; fewer is better"),
                axis=alt.Axis(tickCount=8),
            ),
            color=alt.Color(
                "variance:N", title=None, sort=names, legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=names, range=list(COLOURS.values())),
            ),
            opacity=alt.condition(alt.datum.steps == steps, alt.value(1.0), alt.value(0.45)),
            tooltip=[
                alt.Tooltip("steps:O", title=tr("steps")),
                alt.Tooltip("variance:N", title=tr("variance")),
                alt.Tooltip("bits:Q", title=tr("bits"), format=".3f"),
            ],
        )
        .properties(height=alt.Step(14))
    )  # fmt: skip


def faces_row(drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return faces side by side, enlarged without smoothing, on white.

    Args:
        drawn: with one variance, (n, S, S, 3).

    Returns:
        (4 S, n (4 S + GAP) - GAP, 3).
    """
    large = drawn.repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2)
    padded = np.pad(large, ((0, 0), (0, 0), (0, GAP), (0, 0)), constant_values=255)
    return np.concatenate(list(padded), axis=1)[:, :-GAP]


def _lines(
    values: list[Row], field: str, title: str, scale: alt.Scale, form: str, axis: alt.Axis
) -> alt.Chart:
    names = [tr(name) for name in COLOURS]
    return (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(strokeWidth=2.5, point=len(values) <= 90)
        .encode(
            x=alt.X(
                "t:Q", title=tr("timestep t, picture to noise"), scale=alt.Scale(domain=[0, 1000])
            ),
            y=alt.Y(f"{field}:Q", title=title, scale=scale, axis=axis),
            color=alt.Color(
                "variance:N", title=None, sort=names,
                legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3),
                scale=alt.Scale(domain=names, range=list(COLOURS.values())),
            ),
            strokeDash=alt.StrokeDash(
                "variance:N", legend=None,
                scale=alt.Scale(domain=names, range=list(DASHES.values())),
            ),
            tooltip=[
                "t:Q",
                alt.Tooltip("variance:N", title=tr("variance")),
                alt.Tooltip(f"{field}:Q", title=title, format=form),
            ],
        )
        .properties(height=260)
    )  # fmt: skip


def _short(number: float) -> float:
    return float(f"{float(number):.4g}")
