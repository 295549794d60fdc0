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
    "cross-attention": PALETTE["text"], "self-attention": PALETTE["noise"],
    "feed-forward": PALETTE["picture"], "residual block": PALETTE["latents"],
    "time": PALETTE["time"], "the rest": "#7F5FC4",
}  # fmt: skip
ORDER = ("text", "time", "first", "down", "middle", "up", "last")  # of blocks
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_KINDS = (("attn2", "cross-attention"), ("attn", "self-attention"), ("time_emb", "time"),
          ("resnets", tr_later("residual block")), (".ff.", "feed-forward"),
          ("mlp", "feed-forward"))  # fmt: skip


def change_rows(layers: Sequence[LayerChange]) -> list[Row]:
    """Sum up the layers of each kind in each block, in the order in which they run.

    Args:
        layers: from the engine.
    """
    groups: dict[tuple[str, str], list[LayerChange]] = {}
    for layer in sorted(layers, key=lambda one: ORDER.index(block_of(one).partition(" ")[0])):
        groups.setdefault((block_of(layer), kind_of(layer.name)), []).append(layer)
    return [
        {
            "block": block, "of": kind, "layers": len(of), "rank": _ranks(of),
            "change in %": _percent(of),
        }
        for (block, kind), of in groups.items()
    ]  # fmt: skip


def change_chart(rows: Sequence[Row]) -> alt.Chart:
    """Draw the rows of ``change_rows``: one mark for each kind in each block.

    Args:
        rows: of every block.
    """
    blocks = list(dict.fromkeys(str(row["block"]) for row in rows))
    kinds = [kind for kind in COLOURS if any(row["of"] == kind for row in rows)]
    shapes = [SHAPES[list(COLOURS).index(kind)] for kind in kinds]
    legend = alt.Legend(orient="top", title=None, columns=2)  # as many as a phone has room for
    hues = alt.Scale(domain=kinds, range=[COLOURS[kind] for kind in kinds])
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_point(filled=True, size=90, opacity=0.9)
        .encode(
            x=alt.X("change in %:Q", title="size of the change, % of the weights’ own size"),
            y=alt.Y("block:N", title=None, sort=blocks, axis=alt.Axis(grid=True)),
            color=alt.Color("of:N", scale=hues, legend=legend),
            shape=alt.Shape("of:N", scale=alt.Scale(domain=kinds, range=shapes), legend=legend),
            tooltip=["block:N", "of:N", "change in %:Q", "rank:N", "layers:Q"],
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
        "**Rank {layers}: {numbers:,} numbers beside the {weights:,} weights of "
        "{layers_2} layers**, {numbers_2} as many. The change is largest in "
        "{most}, {most_2}: {most_3} % of the size of the weights there.",
        layers=_ranks(layers),
        numbers=numbers,
        weights=weights,
        layers_2=len(layers),
        numbers_2=percent(numbers / weights),
        most=most["block"],
        most_2=most["of"],
        most_3=most["change in %"],
    )


def block_of(layer: LayerChange) -> str:
    """Name the block that a layer is in.

    Args:
        layer: of either network.
    """
    name = layer.name.removeprefix("text_model.")
    if found := re.match(r"(encoder\.layers|down_blocks|up_blocks)\.(\d+)", name):
        words = {"encoder.layers": "text", "down_blocks": "down", "up_blocks": "up"}
        second = tr(" of the second") if layer.part == "text_encoder_2" else ""
        return f"{words[found[1]]} {int(found[2]) + 1}{second}"
    named = {"mid_block": "middle", "conv_in": "first", "time_embedding": "time"}
    return named.get(name.partition(".")[0], "last")


def kind_of(name: str) -> str:
    """Name what a layer is a part of.

    Args:
        name: of the layer.
    """
    return next((kind for sign, kind in _KINDS if sign in name), tr("the rest"))


def _percent(layers: Sequence[LayerChange]) -> float:
    size = math.hypot(*(one.size for one in layers)) or 1.0  # of weights that are all zeros
    return float(f"{100 * math.hypot(*(one.change for one in layers)) / size:.3g}")


def _ranks(layers: Sequence[LayerChange]) -> str:
    ranks = sorted({one.rank for one in layers})
    return (
        f"{ranks[0]}"
        if len(ranks) == 1
        else tr("{ranks} to {ranks_2}", ranks=ranks[0], ranks_2=ranks[-1])
    )
