"""How guidance's difference lies to the prompt's own answer, call by call."""

from typing import Any

import altair as alt
import numpy as np

from core.ideas.guidance import split_change
from core.ideas.prediction import x0_from_eps
from core.views.run import Run
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

ALONG, ACROSS = tr_later("along the answer"), tr_later("across it")
TALL = 320  # CSS pixels


def split_rows(run: Run) -> list[Row]:
    """Return how large both parts of the difference are at every call, root mean square.

    Args:
        run: a guided run.
    """
    assert run.eps_uncond is not None
    rows: list[Row] = []
    for call, alpha_bar in enumerate(run.alpha_bars.astype(np.float64)):
        if alpha_bar == 0:
            continue  # noise alone tells no picture
        xt = run.path[call].astype(np.float64)
        with_words, without = (
            x0_from_eps(xt, eps[call].astype(np.float64), float(alpha_bar))[None]
            for eps in (run.eps_cond, run.eps_uncond)
        )
        along, across = split_change(with_words - without, with_words)
        rows.append(
            {
                tr_later("call"): call + 1,
                ALONG: float(np.sqrt((along**2).mean())),
                ACROSS: float(np.sqrt((across**2).mean())),
            }
        )
    return rows


def split_chart(rows: list[Row], first: int, last: int) -> Any:
    """Draw both parts over the calls; where guidance is off, it is grey behind them.

    Args:
        rows: from ``split_rows``.
        first: guided call, from 1.
        last: guided call.

    Returns:
        A layered chart; altair types it as several.
    """
    values = [
        {"call": row["call"], "size": row[part], "part": tr(part)}
        for row in rows
        for part in (ALONG, ACROSS)
    ]
    calls = [int(str(row["call"])) for row in rows]
    off = [
        {"from": low - 0.5, "to": high + 0.5}
        for low, high in ((min(calls), first - 1), (last + 1, max(calls)))
        if low <= high
    ]
    shade = (
        alt.Chart(alt.InlineData(values=off))
        .mark_rect(color=PALETTE["noise"], opacity=0.25, aria=False)
        .encode(x=alt.X("from:Q", scale=alt.Scale(zero=False)), x2="to:Q")
    )
    lines = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "call:Q", title=tr("U-Net call"), axis=alt.Axis(grid=False, tickMinStep=1),
                scale=alt.Scale(domain=[min(calls) - 0.5, max(calls) + 0.5], nice=False),
            ),
            y=alt.Y("size:Q", title=tr("size of the difference, RMS")),
            color=alt.Color(
                "part:N", title=None,
                scale=alt.Scale(
                    domain=[tr(ALONG), tr(ACROSS)], range=[PALETTE["picture"], PALETTE["latents"]]
                ),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[alt.Tooltip("part:N", title=" "), alt.Tooltip("size:Q", format=".3f")],
        )
    )  # fmt: skip
    return (shade + lines).properties(height=TALL)
