"""Activations as curves with a zoom of their own, and how training with each of them goes."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.ideas.activations import ACTIVATIONS
from core.views.numbers import percent
from core.views.tables import Row
from core.words import tr, tr_later

COLOURS = {  # the categorical colours of the theme, and one more
    "SiLU": "#0072B2", "ReLU": "#D55E00", "LeakyReLU": "#E69F00", "ELU": "#CC79A7",
    "GELU": "#56B4E9", "Mish": "#009E73", "tanh": "#8A8A8A", "sigmoid": "#7F5FC4",
}  # fmt: skip
DASHED = ("tanh", "sigmoid")  # those that press every number into a range
REACH = 8.0  # of x
POINTS = 81  # of a curve, closest together around 0, where the bend is
FUNCTION, SLOPE = "f(x)", "f′(x)"
CURVES = {
    FUNCTION: tr_later("f(x), what comes out"),
    SLOPE: tr_later("f′(x), what a gradient is multiplied with"),
}
TALL = 300  # CSS pixels


def curve_rows() -> list[Row]:
    """Return points of every activation and its derivative."""
    even = np.linspace(-1, 1, POINTS)
    x = REACH * np.sign(even) * np.abs(even) ** 2.2
    return [
        {tr_later("activation"): act.title, "x": round(float(at), 4), FUNCTION: round(float(f), 4),
         SLOPE: round(float(slope), 4)}
        for act in ACTIVATIONS.values()
        for at, f, slope in zip(x, act.function(x), act.slope(x), strict=True)
    ]  # fmt: skip


def lowest_points() -> dict[str, float]:
    """Return where activations that fall and rise again are lowest, and their slope 0, by title."""
    x = np.linspace(-3, 0, 30_001)
    found = {act.title: (act.slope(x), act.function(x)) for act in ACTIVATIONS.values()}
    return {
        title: float(x[values.argmin()])
        for title, (slope, values) in found.items()
        if slope[0] < 0 < slope[-1]
    }


def say_where_nothing_is_learned() -> str:
    """Say where every activation has no slope."""
    (first, *others) = (
        f"{title} ({'x = ' if not at else ''}{x:.2f})".replace("-", "−")
        for at, (title, x) in enumerate(lowest_points().items())
    )
    lowest = tr("{first} and {last}", first=", ".join([first, *others[:-1]]), last=others[-1])
    return tr(
        "Where the right curve is 0, nothing is learned: everywhere below 0 for ReLU; at the one "
        "place where they are lowest for {lowest}, and nearly so far below 0, as for ELU; "
        "at both ends for tanh and the sigmoid; nowhere for LeakyReLU.",
        lowest=lowest,
    )


def curve_chart(rows: Sequence[Row], field: str, reach: float) -> alt.Chart:
    """Draw the functions, or their derivatives; a name that is clicked is seen alone.

    Args:
        rows: from ``curve_rows``.
        field: of ``CURVES``.
        reach: largest x on show.
    """
    chosen = alt.selection_point(fields=["activation"], bind="legend", name="chosen")
    domain = [-0.2, 1.2] if field == SLOPE else [-0.35 * reach, reach]
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_line(clip=True)
        .encode(
            x=alt.X(
                "x:Q", title=tr("x, what goes in"),
                scale=alt.Scale(domain=[-reach, reach], nice=False),
            ),
            y=alt.Y(
                field, type="quantitative", title=tr(CURVES[field]),
                scale=alt.Scale(domain=domain, nice=False),
            ),
            color=_colour("activation"),
            strokeDash=_dash("activation"),
            strokeWidth=_width("activation"),
            opacity=alt.condition(chosen, alt.value(1), alt.value(0.12)),
            tooltip=[
                alt.Tooltip("activation:N", title=tr("activation")),
                alt.Tooltip("x:Q", format=".2f"),
                alt.Tooltip(field, type="quantitative", format=".3f"),
            ],
        )
        .add_params(chosen)
        .properties(height=TALL)
    )  # fmt: skip


def training_rows(rounds: Sequence[NDArray[np.floating]]) -> list[Row]:
    """Return the mean loss of every round for every activation.

    Args:
        rounds: losses of each round, (A, steps).
    """
    done, rows = 0, []
    for losses in rounds:
        done += losses.shape[1]
        rows += [
            {"of": act.title, "step": done, "loss": round(float(mean), 4)}
            for act, mean in zip(ACTIVATIONS.values(), losses.mean(axis=1), strict=True)
        ]
    return rows


def training_chart(rows: Sequence[Row], steps: int) -> alt.Chart:
    """Draw how the loss falls with each activation.

    Args:
        rows: from ``training_rows``.
        steps: of the whole training.
    """
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_line(point=True, clip=True)
        .encode(
            x=alt.X("step:Q", title=tr("training step"), scale=alt.Scale(domain=[0, steps])),
            y=alt.Y(
                "loss:Q",
                title=tr("mean squared error of the noise"),
                scale=alt.Scale(domain=[0.3, 1.1]),
            ),
            color=_colour(),
            strokeDash=_dash(),
            strokeWidth=_width(),
            tooltip=[
                alt.Tooltip("of:N", title=tr("activation")),
                alt.Tooltip("step:Q", title=tr("training step")),
                alt.Tooltip("loss:Q", title=tr("loss"), format=".3f"),
            ],
        )
        .properties(height=TALL)
    )


def result_rows(
    losses: NDArray[np.floating], reach: NDArray[np.floating], still: NDArray[np.floating]
) -> list[Row]:
    """Return what became of every network, the best first.

    Args:
        losses: of the newest round, (A, steps).
        reach: of the first step: gradient at the first layer to that at the last, (A,).
        still: share of hidden units that learn nothing any more, (A,).
    """
    rows: list[Row] = [
        {
            tr_later("activation"): act.title,
            tr_later("loss"): round(float(losses[at].mean()), 3),
            tr_later("gradient that reaches the first layer"): percent(float(reach[at]), 1),
            tr_later("units that learn nothing"): percent(float(still[at])),
        }
        for at, act in enumerate(ACTIVATIONS.values())
    ]
    return sorted(rows, key=lambda row: float(str(row["loss"])))


def _colour(field: str = "of") -> alt.Color:
    return alt.Color(
        field, type="nominal", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=alt.Legend(orient="top", title=None),
    )  # fmt: skip


def _dash(field: str = "of") -> alt.StrokeDash:
    dashes = [[4, 3] if name in DASHED else [1, 0] for name in COLOURS]
    scale = alt.Scale(domain=list(COLOURS), range=dashes)
    return alt.StrokeDash(field, type="nominal", scale=scale, legend=None)


def _width(field: str = "of") -> alt.StrokeWidth:
    widths = [4 if name == "SiLU" else 2 for name in COLOURS]
    return alt.StrokeWidth(
        field, type="nominal", scale=alt.Scale(domain=list(COLOURS), range=widths), legend=None
    )
