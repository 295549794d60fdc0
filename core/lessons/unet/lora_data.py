"""How large a LoRA is beside the weights, block by block: rows, a chart, and in words."""

import math
import re
from collections.abc import Sequence

import altair as alt

from core.engine.works.lora_change import LayerChange
from core.views.numbers import percent
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

COLOURS = {
    tr_later("cross-attention"): PALETTE["text"],
    tr_later("self-attention"): PALETTE["noise"],
    tr_later("feed-forward"): PALETTE["picture"],
    tr_later("residual block"): PALETTE["latents"],
    tr_later("time"): PALETTE["time"],
    tr_later("the rest"): "#7F5FC4",
}
BLOCKS = {  # in the order in which they run
    "encoder.layers": tr_later("text {number}"),
    "time_embedding": tr_later("time"),
    "conv_in": tr_later("first"),
    "down_blocks": tr_later("down {number}"),
    "mid_block": tr_later("middle"),
    "up_blocks": tr_later("up {number}"),
    "": tr_later("last"),
}
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_KINDS = (("attn2", "cross-attention"), ("attn", "self-attention"), ("time_emb", "time"),
          ("resnets", "residual block"), (".ff.", "feed-forward"),
          ("mlp", "feed-forward"))  # fmt: skip


def change_rows(layers: Sequence[LayerChange]) -> list[Row]:
    """Sum up the layers of each kind in each block, in the order in which they run.

    Args:
        layers: from the engine.
    """
    groups: dict[tuple[str, str], list[LayerChange]] = {}
    for layer in sorted(layers, key=lambda one: list(BLOCKS).index(_place(one)[0])):
        groups.setdefault((block_of(layer), kind_of(layer.name)), []).append(layer)
    return [
        {
            tr_later("block"): block, tr_later("of"): kind, tr_later("layers"): len(of),
            tr_later("rank"): _ranks(of), tr_later("change in %"): _percent(of),
        }
        for (block, kind), of in groups.items()
    ]  # fmt: skip


def change_chart(rows: Sequence[Row]) -> alt.Chart:
    """Draw the rows of ``change_rows``: one mark for each kind in each block.

    Args:
        rows: of every block.
    """
    blocks = list(dict.fromkeys(str(row["block"]) for row in rows))
    kinds = [kind for kind in COLOURS if any(row["of"] == tr(kind) for row in rows)]
    shapes = [SHAPES[list(COLOURS).index(kind)] for kind in kinds]
    legend = alt.Legend(orient="top", title=None)
    names = [tr(kind) for kind in kinds]
    hues = alt.Scale(domain=names, range=[COLOURS[kind] for kind in kinds])
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_point(filled=True, size=90, opacity=0.9)
        .encode(
            x=alt.X("change in %:Q", title=tr("size of the change, % of the weights’ own size")),
            y=alt.Y("block:N", title=None, sort=blocks, axis=alt.Axis(grid=True)),
            color=alt.Color("of:N", scale=hues, legend=legend),
            shape=alt.Shape("of:N", scale=alt.Scale(domain=names, range=shapes), legend=legend),
            tooltip=[
                alt.Tooltip("block:N", title=tr("block")),
                alt.Tooltip("of:N", title=tr("of")),
                alt.Tooltip("change in %:Q", title=tr("change in %")),
                alt.Tooltip("rank:N", title=tr("rank")),
                alt.Tooltip("layers:Q", title=tr("layers")),
            ],
        )
        .properties(height=120 + 26 * len(blocks))
    )


def say_change(layers: Sequence[LayerChange]) -> str:
    """Say how small the two matrices are, and where the change is largest.

    Args:
        layers: from the engine, at least one.
    """
    numbers, weights = (sum(getattr(one, of) for one in layers) for of in ("numbers", "weights"))
    rows = change_rows(layers)
    most = max(rows, key=lambda row: float(str(row["change in %"])))
    return tr(
        "**Rank {rank}: {numbers:,} numbers beside the {weights:,} weights of "
        "{layers} layers**, {share} as many. The change is largest in "
        "{block}, {kind}: {change} % of the size of the weights there.",
        rank=_ranks(layers),
        numbers=numbers,
        weights=weights,
        layers=len(layers),
        share=percent(numbers / weights),
        block=most["block"],
        kind=most["of"],
        change=most["change in %"],
    )


def block_of(layer: LayerChange) -> str:
    """Name the block that a layer is in.

    Args:
        layer: of either network.
    """
    place, number = _place(layer)
    if layer.part == "text_encoder_2" and place == "encoder.layers":
        return tr("text {number} of the second", number=number)
    return tr(BLOCKS[place], number=number)


def kind_of(name: str) -> str:
    """Name what a layer is a part of.

    Args:
        name: of the layer.
    """
    return tr(next((kind for sign, kind in _KINDS if sign in name), "the rest"))


def _place(layer: LayerChange) -> tuple[str, int]:
    """Return one of ``BLOCKS``, and the number of the block among those alike."""
    name = layer.name.removeprefix("text_model.")
    if found := re.match(r"(encoder\.layers|down_blocks|up_blocks)\.(\d+)", name):
        return found[1], int(found[2]) + 1
    place = name.partition(".")[0]
    return place if place in BLOCKS else "", 1


def _percent(layers: Sequence[LayerChange]) -> float:
    size = math.hypot(*(one.size for one in layers)) or 1.0  # of weights that are all zeros
    return float(f"{100 * math.hypot(*(one.change for one in layers)) / size:.3g}")


def _ranks(layers: Sequence[LayerChange]) -> str:
    ranks = sorted({one.rank for one in layers})
    return (
        f"{ranks[0]}"
        if len(ranks) == 1
        else tr("{least} to {most}", least=ranks[0], most=ranks[-1])
    )
