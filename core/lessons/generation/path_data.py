"""The way of a run through its latents, laid flat: thousands of numbers become two."""

from dataclasses import dataclass

import altair as alt
import numpy as np

from core.ideas.arrays import Numbers
from core.views.run import Run
from core.views.theme import PALETTE
from core.words import tr, tr_later

GIVEN, GUESS = tr_later("x, what the network is given"), tr_later("x̂₀, what it believes")


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class FlatWay:
    """The way of a run in a plane.

    Attributes:
        timesteps: what the network was told at each call, (n,).
        path: the latents of every place, (n + 1, 2).
        guess: the estimate of every call, (n, 2).
        held: the share of all their variance that the plane holds.
    """

    timesteps: Numbers
    path: Numbers
    guess: Numbers
    held: float


def flatten(run: Run) -> FlatWay:
    """Lay the way of a run flat.

    Across is the straight line from the first noise to the end: 0 there, 1 here. Upward is the
    direction at right angles to it in which the latents and the estimates vary most, on the same
    scale.

    Args:
        run: the finished run.
    """
    path = run.path.reshape(len(run.path), -1).astype(np.float64)
    guess = run.x0.reshape(len(run.x0), -1).astype(np.float64)
    way = path[-1] - path[0]
    length = float(np.linalg.norm(way)) or 1.0
    along = way / length
    points = np.concatenate([path, guess]) - path[0]
    across = points @ along
    rest = points - np.outer(across, along)
    aside = np.linalg.svd(rest - rest.mean(axis=0), full_matrices=False)[2][0]
    up = rest @ aside
    flat = np.stack([across, up], axis=1) / length
    whole = float(((points - points.mean(axis=0)) ** 2).sum())
    held = float(((flat - flat.mean(axis=0)) ** 2).sum()) * length**2
    share = held / whole if whole > 0 else 1.0
    return FlatWay(run.timesteps, flat[: len(path)], flat[len(path) :], share)


def path_rows(way: FlatWay) -> list[dict[str, object]]:
    """Return the flat way as a table, one row a point.

    Args:
        way: from ``flatten``.
    """
    calls = len(way.timesteps)
    rows: list[dict[str, object]] = []
    for name, points in ((tr(GIVEN), way.path), (tr(GUESS), way.guess)):
        for place, (across, up) in enumerate(points):
            t = float(way.timesteps[place]) if place < calls else None
            rows.append({"what": name, "place": place, "t": t, "along": round(float(across), 5),
                         "aside": round(float(up), 5)})  # fmt: skip
    return rows


def path_chart(way: FlatWay) -> alt.LayerChart | alt.FacetChart:
    """Draw the way of the latents and of the estimates.

    Args:
        way: from ``flatten``.
    """
    colours = alt.Scale(
        domain=[tr(GIVEN), tr(GUESS)], range=[PALETTE["latents"], PALETTE["picture"]]
    )
    base = alt.Chart(alt.Data(values=path_rows(way))).encode(
        x=alt.X("along:Q", title=tr("from the first noise (0) to the end (1)")),
        y=alt.Y("aside:Q", title=tr("to the side, same scale")),
        color=alt.Color("what:N", scale=colours, legend=alt.Legend(title=None, orient="top")),
        order="place:Q",
    )
    seen = [
        alt.Tooltip("what:N", title=tr("what")),
        alt.Tooltip("place:Q", title=tr("U-Net calls made")),
        alt.Tooltip("t:Q", title=tr("timestep t")),
    ]
    lines = base.mark_line(strokeWidth=2)
    dots = base.mark_circle(size=60, opacity=1).encode(tooltip=seen)
    return alt.layer(lines, dots).properties(height=280)
