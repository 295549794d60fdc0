"""What is read off the maps of a run: budget, pictures of words, tables and files."""

import io
import json
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from core.engine.request import Request, to_json
from core.ideas.arrays import Pixels
from core.ideas.attention_maps import attention_budget, enlarge_map, strongest_word
from core.lessons.attention.maps_data import KINDS, Entry, entry_maps
from core.lessons.attention.means_data import say_mean
from core.lessons.attention.outline_data import laid_over, large, outline_of
from core.models.attention_seen import AttentionSeen
from core.models.tokens import Tokens
from core.views.colormaps import latent_colours, text_colours
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

# In the order of the chart; each can be seen on the page's ground, light and dark.
BUDGET_COLOURS = {
    "word": PALETTE["text"], "start": "#955C7D", "end": "#767676", "padding": "#D9A6C2",
}  # fmt: skip
# of the budget's table
_HEADS = {
    "start": tr_later("start"),
    "word": tr_later("word"),
    "end": tr_later("end"),
    "padding": tr_later("padding"),
}
PERCENT = "format(100 * datum.value, '.0f')"  # labels of an axis whose title names the unit
Maps = NDArray[np.floating]
NEARLY_ALL = 0.995  # of the words' weights lie within a scale
FADED = 0.3  # what is left of a picture's darkness where a word is not the strongest


def scale_end(maps: Maps) -> float:
    """Return a weight to end a colour scale at: two digits, with nearly all weights within.

    Args:
        maps: of all that is shown on the scale.
    """
    reach = float(np.quantile(maps, NEARLY_ALL))
    if not reach > 0:
        return 1.0
    unit = 10.0 ** (np.floor(np.log10(reach)) - 1)
    return min(1.0, float(f"{np.ceil(reach / unit - 1e-9) * unit:.2g}"))


def budget(seen: AttentionSeen, entries: Sequence[Entry]) -> NDArray[np.floating]:
    """Return how much of the softmax goes to start, words, end and padding at each call.

    Args:
        seen: the run.
        entries: of its prompt.

    Returns:
        (calls, 4), rows summing to 1.
    """
    groups = [[at for one in entries if one.kind == kind for at in one.positions] for kind in KINDS]
    return attention_budget(seen.over_time(), groups)


def budget_rows(seen: AttentionSeen, entries: Sequence[Entry]) -> list[Row]:
    """Return the budget as a table, one row a call.

    Args:
        seen: the run.
        entries: of its prompt.
    """
    rows: list[Row] = []
    for at, shares in enumerate(budget(seen, entries)):
        named = {_HEADS[kind]: _short(share) for kind, share in zip(KINDS, shares, strict=True)}
        rows.append(
            {
                tr_later("call"): at + 1,
                tr_later("timestep t"): round(float(seen.timesteps[at]), 3),
                **named,
            }
        )
    return rows


def budget_chart(seen: AttentionSeen, entries: Sequence[Entry]) -> Any:  # Any: altair's own types
    """Draw the budget as areas on top of each other.

    Args:
        seen: the run.
        entries: of its prompt.
    """
    names = {
        "word": tr("your words"),
        "start": tr("start"),
        "end": tr("end"),
        "padding": tr("padding"),
    }
    order = list(names)
    shares = budget(seen, entries)
    rows = [
        {
            "call": at + 1,
            "who": names[kind],
            "share": _short(row[KINDS.index(kind)]),
            "order": place,
        }
        for at, row in enumerate(shares)
        for place, kind in enumerate(order)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "call:Q", title=tr("U-Net call; the first is the noisiest"),
            scale=alt.Scale(domain=[1, max(2, len(shares))], nice=False),
            axis=alt.Axis(tickMinStep=1, format="d"),
        ),
        y=alt.Y(
            "share:Q", title=tr("share of the softmax, %"), stack="zero",
            axis=alt.Axis(labelExpr=PERCENT), scale=alt.Scale(domain=[0, 1]),
        ),
        color=alt.Color(
            "who:N", title=None, sort=list(names.values()), legend=alt.Legend(orient="top"),
            scale=alt.Scale(domain=list(names.values()), range=list(BUDGET_COLOURS.values())),
        ),
        order=alt.Order("order:Q"),
        tooltip=[
            alt.Tooltip("call:Q", title=tr("call")),
            alt.Tooltip("who:N", title=tr("who")),
            alt.Tooltip("share:Q", title=tr("share"), format=".1%"),
        ],
    )  # fmt: skip
    mark = base.mark_area(line=False) if len(shares) > 1 else base.mark_bar(size=40)
    return mark.properties(height=280)


