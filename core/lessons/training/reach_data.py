"""How near networks of the lab of points come to the data, over the number of steps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import altair as alt

from core.labs.points_data import make_points
from core.labs.points_field import COUNTS, Reach, nearest
from core.labs.points_settings import FLOW, NOISE, STRAIGHT, PointSettings
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

FRESH = 500  # points of the same shape that no training saw
TALL = 300  # CSS pixels
NAMES = {
    NOISE: tr_later("noise, DDIM"),
    FLOW: tr_later("flow"),
    STRAIGHT: tr_later("flow, straightened"),
}
INKS = {NOISE: PALETTE["noise"], FLOW: PALETTE["latents"], STRAIGHT: PALETTE["picture"]}


def fresh_apart(settings: PointSettings) -> float:
    """Measure how far other points of the same shape are from the data: nearer is by heart.

    Args:
        settings: of the data.
    """
    data, _ = make_points(settings)
    other, _ = make_points(replace(settings, seed=settings.seed + 1))
    return float(nearest(other[:FRESH], data).mean())


def reach_rows(reached: Mapping[str, Reach]) -> list[Row]:
    """Return how near each network comes, by the number of steps, as rows.

    Args:
        reached: by what the network learned.
    """
    return [
        {
            tr_later("of"): tr(NAMES[goal]),
            tr_later("steps"): steps,
            tr_later("drawn to data"): round(apart, 4),
            tr_later("data to drawn"): round(missed, 4),
        }
        for goal, reach in reached.items()
        for steps, apart, missed in zip(COUNTS, reach["apart"], reach["missed"], strict=True)
    ]


def reach_chart(reached: Mapping[str, Reach], fresh: float) -> Any:
    """Draw how far what is drawn is from the data, over the number of steps.

    Args:
        reached: by what the network learned.
        fresh: as far are points of the same shape that no training saw.

    Returns:
        A layered chart; altair types it as several.
    """
    names, new = {goal: tr(NAMES[goal]) for goal in reached}, tr("fresh points of the shape")
    values = [
        {"of": names[goal], "steps": steps, "apart": apart}
        for goal, reach in reached.items()
        for steps, apart in zip(COUNTS, reach["apart"], strict=True)
    ]
    lines = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=alt.OverlayMarkDef(size=70), strokeWidth=2.5)
        .encode(
            x=alt.X(
                "steps:Q", title=tr("steps"),
                scale=alt.Scale(type="log", domain=[0.9, 60], nice=False),
                axis=alt.Axis(values=list(COUNTS), grid=False, format="d"),
            ),
            y=alt.Y("apart:Q", title=tr("mean distance to the data"), scale=alt.Scale(zero=True)),
            color=alt.Color(
                "of:N", title=None,
                scale=alt.Scale(
                    domain=[*names.values(), new],
                    range=[*(INKS[goal] for goal in names), PALETTE["time"]],
                ),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("of:N", title=" "), alt.Tooltip("steps:Q", title=tr("steps")),
                alt.Tooltip("apart:Q", title=tr("mean distance to the data"), format=".3f"),
            ],
        )
    )  # fmt: skip
    floor = (
        alt.Chart(alt.InlineData(values=[{"of": new, "apart": fresh}]))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5, aria=False)
        .encode(y="apart:Q", color="of:N")
    )
    return (floor + lines).properties(height=TALL)


def ratio_at_one(reached: Mapping[str, Reach]) -> float | None:
    """Return a straightened flow's distance after one step as a share of DDIM's.

    Args:
        reached: by what the network learned; None is returned where one is missing.
    """
    if not {NOISE, STRAIGHT} <= reached.keys():
        return None
    return reached[STRAIGHT]["apart"][0] / reached[NOISE]["apart"][0]
