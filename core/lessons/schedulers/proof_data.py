"""How fast every scheduler's error falls with the number of network calls, as a chart and table."""

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import numpy as np

from core.ideas.closed_form import measure_order
from core.lessons.schedulers.overlay_data import INKS
from core.models.schedulers.table import SCHEDULERS
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

TALL = 380  # CSS pixels
OPENING = ("ddim", "euler", "heun", "kdpm2", "dpmpp-2m", "unipc", "lms")
OFF = 0.5  # a slope that differs from its order by more is told
PLACES = 6  # of an error: cut to its first digits, a column would fill it up with zeros
FITTED = 3  # the last points: order is a promise for small steps


def proof_rows(points: Sequence[Any]) -> list[Row]:  # Any: ProofPoints, whose module imports torch
    """Return one row for each run.

    Args:
        points: from the engine.
    """
    return [
        {
            "scheduler": SCHEDULERS[point.name].title,
            "steps": point.steps,
            "calls": point.calls,
            "error": round(point.error, PLACES),
            "mean": round(point.mean, 4),
            "std": round(point.std, 4),
        }
        for point in points
    ]


def order_rows(points: Sequence[Any]) -> list[Row]:  # Any: as above
    """Return one row for each scheduler: the order it has by name, and the slope it has here.

    Args:
        points: from the engine.
    """
    rows = []
    for name in dict.fromkeys(point.name for point in points):
        mine = [point for point in points if point.name == name][-FITTED:]
        calls = np.array([point.calls for point in mine])
        errors = np.array([max(point.error, 1e-12) for point in mine])
        info = SCHEDULERS[name]
        rows.append(
            {
                tr_later("scheduler"): info.title,
                tr_later("order by name"): info.order,
                tr_later("slope here"): round(measure_order(calls, errors), 2),
                tr_later("judged by"): tr("mean and spread")
                if info.stochastic
                else tr("distance from the end"),
                tr_later("smallest error"): round(float(errors[-1]), PLACES),
            }
        )
    return rows


def say_orders(points: Sequence[Any], drawn: Sequence[str]) -> str:  # Any: as above
    """Say how the slopes of some schedulers compare with their orders.

    Args:
        points: from the engine.
        drawn: the schedulers on show.
    """
    shown = [name for name in dict.fromkeys(point.name for point in points) if name in drawn]
    rows = {row["scheduler"]: row for row in order_rows(points)}

    def named(test: Callable[[str], bool]) -> str:
        return ", ".join(SCHEDULERS[name].title for name in shown if test(name))

    def beyond(name: str) -> float:
        row = rows[SCHEDULERS[name].title]
        return float(str(row["slope here"])) - float(str(row["order by name"]))

    def rises(name: str) -> bool:
        first, second, *_ = (point.error for point in points if point.name == name)
        return second > first

    told = [
        (tr("Steeper here than its order"), named(lambda name: beyond(name) > OFF)),
        (tr("Flatter than its order"), named(lambda name: beyond(name) < -OFF)),
        (tr("With few calls the error first grows"), named(rises)),
    ]
    return " ".join(f"{what}: {names}." for what, names in told if names)


def proof_chart(points: Sequence[Any], names: Sequence[str]) -> Any:  # Any: as above; a layer
    """Draw error over calls, both on log scales, with slopes to compare.

    Args:
        points: from the engine.
        names: the schedulers to draw.
    """
    titles = [SCHEDULERS[name].title for name in names]
    hues = [INKS[name].hue for name in names]
    dashes = [list(INKS[name].dash) or [1, 0] for name in names]
    values = [
        {
            "scheduler": SCHEDULERS[point.name].title,
            "calls": point.calls,
            "error": max(point.error, 1e-6),
            "kind": tr("fresh noise")
            if SCHEDULERS[point.name].stochastic
            else tr("no fresh noise"),
        }
        for point in points
        if point.name in names
    ]
    calls = [float(str(row["calls"])) for row in values] or [5.0, 80.0]
    across = alt.X(
        "calls:Q", title=tr("U-Net calls (log scale)"), scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=[5, 10, 20, 40, 79], grid=False),
    )  # fmt: skip
    up = alt.Y(
        "error:Q", title=tr("error (log scale)"), scale=alt.Scale(type="log"),
        axis=alt.Axis(format="~g", values=[10.0**power for power in range(-6, 1)]),
    )  # fmt: skip
    lines = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=across,
            y=up,
            color=alt.Color(
                "scheduler:N", title=None, scale=alt.Scale(domain=titles, range=hues),
                legend=alt.Legend(orient="right", symbolType="stroke", symbolStrokeWidth=4),
            ),
            strokeDash=alt.StrokeDash(
                "scheduler:N", scale=alt.Scale(domain=titles, range=dashes),
                legend=alt.Legend(title=None),
            ),
        )
    )  # fmt: skip
    dots = (
        alt.Chart(alt.InlineData(values=values))
        .mark_point(size=45, filled=False)
        .encode(
            x=across,
            y=up,
            color="scheduler:N",
            fill=alt.condition(
                alt.datum.kind == tr("no fresh noise"), "scheduler:N", alt.value("transparent")
            ),
            tooltip=[
                alt.Tooltip("scheduler:N", title=tr("scheduler")),
                alt.Tooltip("calls:Q", title=tr("calls")),
                alt.Tooltip("error:Q", title=tr("error"), format=".2g"),
                alt.Tooltip("kind:N", title=tr("kind")),
            ],
        )
    )
    slopes = _slopes(min(calls), max(calls))
    guides = alt.Chart(alt.InlineData(values=slopes))
    dotted = guides.mark_line(strokeDash=[2, 4], color=PALETTE["noise"]).encode(
        x=across, y=up, detail="order:N"
    )
    words = (
        guides.transform_filter(alt.datum.end == True)  # noqa: E712  (a Vega expression)
        .mark_text(align="right", dx=-4, dy=-18, color=PALETTE["noise"], fontSize=12)
        .encode(x=across, y=up, text="order:N")
    )
    return alt.layer(dotted, words, lines, dots).properties(height=TALL)


def _slopes(first: float, last: float) -> list[Row]:
    """Return the lines that an error of order 1 and 2 would follow."""
    return [
        {
            "order": tr("order {order}", order=order),
            "calls": calls,
            "error": 0.3 * (first / calls) ** order,
            "end": calls == last,
        }
        for order in (1, 2)
        for calls in (first, last)
    ]
