"""What masks, words and layers do to the text states, as charts and grids."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from core.ideas.arrays import Numbers
from core.ideas.causal_attention import readable
from core.lessons.tokens.grids_data import Grid
from core.models.token_words import visible
from core.models.tokens import Tokens
from core.views.theme import PALETTE
from core.words import tr, tr_later

OWN, PADDING = tr_later("start, words, end"), tr_later("padding")
KINDS = {OWN: PALETTE["text"], PADDING: PALETTE["noise"]}
SIDE_BY_SIDE = 240  # CSS pixels, height of a bar chart


def names_of(tokens: Tokens, count: int | None = None) -> list[str]:
    """Return a short name for each position.

    Args:
        tokens: a prompt as the text encoder gets it.
        count: of the first positions only; None is all.
    """
    last = tokens.used + 1
    names = ["<start>", *(visible(piece).removesuffix("</w>") for piece in tokens.pieces[1:last])]
    names += ["<end>", *["<pad>"] * (len(tokens.ids) - last - 1)]
    return [name if len(name) <= 14 else f"{name[:13]}…" for name in names][:count]


def mask_grids(tokens: Tokens, passed: bool) -> list[Grid]:
    """Return the padding mask beside the mask that is really applied.

    Args:
        tokens: a prompt as the text encoder gets it.
        passed: whether the padding mask is handed on.
    """
    names, length = names_of(tokens), len(tokens.ids)
    padding = np.array(tokens.mask)
    shared: dict[str, Any] = {
        "rows": names,
        "columns": names,
        "down": tr("who reads"),
        "across": tr("who is read"),
        "scale": "mask",
    }
    return [
        Grid(
            title=tr("The padding mask: passed on here")
            if passed
            else tr("The padding mask: made, and left aside"),
            values=np.broadcast_to(padding, (length, length)),
            says=tr("Position {row} may read {column}, by this mask: {value}."),
            note=tr("Start, your words and end are 1, padding is 0."),
            **shared,
        ),
        Grid(
            title=tr("Really applied: causal and padding mask")
            if passed
            else tr("Really applied: the causal mask"),
            values=readable(length, padding if passed else None),
            says=tr("Position {row} reads {column}: {value}."),
            note=tr("Each reads what stands before it, but no padding.")
            if passed
            else tr("Each reads itself and what stands before it, nothing after."),
            **shared,
        ),
    ]


def change_rows(tokens: Tokens, change: Numbers) -> list[dict[str, object]]:
    """Return how far each position's output moved, one row each.

    Args:
        tokens: the prompt whose positions these are.
        change: shares of each output's length, (L,).
    """
    return [
        {
            tr_later("position"): place,
            tr_later("piece"): name,
            tr_later("kind"): tr(OWN if tokens.mask[place] else PADDING),
            tr_later("change"): round(100 * float(change[place]), 3),
        }
        for place, name in enumerate(names_of(tokens))
    ]


def change_chart(rows: Sequence[dict[str, object]]) -> alt.Chart:
    """Draw how far each position's output moved.

    Args:
        rows: from ``change_rows``.
    """
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_bar()
        .encode(
            x=alt.X(
                "position:O", title=tr("position"),
                axis=alt.Axis(values=list(range(0, len(rows), 4)), labelAngle=0),
            ),
            y=alt.Y("change:Q", title=tr("output moved, % of its length")),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=[tr(kind) for kind in KINDS], range=list(KINDS.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("position:O", title=tr("position")),
                alt.Tooltip("piece:N", title=tr("piece")),
                alt.Tooltip("change:Q", title=tr("moved, %")),
            ],
        )
        .properties(height=SIDE_BY_SIDE)
    )  # fmt: skip


def attention_grid(tokens: Tokens, weights: Numbers, title: str, padding: bool) -> Grid:
    """Return who read whom in one layer.

    Args:
        tokens: the prompt.
        weights: (L, L), rows summing to 1.
        title: which layer and head.
        padding: whether the padded positions are shown too.
    """
    shown = len(tokens.ids) if padding else tokens.used + 2
    names = names_of(tokens, shown)
    return Grid(
        title=title,
        values=weights[:shown, :shown],
        rows=names,
        columns=names,
        down=tr("who reads"),
        across=tr("who is read"),
        says=tr("{row} gives {value} of its attention to {column}."),
        top=1.0,
        note=tr("A row adds up to 1; above the diagonal everything is 0."),
    )


def states_grid(tokens: Tokens, states: Numbers, norms: Numbers, title: str, padding: bool) -> Grid:
    """Return the vector of each position as a row of cells, with its length.

    Args:
        tokens: the prompt.
        states: (L, D).
        norms: length of each vector, (L,).
        title: which layer.
        padding: whether the padded positions are shown too.
    """
    shown = len(tokens.ids) if padding else tokens.used + 2
    values = states[:shown]
    top = float(np.quantile(np.abs(values), 0.99))
    return Grid(
        title=title,
        values=values,
        rows=names_of(tokens, shown),
        columns=[""] * values.shape[1],
        down=tr("position"),
        across=tr("the {count} numbers of its vector", count=values.shape[1]),
        says=tr("Position {row}, number {column}: {value}."),
        scale="signed",
        top=top,
        note=tr("Blue is below 0, red-brown above; one number in a hundred lies beyond the scale."),
        bars=[float(norm) for norm in norms[:shown]],
        bars_title=tr("Length"),
        square=False,
    )
