"""Words as points and as a table of cosines."""

import math
from collections.abc import Sequence
from functools import partial

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.ideas.text_geometry import cosine, place_between
from core.lessons.tokens.grids_data import Grid
from core.models.token_words import visible
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

Box = tuple[float, float, float, float]  # left, top, right, bottom
YOURS, OTHERS = tr_later("your prompt"), tr_later("the words below")
LONGEST = 28  # characters of a text beside its point
TALL = 420  # CSS pixels
# On a telephone, CSS pixels: of the plot, of a letter, from a point to its text, around a point.
PLOT, LETTER, APART, AROUND = (300, 340), 6.6, 8, 5
SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1))  # of a point, for its text: right, left, above, below


def map_rows(
    texts: Sequence[str], vectors: NDArray[np.floating], axes: NDArray[np.floating]
) -> list[Row]:
    """Place texts on two axes.

    Args:
        texts: what to place, the prompt first.
        vectors: one for each, (P, D).
        axes: the four words' vectors: left, right, bottom, top, (4, D).

    Returns:
        One row a text, both places in [-1, 1].
    """
    left, right, bottom, top = axes
    across, up = place_between(vectors, left, right), place_between(vectors, bottom, top)
    return [
        {
            "text": short(text),
            "kind": tr(OTHERS if place else YOURS),
            "across": round(float(x), 4),
            "up": round(float(y), 4),
        }
        for place, (text, x, y) in enumerate(zip(texts, across, up, strict=True))
    ]


def word_map(rows: Sequence[Row], names: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Draw the map of words.

    Args:
        rows: from ``map_rows``.
        names: the four words of the axes: left, right, bottom, top.
    """
    left, right, bottom, top = (short(name) for name in names)
    reach = max([0.2, *(abs(float(row[way])) for row in rows for way in ("across", "up"))])  # type: ignore[arg-type]  # map_rows put numbers there
    end = min(1.0, 0.1 * math.ceil(10 * reach + 0.5))
    scale = alt.Scale(domain=[-end, end], nice=False)
    sides = text_sides(rows, end)
    values = [
        {
            **row,
            "align": ("right", "center", "left")[across + 1],
            "dx": APART * across,
            "dy": 2 * APART * down,
        }
        for row, (across, down) in zip(rows, sides, strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("across:Q", scale=scale, title=f"← {left}   ·   {right} →"),
        y=alt.Y("up:Q", scale=scale, title=f"← {bottom}   ·   {top} →"),
        tooltip=[
            alt.Tooltip("text:N", title=tr("text")),
            alt.Tooltip("across:Q", title=tr("across")),
            alt.Tooltip("up:Q", title=tr("up")),
        ],
    )
    points = base.mark_circle(size=90, opacity=1).encode(
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(
                domain=[tr(YOURS), tr(OTHERS)], range=[PALETTE["picture"], PALETTE["text"]]
            ),
            legend=alt.Legend(orient="top"),
        )
    )
    align, dx, dy = (alt.ExprRef(f"datum.{name}") for name in ("align", "dx", "dy"))
    labels = base.mark_text(align=align, dx=dx, dy=dy, fontSize=13).encode(text="text:N")
    return alt.layer(points, labels).properties(height=TALL)


def text_sides(rows: Sequence[Row], end: float) -> list[tuple[int, int]]:
    """Choose for every point the side of its text, so that texts collide little on a telephone.

    Args:
        rows: from ``map_rows``.
        end: of both axes.

    Returns:
        One of ``SIDES`` a row.
    """
    wide, tall = PLOT
    spots = [
        (
            wide * (1 + float(str(row["across"])) / end) / 2,
            tall * (1 - float(str(row["up"])) / end) / 2,
        )
        for row in rows
    ]
    halves = [LETTER * len(str(row["text"])) / 2 for row in rows]
    dots = [(x - AROUND, y - AROUND, x + AROUND, y + AROUND) for x, y in spots]
    sides = [SIDES[0]] * len(rows)

    def box(at: int, side: tuple[int, int]) -> Box:
        half, (x, y) = halves[at], spots[at]
        x, y = x + side[0] * (APART + half), y + side[1] * 2 * APART
        return x - half, y - APART, x + half, y + APART

    def hidden(at: int, side: tuple[int, int]) -> int:
        mine = box(at, side)
        outside = 4 * APART * halves[at] - _shared(mine, (0, 0, wide, tall))
        others = [other for other in range(len(rows)) if other != at]
        covered = sum(
            _shared(mine, dots[one]) + _shared(mine, box(one, sides[one])) for one in others
        )
        return round(outside + 2 * covered)  # of equal ones the first side

    for at in [*range(len(rows))] * 2:  # once more, for those that moved away meanwhile
        sides[at] = min(SIDES, key=partial(hidden, at))
    return sides


def _shared(one: Box, other: Box) -> float:
    """Return the area that two boxes share."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def cosine_rows(texts: Sequence[str], vectors: NDArray[np.floating]) -> list[Row]:
    """Compare every text with every other.

    Args:
        texts: what to compare, no two alike.
        vectors: one for each, (P, D).

    Returns:
        One row a text, with a column for each.
    """
    table = cosine(vectors[:, None], vectors[None])
    names = [short(text) for text in texts]
    return [
        {"": name, **{other: round(float(c), 3) for other, c in zip(names, row, strict=True)}}
        for name, row in zip(names, table, strict=True)
    ]


def cosine_grid(texts: Sequence[str], vectors: NDArray[np.floating]) -> Grid:
    """Return the same as a heat map, sorted so that like stands beside like.

    Args:
        texts: what to compare, no two alike; the first stays first.
        vectors: one for each, (P, D).
    """
    table = cosine(vectors[:, None], vectors[None])
    order = sort_alike(table)
    names = [short(texts[at]) for at in order]
    return Grid(
        title=tr("Cosine of every two"),
        values=table[np.ix_(order, order)],
        rows=names,
        columns=names,
        down=tr("each text"),
        across=tr("the same texts"),
        says=tr("{row} and {column}: cosine {value}."),
        scale="signed",
        top=1.0,
        counted=False,
    )


def sort_alike(table: NDArray[np.floating]) -> list[int]:
    """Chain texts: each is followed by the one most alike to it of those that are left.

    Args:
        table: how alike every two are, (P, P).

    Returns:
        Every place once, 0 first.
    """
    order, left = [0], set(range(1, len(table)))
    while left:
        order.append(max(left, key=lambda at: float(table[order[-1], at])))
        left.remove(order[-1])
    return order


def short(text: str) -> str:
    """Return a text as it fits beside a point.

    Args:
        text: any text.
    """
    said = visible(text.strip()) or tr("(no words)")
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
