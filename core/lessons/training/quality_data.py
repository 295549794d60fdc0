"""What came of the training: the evaluation's figures as rows and charts."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from core.lessons.training.card_data import of_card
from core.training.history import Goal
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

# How each share of a sweep is called, with its colour and, so that colour is not needed, its dash.
SHARES = {
    "background_percent": (tr_later("the background’s colour"), PALETTE["latents"], [2, 2]),
    "top5_percent": (tr_later("object, among the judge’s first five"), PALETTE["noise"], [7, 3]),
    "top1_percent": (tr_later("object"), PALETTE["picture"], [1, 0]),
}


def goal_rows(goals: Sequence[Goal]) -> list[Row]:
    """Return what was wanted beside what was measured.

    Args:
        goals: from ``read_goals``.
    """
    return [
        {
            tr_later("what was measured"): of_card(goal.what),
            tr_later("wanted"): of_card(goal.wanted),
            tr_later("measured"): of_card(goal.measured),
            tr_later("reached"): tr("yes") if goal.reached else tr("no"),
        }
        for goal in goals
    ]


def group_rows(report: dict[str, Any]) -> list[Row]:  # Any: what JSON holds
    """Return how many prompts of each group the judge names rightly.

    Args:
        report: from ``read_report``.
    """
    return [
        {
            tr_later("group"): of_card(name.replace("-", " and ")),
            tr_later("prompts"): row["prompts"],
            tr_later("named rightly, %"): row["top1_percent"],
            tr_later("among the judge’s first five, %"): row["top5_percent"],
        }
        for name, row in report["prompts"]["groups"].items()
    ]


def pair_rows(report: dict[str, Any]) -> list[Row]:  # Any: as above
    """Return how often both of two objects were found, drawn and real.

    Args:
        report: from ``read_report``.
    """
    arranged = report["arranged"]
    shown = (
        (tr("any two objects"), arranged["pairs"]),
        (tr("two of animals, plants, food"), arranged["known_pairs"]),
        (tr("any two, real pictures"), arranged["real_pairs"]),
    )
    return [
        {
            tr_later("two objects"): name,
            "prompts": found["prompts"],
            tr_later("both named rightly, %"): found["both_top1_percent"],
            tr_later("both among the first five, %"): found["both_top5_percent"],
            tr_later("at least one, %"): found["one_top1_percent"],
            tr_later("both where the prompt says, %"): found["as_told_top1_percent"],
        }
        for name, found in shown
    ]


def placed_rows(report: dict[str, Any]) -> list[Row]:  # Any: as above
    """Return how often one object was where, and as large as, the prompt says.

    Args:
        report: from ``read_report``.
    """
    arranged = report["arranged"]
    return [
        {
            tr_later("one object"): name,
            "prompts": found["prompts"],
            tr_later("at its place, %"): found["place_percent"],
            tr_later("of its size, %"): found["size_percent"],
            "named rightly, %": found["named_percent"],
        }
        for name, found in (
            (tr("drawn"), arranged["placed"]),
            (tr("real"), arranged["real_placed"]),
        )
    ]


def sweep_rows(report: dict[str, Any], over: str) -> list[Row]:  # Any: as above
    """Return what was found at each value of a sweep, one row a value and share.

    Args:
        report: from ``read_report``.
        over: ``"guidance"`` or ``"steps"``.
    """
    return [
        {over: row[over], "what is right": tr(name), "percent": row[share]}
        for row in report["over"][over]
        for share, (name, _, _) in SHARES.items()
    ]


def sweep_chart(rows: Sequence[Row], over: str, title: str) -> alt.Chart:
    """Draw the rows of ``sweep_rows``.

    Args:
        rows: one for each value and share.
        over: the column along the axis.
        title: of the axis.
    """
    names, hues, dashes = zip(*SHARES.values(), strict=True)
    names = [tr(name) for name in names]
    legend = alt.Legend(title=None, orient="top")
    values = sorted({float(str(row[over])) for row in rows})
    scale = alt.Scale(type="log") if over == "steps" else alt.Scale(domain=[0, values[-1]])
    return (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X(f"{over}:Q", title=title, scale=scale, axis=alt.Axis(values=values)),
            y=alt.Y(
                "percent:Q", title=tr("prompts drawn rightly, %"), scale=alt.Scale(domain=[0, 100])
            ),
            color=alt.Color(
                "what is right:N", scale=alt.Scale(domain=names, range=hues), legend=legend
            ),
            strokeDash=alt.StrokeDash(
                "what is right:N", scale=alt.Scale(domain=names, range=dashes), legend=legend
            ),
            tooltip=[
                alt.Tooltip(f"{over}:Q", title=title),
                alt.Tooltip("what is right:N", title=tr("what is right")),
                alt.Tooltip("percent:Q", title=tr("prompts drawn rightly, %")),
            ],
        )
        .properties(height=340)
    )
