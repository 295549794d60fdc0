"""The U-Net as a map: every box with its shape, its weights and its time, for the browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from core.models.unet_facts import Box, Kind, Skip, UNetFacts
from core.views.colormaps import latent_colours, noise_greys
from core.views.numbers import percent
from core.views.strips import channel_tiles, exact_sheet
from core.words import tr, tr_later, unparted

SHORT: dict[Kind, str] = {
    "time": tr_later("time"),
    "convolution": tr_later("conv"),
    "norm": tr_later("norm"),
    "residual": tr_later("residual"),
    "attention": tr_later("attention"),
    "halve": tr_later("halve"),
    "double": tr_later("double"),
}
LONG: dict[Kind, str] = {
    "time": tr_later("Time embedding"),
    "convolution": tr_later("Convolution"),
    "norm": tr_later("Normalisation"),
    "residual": tr_later("Residual block"),
    "attention": tr_later("Attention block"),
    "halve": tr_later("Half the size"),
    "double": tr_later("Twice the size"),
}
SIDES = {
    "top": "",
    "down": tr_later("on the way down"),
    "middle": tr_later("in the middle"),
    "up": tr_later("on the way up"),
}
LIMIT = 3.0  # ends of the colour scales of latents and noise


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One call of a run, for the two pictures at the map's ends.

    Attributes:
        t: the timestep.
        xt: what went in, (C, H, W).
        eps: the noise that came out, guided, (C, H, W).
        how: how it was found: what the network answers is not always that very noise.
    """

    t: float
    xt: NDArray[np.floating]
    eps: NDArray[np.floating]
    how: str


class BoxData(TypedDict):
    """A box of the map.

    Attributes:
        name: in the network.
        kind: of box.
        title: on it.
        side: of the map.
        level: down from the top.
        shape: it puts out.
        weights: how many, in words.
        time: it took, in words; empty while that is not known.
        share: of the slowest box's time.
        spoken: all of this.
    """

    name: str
    kind: Kind
    title: str
    side: str
    level: int
    shape: str
    weights: str
    time: str
    share: float
    spoken: str


class SkipData(TypedDict):
    """A skip connection, from one box to another."""

    number: int
    source: str
    target: str
    spoken: str


class UNetData(TypedDict):
    """What the map of a network shows.

    Attributes:
        boxes: as they run.
        skips: by number.
        chosen: name of the marked box.
        off: number of the skip that is switched off, or -1.
        text: shape of the text states.
        t: the timestep, in words.
        given: address of the latents that go in.
        noise: address of the noise that comes out.
        how: that noise was found.
        total: a line about the whole network.
    """

    boxes: list[BoxData]
    skips: list[SkipData]
    chosen: str
    off: int
    text: str
    t: str
    given: str
    noise: str
    how: str
    total: str


def unet_map(
    facts: UNetFacts,
    chosen: str,
    moment: Moment | None = None,
    seconds: Mapping[str, float] | None = None,
    off: int | None = None,
) -> UNetData:
    """Return the map of a network, for the component that draws it.

    Args:
        facts: of the network.
        chosen: name of the box that is marked.
        moment: the call on show; None while there is none.
        seconds: that each box took, by name.
        off: number of the skip connection that is switched off.
    """
    seconds = seconds or {}
    slowest = max(seconds.values(), default=0.0)
    return {
        "boxes": [_box(box, seconds.get(box.name), slowest) for box in facts.boxes],
        "skips": [_skip(skip, facts) for skip in facts.skips],
        "chosen": chosen,
        "off": -1 if off is None else off,
        "text": _times(facts.text),
        "t": "" if moment is None else f"t = {moment.t:g}",
        "given": "" if moment is None else _tiles(latent_colours(moment.xt, LIMIT)),
        "noise": "" if moment is None else _tiles(noise_greys(moment.eps, LIMIT)),
        "how": "" if moment is None else moment.how,
        "total": say_total(facts, seconds),
    }


