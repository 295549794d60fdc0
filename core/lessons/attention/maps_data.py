"""Cross-attention for the browser: every token's map at every call, in every layer and head."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.lessons.attention.outline_data import address_of, outline_of
from core.models.attention_layers import AVERAGINGS
from core.models.attention_seen import AttentionSeen, LayerMaps, Size
from core.models.token_words import visible
from core.models.tokens import Tokens
from core.views.colormaps import text_colours
from core.views.strips import exact_sheet
from core.words import in_english, tr, tr_later

Kind = Literal["start", "word", "end", "padding"]
KINDS: tuple[Kind, ...] = ("start", "word", "end", "padding")
MOST_SENT = 4_000_000  # bytes of maps in one page
LONGEST_LABEL = 24  # characters
LONG_WORD = 3  # letters of a word to begin with
_MARKS = {"start": tr_later("⟨start⟩"), "end": tr_later("⟨end⟩")}
SIDES = {
    "down_blocks": tr_later("way down"),
    "mid_block": tr_later("middle"),
    "up_blocks": tr_later("way up"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What one map is of.

    Attributes:
        label: a token as typed, or a name in brackets.
        kind: what it is.
        positions: of the text; padding is all of it together.
    """

    label: str
    kind: Kind
    positions: tuple[int, ...]

    @property
    def said(self) -> str:
        """The label as it is shown: what stands in brackets is a word of ours."""
        if self.kind == "padding":
            return tr("⟨padding⟩ × {count}", count=len(self.positions))
        return tr(_MARKS[self.kind]) if self.kind in _MARKS else self.label


def entries_of(tokens: Tokens) -> tuple[Entry, ...]:
    """Return what there are maps of: start, each token of the prompt, end, all padding together.

    Args:
        tokens: the prompt as the text encoder gets it.
    """
    used = tokens.used
    words = [
        Entry(_label(tokens.texts[at], tokens.pieces[at]), "word", (at,))
        for at in range(1, used + 1)
    ]
    padding = tuple(range(used + 2, len(tokens.ids)))
    start, end = Entry(_MARKS["start"], "start", (0,)), Entry(_MARKS["end"], "end", (used + 1,))
    ends = [start, *words, end]
    return (
        (*ends, Entry(f"⟨padding⟩ × {len(padding)}", "padding", padding)) if padding else (*ends,)
    )


def entry_maps(maps: NDArray[np.floating], entries: Sequence[Entry]) -> NDArray[np.float32]:
    """Add up positions so that there is one map an entry.

    Args:
        maps: (..., L, H, W).
        entries: from ``entries_of``.

    Returns:
        (..., entries, H, W); over the entries they sum to 1.
    """
    return np.stack(
        [
            maps[..., list(entry.positions), :, :].sum(axis=-3, dtype=np.float32)
            for entry in entries
        ],
        axis=-3,
    )


def joined_layers(layer: LayerMaps) -> int:
    """Count the network's layers that a layer's maps are the mean of.

    Args:
        layer: of a run.
    """
    return len(layer.name.split(", "))


def layer_titles(layers: Sequence[LayerMaps], say: Callable[..., str] = tr) -> list[str]:
    """Name layers by size and place.

    Args:
        layers: in the order in which they run.
        say: a text in the reader's language, or in English for the address.
    """
    bare = []
    for layer in layers:
        height, width = layer.own
        count = joined_layers(layer)
        where = (
            say(tr_later("{count} layers"), count=count)
            if count > 1
            else say(SIDES[layer.name.split(".")[0]])
        )
        bare.append(f"{height}×{width}, {where}")
    return [
        title if bare.count(title) == 1 else f"{title}, {1 + bare[:at].count(title)}"
        for at, title in enumerate(bare)
    ]


class EntryData(TypedDict):
    """What a map is of."""

    label: str
    kind: Kind


class StepData(TypedDict):
    """A call that is here, from 1, and its timestep in words."""

    call: int
    t: str


class LayerMapsData(TypedDict):
    """The maps of one layer.

    Attributes:
        title: for people.
        name: in the network.
        rows: of a map.
        columns: of a map.
        size: of the layer's own maps, in words.
        heads: that are sent.
        all: heads that there are.
        joined: layers of the network that were averaged into this one.
        maps: bytes in base64, call by call, head by head, entry by entry, and last the mean over
            all calls.
        shares: their means over all places, float32 in base64.
    """

    title: str
    name: str
    rows: int
    columns: int
    size: str
    heads: int
    all: int
    joined: int
    maps: str
    shares: str


class AttentionData(TypedDict):
    """What the attention component shows.

    Attributes:
        entries: what there are maps of.
        first: the entry to begin with.
        colours: 256 times red, green, blue in base64.
        aspect: width of the picture by its height.
        picture: address of the finished one; empty while the run is not there, nor is what follows.
        outline: of it, a thin line on nothing.
        layers: in the order in which they run.
        top: the weight of byte 255; byte q stands for top * (q / 255) ** 2.
        calls: of the run.
        steps: the calls that are here.
        pooled: what was averaged on the way here.
    """

    entries: list[EntryData]
    first: int
    colours: str
    aspect: float
    picture: str
    outline: str
    layers: list[LayerMapsData]
    top: NotRequired[float]
    calls: NotRequired[int]
    steps: NotRequired[list[StepData]]
    pooled: NotRequired[str]


