"""The clocks of a timestep embedding, and how alike timesteps are, as charts and pictures."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.ideas.timestep import EmbeddingSettings, embed_timesteps
from core.views.colormaps import latent_colours
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr

TALL = 320  # CSS pixels
EVERY = 4  # timesteps between two points of a line


def period_chart(rows: Sequence[Row], train_steps: int) -> alt.LayerChart | alt.FacetChart:
    """Draw how many steps each clock needs for one turn.

    Args:
        rows: from ``clock_rows``.
        train_steps: how many timesteps there are.
    """
    values = [
        {"pair": row["pair"], "steps": row["timesteps a turn"], "goes round": row["goes round"]}
        for row in rows
        if np.isfinite(float(str(row["timesteps a turn"])))
    ]
    colours = alt.Scale(domain=[tr("yes"), tr("no")], range=[PALETTE["time"], PALETTE["noise"]])
    points = (
        alt.Chart(alt.InlineData(values=values))
        .mark_circle(size=36, opacity=1)
        .encode(
            x=alt.X(
                "pair:Q", title=tr("pair"), axis=alt.Axis(grid=False),
                scale=alt.Scale(nice=False),
            ),
            y=alt.Y(
                "steps:Q",
                title=tr("timesteps for one turn (log)"),
                scale=alt.Scale(type="log"),
                axis=alt.Axis(values=[10.0**power for power in range(-3, 16)], format="~s"),
            ),
            color=alt.Color(
                "goes round:N", scale=colours,
                legend=alt.Legend(orient="top", titleLimit=300),
                title=tr("goes round in {train_steps:,} timesteps", train_steps=train_steps),
            ),
            tooltip=[
                alt.Tooltip("pair:Q", title=tr("pair")),
                alt.Tooltip("steps:Q", title=tr("timesteps a turn"), format=",.1f"),
            ],
        )
    )  # fmt: skip
    limit = (
        alt.Chart(alt.InlineData(values=[{"steps": train_steps}]))
        .mark_rule(strokeDash=[5, 4], color=PALETTE["noise"])
        .encode(y="steps:Q")
    )
    return alt.layer(limit, points).properties(height=TALL)


def alike_rows(curves: dict[str, NDArray[np.floating]]) -> list[Row]:
    """Return points of similarity curves.

    Args:
        curves: similarity by distance, (T,) each, by what to call them.
    """
    return [
        {"of": name, "apart": apart, "alike": round(float(curve[apart]), 5)}
        for name, curve in curves.items()
        for apart in range(0, len(curve), EVERY)
    ]


def alike_chart(rows: Sequence[Row]) -> alt.Chart:
    """Draw how alike two timesteps are by how far they are apart.

    Args:
        rows: from ``alike_rows``.
    """
    names = list(dict.fromkeys(str(row["of"]) for row in rows))
    colours = [PALETTE["time"], PALETTE["picture"], PALETTE["text"], PALETTE["latents"]]
    colours += [PALETTE["noise"], "#56B4E9"]
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("apart:Q", title=tr("how far apart, timesteps")),
            y=alt.Y("alike:Q", title=tr("cosine similarity")),
            color=alt.Color(
                "of:N", title=None, scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(orient="top")
                if len(names) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("of:N", title=tr("of")),
                alt.Tooltip("apart:Q", title=tr("apart")),
                alt.Tooltip("alike:Q", title=tr("alike"), format=".3f"),
            ],
        )
        .properties(height=TALL)
    )  # fmt: skip


def map_picture(
    settings: EmbeddingSettings, train_steps: int, size: tuple[int, int] = (360, 240)
) -> NDArray[np.uint8]:
    """Return the heat map of an embedding as a small picture, the noisiest timestep on top.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.
        size: width and height in pixels.
    """
    rows = embed_timesteps(np.arange(train_steps)[::-1], settings)
    whole = Image.fromarray(latent_colours(rows, 1.0))
    return np.asarray(whole.resize(size, Image.Resampling.BOX))
