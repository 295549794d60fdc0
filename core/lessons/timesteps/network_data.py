"""What the network makes of time: likeness before and after its MLP, and each block's share."""

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Numbers
from core.ideas.timestep import compare_embeddings
from core.views.colormaps import latent_colours
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import again, tr, tr_later

SPARSE = 4  # every so many timesteps, in pictures and lines
FEW = 20  # timesteps in one cell of the blocks' chart
BLOCK_TALL = 20  # CSS pixels


def likeness(vectors: Numbers) -> Numbers:
    """Return how alike every two timesteps are, sampled evenly.

    Args:
        vectors: one a timestep, (T, D).

    Returns:
        Cosine similarity, (T / SPARSE, T / SPARSE).
    """
    some = vectors[::SPARSE].astype(np.float64)
    return compare_embeddings(some, some)


def likeness_picture(alike: Numbers) -> NDArray[np.uint8]:
    """Return a matrix of similarities as a picture, the noisiest timestep on top.

    Args:
        alike: from ``likeness``.
    """
    return latent_colours(np.clip(alike, -1, 1)[::-1], 1.0)


def mean_likeness(alike: Numbers) -> float:
    """Return the mean similarity of two different timesteps.

    Args:
        alike: from ``likeness``.
    """
    count = len(alike)
    return float((alike.sum() - np.trace(alike)) / (count * (count - 1)))


def ends_alike(vectors: Numbers) -> float:
    """Return how alike the first and the last timestep are; ``likeness`` may leave the last out.

    Args:
        vectors: one a timestep, (T, D).
    """
    first, last = vectors[[0, -1]].astype(np.float64)
    return float(compare_embeddings(first, last[None])[0])


def middle_of(alike: Numbers) -> int:
    """Return the timestep in the middle of those that were compared.

    Args:
        alike: from ``likeness``.
    """
    return SPARSE * (len(alike) // 2)


def before_after_rows(before: Numbers, after: Numbers) -> list[Row]:
    """Return the similarity of the middle timestep with all others, before and after the MLP.

    Args:
        before: of the waves, from ``likeness``.
        after: of the time vectors, from ``likeness``.
    """
    middle = middle_of(before) // SPARSE
    return [
        {"t": at * SPARSE, "of": name, "alike": round(float(matrix[middle, at]), 5)}
        for name, matrix in ((tr("waves"), before), (tr("after the MLP"), after))
        for at in range(len(matrix))
    ]


def before_after_chart(rows: list[Row]) -> alt.Chart:
    """Draw the rows of ``before_after_rows``."""
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("t:Q", title=tr("timestep t")),
            y=alt.Y("alike:Q", title=tr("cosine similarity")),
            color=alt.Color(
                "of:N", title=None, legend=alt.Legend(orient="top"),
                scale=alt.Scale(
                    domain=[tr("waves"), tr("after the MLP")],
                    range=[PALETTE["noise"], PALETTE["time"]],
                ),
            ),
        )
        .properties(height=260)
    )  # fmt: skip


def block_rows(reading: Any) -> list[Row]:  # Any: a TimeReading, whose class imports torch
    """Return one row for each residual block.

    Args:
        reading: from the engine.
    """
    return [
        {
            tr_later("block"): again(block.name),
            tr_later("channels"): block.channels,
            tr_later("adds (RMS)"): _short(np.sqrt((reading.sizes[at] ** 2).mean())),
            tr_later("of it moves with t (RMS)"): _short(np.sqrt((reading.moves[at] ** 2).mean())),
            tr_later("most at t"): int(reading.moves[at].argmax()),
        }
        for at, block in enumerate(reading.blocks)
    ]


def block_chart(reading: Any) -> alt.Chart:  # Any: as above
    """Draw how far each block's shift is from its mean, over the timesteps.

    Args:
        reading: from the engine.
    """
    names = [again(block.name) for block in reading.blocks]
    steps = reading.moves.shape[1]
    values = [
        {
            "block": name,
            "from": start,
            "to": min(start + FEW + 1, steps),  # over the next one: no seam shows
            "moves": _short(reading.moves[at, start : start + FEW].mean()),
        }
        for at, name in enumerate(names)
        for start in range(0, steps, FEW)
    ]
    return (
        alt.Chart(alt.InlineData(values=values))
        .mark_rect()
        .encode(
            x=alt.X("from:Q", title=tr("timestep t"), scale=alt.Scale(domain=[0, steps])),
            x2="to:Q",
            y=alt.Y("block:N", sort=names, title=None),
            color=alt.Color(
                "moves:Q", title="RMS",
                scale=alt.Scale(range=["#F1FAF6", PALETTE["time"], "#00261B"], domainMin=0),
            ),
            tooltip=[
                alt.Tooltip("block:N", title=tr("block")),
                alt.Tooltip("from:Q", title=tr("from")),
                alt.Tooltip("moves:Q", title="RMS", format=".3f"),
            ],
        )
        .properties(height=alt.Step(BLOCK_TALL))
    )  # fmt: skip


def _short(number: float) -> float:
    return float(f"{float(number):.4g}")