def attention_data(seen: AttentionSeen | None, tokens: Tokens, picture_size: Size) -> AttentionData:
    """Return what the attention component shows.

    A weight travels as one byte on a square-root scale: q stands for top * (q / 255) ** 2, so
    that small weights keep their differences. What a token gets of all attention travels as it is:
    the page says the same number elsewhere. Last of the calls comes the mean over all of them.

    Args:
        seen: the run; None while it is not there.
        tokens: its prompt.
        picture_size: height and width, pixels.
    """
    entries = entries_of(tokens)
    data: AttentionData = {
        "entries": [{"label": entry.said, "kind": entry.kind} for entry in entries],
        "first": first_entry(seen, entries),
        "colours": _base64(text_colours(np.linspace(0, 1, 256))),
        "aspect": picture_size[1] / picture_size[0],
        "picture": "",
        "outline": "",
        "layers": [],
    }
    if seen is None:
        return data
    calls, heads = what_is_sent(seen, len(entries))
    maps = [_sent(layer, entries, calls, heads) for layer in seen.layers]
    top = max(float(each.max()) for each in maps)
    titles = layer_titles(seen.layers)
    return {
        **data,
        "picture": exact_sheet(seen.picture[None]).as_json()["url"],
        "outline": address_of(outline_of(seen.picture)),
        "top": top,
        "calls": len(seen.timesteps),
        "steps": [{"call": int(at) + 1, "t": f"{seen.timesteps[at]:g}"} for at in calls],
        "layers": [
            {
                "title": title,
                "name": layer.name,
                "rows": layer.size[0],
                "columns": layer.size[1],
                "size": f"{layer.own[0]}×{layer.own[1]}",
                "heads": each.shape[1],
                "all": layer.heads,
                "joined": joined_layers(layer),
                "maps": _base64(np.rint(255 * np.sqrt(each / top))),
                "shares": _base64(each.mean(axis=(-2, -1), dtype=np.float64), "<f4"),
            }
            for title, layer, each in zip(titles, seen.layers, maps, strict=True)
        ],
        "pooled": say_pooled(seen, len(entries)),
    }


def first_entry(seen: AttentionSeen | None, entries: Sequence[Entry]) -> int:
    """Choose what to begin with: the word whose map varies most from place to place, of all layers.

    Short words are passed over where there are others.

    Args:
        seen: the run; None while it is not there.
        entries: from ``entries_of``.

    Returns:
        Number of the entry.
    """
    words = [at for at, entry in enumerate(entries) if entry.kind == "word"]
    words = [at for at in words if len(entries[at].label) >= LONG_WORD] or words
    if not words or seen is None:
        return words[-1] if words else 0
    maps = entry_maps(seen.mean(), entries)
    return max(words, key=lambda at: float(maps[at].std()))


def what_is_sent(seen: AttentionSeen, entries: int) -> tuple[NDArray[np.intp], bool]:
    """Choose what of a run a browser is sent.

    Args:
        seen: the run.
        entries: maps at every call, layer and head.

    Returns:
        Numbers of the calls, and whether heads are sent apart.
    """
    calls = len(seen.timesteps)
    places = sum(layer.size[0] * layer.size[1] for layer in seen.layers) * entries
    whole = sum(layer.maps[0, :, 0].size for layer in seen.layers) * entries
    heads = whole * (calls + 1) <= MOST_SENT
    most = max(2, MOST_SENT // (whole if heads else places) - 1)  # and their mean
    return np.unique(np.linspace(0, calls - 1, min(calls, most)).round().astype(np.intp)), heads


def say_pooled(seen: AttentionSeen, entries: int) -> str:
    """Say what was averaged or left out, so that all of it fits.

    Args:
        seen: the run.
        entries: maps at every call, layer and head.

    Returns:
        A sentence or two; empty where nothing was.
    """
    calls, heads = what_is_sent(seen, entries)
    said = []
    if seen.pooled:
        said.append(tr("To fit into memory, averaged: {pooled}.", pooled=_averaged(seen)))
    if not heads and any(layer.kept_heads > 1 for layer in seen.layers):
        said.append(tr("With so many tokens, heads are averaged here; the export has them apart."))
    if len(calls) < len(seen.timesteps):
        said.append(
            tr(
                "Of {timesteps} calls, {calls} are shown here.",
                timesteps=len(seen.timesteps),
                calls=len(calls),
            )
        )
    return " ".join(said)


def _averaged(seen: AttentionSeen) -> str:
    """Say what was averaged, which a run keeps in English."""
    how = next((one for one in AVERAGINGS if one.say(in_english) == seen.pooled), None)
    return "; ".join(seen.pooled if how is None else how.say())


def _sent(
    layer: LayerMaps, entries: Sequence[Entry], calls: NDArray[np.intp], heads: bool
) -> NDArray[np.float32]:
    """Return the maps of one layer that are sent, (calls + 1, heads, entries, H, W)."""
    mean = layer.maps.mean(axis=0, keepdims=True, dtype=np.float32)
    maps = np.concatenate([layer.maps[calls], mean])
    if not heads:
        maps = maps.mean(axis=1, keepdims=True, dtype=np.float32)
    return entry_maps(maps, entries)


def _label(text: str, piece: str) -> str:
    """Name a token as typed; one that shows nothing of its own by its piece."""
    label = visible(text) or piece.removesuffix("</w>")
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _base64(numbers: NDArray[Any], kind: str = "u1") -> str:  # Any: what fits into the kind
    return base64.b64encode(numbers.astype(kind).tobytes()).decode("ascii")
