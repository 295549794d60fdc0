"""Shares of the judge's belief over the calls of a run, drawn."""

from typing import Any

import altair as alt

from core.lessons.generation.recognised_data import Recognised, say_names
from core.views.theme import PALETTE
from core.words import tr

TALL = 260  # CSS pixels


def recognised_chart(found: Recognised) -> Any:  # Any: altair types a layered chart as several
    """Draw both shares over the calls, with a line where the lead begins.

    Args:
        found: of a run whose prompt asks for something that the judge has a name for.
    """
    asked, rival = tr("what was asked for"), tr("its strongest rival")
    values = [
        {"call": call + 1, "share": float(share), "of": kind, "name": name}
        for kind, shares, names in (
            (asked, found.asked, [say_names(found.names)] * len(found.calls)),
            (rival, found.rivals, list(found.rival_names)),
        )
        for call, share, name in zip(found.calls, shares, names, strict=True)
    ]
    ends = [found.calls[0] + 1, found.calls[-1] + 1]
    lines = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "call:Q", title=tr("U-Net call"), axis=alt.Axis(grid=False, tickMinStep=1),
                scale=alt.Scale(domain=ends, nice=False, zero=False),
            ),
            y=alt.Y(
                "share:Q", title=tr("share of the judge’s belief"), axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color(
                "of:N", title=None,
                scale=alt.Scale(
                    domain=[asked, rival], range=[PALETTE["picture"], PALETTE["latents"]]
                ),
                legend=alt.Legend(orient="top"),
            ),
            strokeDash=alt.StrokeDash(
                "of:N", legend=None, scale=alt.Scale(domain=[asked, rival], range=[[1, 0], [6, 4]])
            ),
            tooltip=[
                alt.Tooltip("call:Q", title=tr("U-Net call")),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("share:Q", title=" ", format=".1%"),
            ],
        )
    )  # fmt: skip
    lead = found.lead
    if not lead:
        return lines.properties(height=TALL)
    line = (
        alt.Chart(alt.InlineData(values=[{"call": found.calls[lead] + 1}]))
        .mark_rule(strokeDash=[5, 4], color=PALETTE["time"], strokeWidth=2, aria=False)
        .encode(x="call:Q")
    )
    return (line + lines).properties(height=TALL)