def say_how(guidance: float, predicts: str) -> str:
    """Say in a few words how the guided noise of a call was found.

    Args:
        guidance: weight w of the run.
        predicts: "epsilon", "v_prediction" or "sample": what the network was trained to answer.
    """
    if predicts == "epsilon":
        return tr("the answer") if guidance == 1 else tr("after guidance")
    answer = "v" if predicts == "v_prediction" else "x0"
    if guidance == 1:
        return tr("worked out from {answer}", answer=answer)
    return tr("worked out from {answer}, guided", answer=answer)


def say_box(box: Box) -> str:
    """Say in a few words which box this is.

    Args:
        box: of a network.
    """
    return f"{tr(LONG[box.kind])} {tr(SIDES[box.side])}".strip()


def say_shape(box: Box) -> str:
    """Say what a box puts out.

    Args:
        box: of a network.
    """
    return tr("{shape} numbers", shape=_times(box.shape))


def say_count(number: int) -> str:
    """Say a count of weights in three or four signs.

    Args:
        number: 0 or more.
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            share = number / size
            return f"{share:.3g} {unit}" if share < 999.5 else f"{share:.0f} {unit}"
    return str(number)


def say_time(seconds: float) -> str:
    """Say a duration in milliseconds, with as many digits as a time can be trusted to.

    Args:
        seconds: 0 or more.
    """
    milliseconds = 1000 * seconds
    return unparted(f"{milliseconds:.{1 if milliseconds < 9.95 else 0}f} ms")


def say_total(facts: UNetFacts, seconds: Mapping[str, float]) -> str:
    """Say how large the whole network is, and how long one call took.

    Args:
        facts: of the network.
        seconds: that each box took, by name; empty while it has not run.
    """
    boxes, millions = len(facts.boxes), facts.weights / 1e6
    parts = (
        tr("{boxes} boxes, {millions:.3g} million weights", boxes=boxes, millions=millions)
        if millions >= 1
        else tr("{boxes} boxes, {weights:,} weights", boxes=boxes, weights=facts.weights)
    )
    took = say_time(sum(seconds.values()))
    return (
        tr("{parts}, {took} for the prompt’s half of a call", parts=parts, took=took)
        if seconds
        else parts
    )


def box_rows(facts: UNetFacts, seconds: Mapping[str, float]) -> list[dict[str, object]]:
    """Return one row for each box, in the order in which they run.

    Args:
        facts: of the network.
        seconds: that each box took, by name; empty while it has not run.
    """
    skips = {skip.target: skip for skip in facts.skips}
    return [
        {
            tr_later("box"): box.name,
            tr_later("kind"): tr(LONG[box.kind]),
            tr_later("puts out"): _times(box.shape),
            tr_later("weights"): box.weights,
            tr_later("share of weights"): percent(box.weights / max(1, facts.weights), 1),
            "ms": round(1000 * seconds[box.name], 3) if box.name in seconds else None,
            tr_later("reads"): {"residual": tr("time"), "attention": tr("text and itself")}.get(
                box.kind, ""
            ),
            tr_later("skip from"): skips[box.name].source if box.name in skips else "",
        }
        for box in facts.boxes
    ]


def _box(box: Box, seconds: float | None, slowest: float) -> BoxData:
    time = "" if seconds is None else say_time(seconds)
    spoken = [
        say_box(box),
        box.name,
        say_shape(box),
        tr("{weights:,} weights", weights=box.weights),
        time,
    ]
    return {
        "name": box.name,
        "kind": box.kind,
        "title": tr(SHORT[box.kind]),
        "side": box.side,
        "level": box.level,
        "shape": _times(box.shape),
        "weights": say_count(box.weights),
        "time": time,
        "share": round(seconds / slowest, 3) if seconds and slowest else 0,
        "spoken": ", ".join(part for part in spoken if part),
    }


def _skip(skip: Skip, facts: UNetFacts) -> SkipData:
    return {
        "number": skip.number,
        "source": skip.source,
        "target": skip.target,
        "spoken": tr(
            "Skip connection {number}, {shape}, from {source} to {target}",
            number=skip.number,
            shape=_times(skip.shape),
            source=skip.source,
            target=skip.target,
        ),
    }


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape)


def _tiles(colours: NDArray[np.uint8]) -> str:
    """Return latents as one small picture, four channels as two rows of two."""
    return str(exact_sheet(channel_tiles(colours)[None]).as_json()["url"])