def heat_picture(picture: Pixels, heat: Maps, limit: float, outline: bool) -> Pixels:
    """Show a map alone, as squares, large enough to be looked at.

    Args:
        picture: (H, W, 3).
        heat: (h, w).
        limit: weight at the end of the scale.
        outline: whether the picture's outline is laid over it, as a thin line.
    """
    height, width = large(picture).shape[:2]
    colours = text_colours(enlarge_map(heat, (height, width)) / limit)
    return laid_over(colours, outline_of(picture)) if outline else colours


def difference_picture(
    picture: Pixels, one: Maps, other: Maps, limit: float, outline: bool
) -> Pixels:
    """Show where one map is above the other: red-brown, and where below: blue.

    Args:
        picture: whose size it gets, (H, W, 3).
        one: (h, w).
        other: (h, w).
        limit: difference at the ends of the scale.
        outline: as for ``heat_picture``.
    """
    height, width = large(picture).shape[:2]
    colours = latent_colours(enlarge_map(one - other, (height, width)), limit)
    return laid_over(colours, outline_of(picture)) if outline else colours


def region_pictures(picture: Pixels, maps: Maps) -> tuple[list[Pixels], NDArray[np.floating]]:
    """Cut the picture up among words: each place goes to the word that it takes most from.

    Args:
        picture: (H, W, 3).
        maps: one a word, (words, h, w).

    Returns:
        For each word the picture with all other places pale and grey, and its share of all places.
    """
    shown = large(picture)
    winner = strongest_word(maps)
    spread = enlarge_map(winner, (shown.shape[0], shown.shape[1]))
    grey = shown.mean(axis=-1, keepdims=True)
    pale = np.rint(255 - FADED * (255 - grey)).astype(np.uint8)
    pictures = [np.where((spread == word)[..., None], shown, pale) for word in range(len(maps))]
    return pictures, np.bincount(winner.ravel(), minlength=len(maps)) / winner.size


def alike(one: Maps, other: Maps) -> float:
    """Return the correlation of two maps, −1 to 1; 0 where one is the same everywhere.

    Args:
        one: (h, w).
        other: (h, w).
    """
    if one.std() < 1e-9 or other.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def token_rows(seen: AttentionSeen, entries: Sequence[Entry]) -> list[Row]:
    """Return the numbers of every token, averaged over calls, layers and heads.

    Args:
        seen: the run.
        entries: of its prompt.
    """
    maps = entry_maps(seen.mean(), entries)
    over_time = seen.over_time()
    rows: list[Row] = []
    for entry, heat in zip(entries, maps, strict=True):
        shares = over_time[:, list(entry.positions)].sum(axis=1)
        row, column = np.unravel_index(int(heat.argmax()), heat.shape)
        rows.append(
            {
                tr_later("token"): entry.said,
                tr_later("kind"): tr(_HEADS[entry.kind]),
                tr_later("position"): entry.positions[0],
                tr_later("share"): _short(shares.mean()),
                tr_later("at the first call"): _short(shares[0]),
                tr_later("at the last call"): _short(shares[-1]),
                tr_later("most at one place"): _short(heat.max()),
                tr_later("row of that place"): int(row) + 1,
                tr_later("column of that place"): int(column) + 1,
                tr_later("least at one place"): _short(heat.min()),
            }
        )
    return rows


def attribution_rows(
    seen: AttentionSeen, entries: Sequence[Entry], call: int, shares: Maps
) -> list[Row]:
    """Return what each token accounts for by gradient beside what it gets of the attention.

    Args:
        seen: the run.
        entries: of its prompt.
        call: of the U-Net, 0 is the first.
        shares: of the prompt's push, (positions of the text,).
    """
    attention = seen.over_time()[call]
    rows: list[Row] = []
    for at, entry in enumerate(entries):
        positions = list(entry.positions)
        rows.append(
            {
                tr_later("number"): at,
                tr_later("token"): entry.said,
                tr_later("share of the push"): _short(shares[positions].sum()),
                tr_later("share of the attention"): _short(attention[positions].sum()),
            }
        )
    return rows


def attribution_chart(rows: Sequence[Row]) -> Any:  # Any: altair's own types
    """Draw two shares of each token: by gradient as bars, of the attention as dots.

    Args:
        rows: from ``attribution_rows``.
    """
    labels = {str(row["number"]): row["token"] for row in rows}
    named = f"{json.dumps(labels)}[datum.value]"
    base = alt.Chart(alt.InlineData(values=list(rows))).encode(
        y=alt.Y(
            "number:O",
            title=None,
            axis=alt.Axis(labelExpr=named, labelLimit=140, labelOverlap=False),
        ),
        tooltip=[
            alt.Tooltip("token:N", title=tr("token")),
            alt.Tooltip("share of the push:Q", title=tr("share of the push"), format=".1%"),
            alt.Tooltip(
                "share of the attention:Q", title=tr("share of the attention"), format=".1%"
            ),
        ],
    )
    title = tr("share of the prompt’s push (bar) and of the attention (dot), %")
    bar = base.mark_bar(color=PALETTE["text"]).encode(
        x=alt.X("share of the push:Q", title=title, axis=alt.Axis(labelExpr=PERCENT))
    )
    dot = base.mark_point(
        filled=True, size=100, color=PALETTE["noise"], opacity=1, stroke="white", strokeWidth=2
    ).encode(x=alt.X("share of the attention:Q"))  # the ring tells it from a bar below
    return (bar + dot).properties(height=90 + 26 * len(rows))


def map_png(seen: AttentionSeen, layers: Sequence[int], heat: Maps, limit: float) -> bytes:
    """Write a map as PNG, with what it is the mean of and its scale inside.

    Args:
        seen: the run.
        layers: that it is the mean over.
        heat: (h, w).
        limit: weight at the end of the scale.
    """
    about = PngImagePlugin.PngInfo()
    about.add_text(
        "Description",
        tr("{seen} The scale ends at {limit:.2g}.", seen=say_mean(seen, layers), limit=limit),
    )
    written = io.BytesIO()
    drawn = heat_picture(seen.picture, heat, limit, outline=False)
    Image.fromarray(drawn).save(written, "PNG", pnginfo=about)
    return written.getvalue()


def maps_npz(seen: AttentionSeen, tokens: Tokens, request: Request) -> bytes:
    """Write all maps that were kept as one NPZ, to be read with ``allow_pickle=False``.

    Args:
        seen: the run.
        tokens: its prompt.
        request: the run.

    Returns:
        The file: "layer_0" and so on, (calls, heads, positions, height, width) each; their names;
        timesteps, token ids, pieces and masks, the picture, and the request as JSON.
    """
    written = io.BytesIO()
    layers = {f"layer_{at}": layer.maps for at, layer in enumerate(seen.layers)}
    np.savez_compressed(
        written,
        **layers,  # type: ignore[arg-type]  # names and arrays, as it takes them
        layer_names=np.array([layer.name for layer in seen.layers]),
        timesteps=seen.timesteps,
        token_ids=np.array(tokens.ids),
        token_pieces=np.array(tokens.pieces),
        token_mask=np.array(tokens.mask),
        picture=seen.picture,
        request=np.array(to_json(request)),
        averaged=np.array("; ".join(seen.pooled)),
    )
    return written.getvalue()


def _short(number: Any) -> float:  # Any: numpy types an element as an array
    return float(f"{float(number):.4g}")
