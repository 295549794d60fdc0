"""The lab as it trains: curves, what comes back, and at the end the planes for the browser."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.models.gallery import lab_objects
from core.views.numbers import count
from core.views.pictures import GAP, row_picture
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

Event = dict[str, Any]  # Any: what JSON holds
Trained = Mapping[float, Sequence[Event]]  # trainings by the weight of their KL term
PLAIN = tr_later("plain autoencoder")
INKS = [PALETTE["picture"], PALETTE["latents"], "#56B4E9"]
TALL = 240  # CSS pixels
ZOOM = 2


def of_kind(events: Sequence[Event], kind: str) -> list[Event]:
    """Return the events of one kind, in order.

    Args:
        events: from the bench.
        kind: "start", "step", "look" or "done".
    """
    return [event for event in events if event["kind"] == kind]


def vae_name(weight: float) -> str:
    """Return what a VAE is called.

    Args:
        weight: of its KL term.
    """
    return tr("VAE, KL weight {weight:g}", weight=weight)


def curve_rows(trained: Trained) -> list[Row]:
    """Return points of the curves; the plain one learns the same every time, and is told once.

    Args:
        trained: events from the bench.
    """
    last = list(trained)[-1]
    told = [(tr(PLAIN), "error", last, "plain")]
    told += [(vae_name(weight), "error", weight, "variational") for weight in trained]
    told += [(vae_name(weight), "KL", weight, "kl") for weight in trained]
    return [
        {"step": event["step"], "of": name, "what": what, "value": round(event[field], 6)}
        for name, what, weight, field in told
        for event in of_kind(trained[weight], "step")
    ]


def error_chart(rows: Sequence[Row], steps: int) -> alt.Chart:
    """Draw the errors of all over the steps.

    Args:
        rows: from ``curve_rows``.
        steps: of the whole training, so that the curves grow into their axis.
    """
    scale = alt.Scale(type="log", nice=False)
    return _curves(
        rows, "error", steps, alt.Y("value:Q", title=tr("squared error (log)"), scale=scale)
    )


def kl_chart(rows: Sequence[Row], steps: int) -> alt.Chart:
    """Draw the KL of the variational ones over the steps.

    Args:
        rows: from ``curve_rows``.
        steps: of the whole training.
    """
    return _curves(rows, "KL", steps, alt.Y("value:Q", title=tr("KL, nats a picture")))


def _curves(rows: Sequence[Row], what: str, steps: int, y: alt.Y) -> alt.Chart:
    names = list(dict.fromkeys(str(row["of"]) for row in rows))
    return (
        alt.Chart(alt.InlineData(values=[row for row in rows if row["what"] == what]))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("step:Q", title=tr("training step"), scale=alt.Scale(domain=[0, steps])),
            y=y,
            color=alt.Color(
                "of:N", title=None, legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=names, range=INKS[: len(names)]),
            ),
        )
        .properties(height=TALL)
    )  # fmt: skip


def say_ends(trained: Trained) -> str:
    """Say where every training ended.

    Args:
        trained: events of trainings that are done.
    """
    newest = list(trained.values())[-1]
    (done,), last = of_kind(newest, "done"), of_kind(newest, "step")[-1]
    ends = [tr("{name}: error {error:.4f}", name=tr(PLAIN), error=last["plain"])]
    for weight, events in trained.items():
        end = of_kind(events, "step")[-1]
        ends.append(
            tr(
                "{name}: error {error:.4f}, KL {kl:.2f} nats",
                name=vae_name(weight),
                error=end["variational"],
                kl=end["kl"],
            )
        )
    took = tr(
        "{steps} in {seconds:.0f} s on one core",
        steps=count(last["step"], "step"),
        seconds=done["seconds"],
    )
    return tr("{took}. At the end: {ends}.", took=took, ends="; ".join(ends))


def objects_picture() -> NDArray[np.uint8]:
    """Return what is trained on: a row of objects on white."""
    colours, kept = np.split(lab_objects().pictures / 255, [3], axis=-1)
    on_white = np.rint(255 * (1 - kept * (1 - colours))).astype(np.uint8)
    return row_picture(on_white.repeat(ZOOM, axis=1).repeat(ZOOM, axis=2))


def back_picture(trained: Trained) -> NDArray[np.uint8] | None:
    """Return rows of pictures: what went in, and what comes back; None before the first look.

    Args:
        trained: events from the bench.
    """
    events = list(trained.values())
    looks = [of_kind(one, "look") for one in events]
    starts = of_kind(events[-1], "start")
    if not starts or not all(looks):
        return None
    rows = [
        starts[0]["pictures"],
        looks[-1][-1]["plain"],
        *(one[-1]["variational"] for one in looks),
    ]
    drawn = [row_picture(_pictures(row)) for row in rows]
    gap = np.zeros((GAP, *drawn[0].shape[1:]), np.uint8)
    return np.concatenate([part for row in drawn for part in (row, gap)][:-1])


class LayerData(TypedDict):
    """One layer of a decoder: its kind, the shape of its weight, and float32 in base64."""

    kind: Literal["linear", "conv"]
    shape: list[int]
    weight: str
    bias: str


class PlaneData(TypedDict):
    """One latent plane.

    Attributes:
        title: of the autoencoder.
        points: where the pictures lie, float32 pairs in base64.
        decoder: its layers.
    """

    title: str
    points: str
    decoder: list[LayerData]


class PlanesData(TypedDict):
    """What the component of the planes shows.

    Attributes:
        id: names the training.
        side: pixels of a picture, each way.
        inks: of the objects.
        objects: which object each training picture is.
        planes: side by side.
    """

    id: str
    side: int
    inks: list[str]
    objects: list[int]
    planes: list[PlaneData]


def planes_data(trained: Trained) -> PlanesData:
    """Return the planes for the component: the points, and the decoders' layers.

    Args:
        trained: events of trainings that are done.
    """
    done = {weight: of_kind(events, "done")[0] for weight, events in trained.items()}
    last = list(done.values())[-1]
    objects = lab_objects()
    inks = [
        np.average(one[..., :3].reshape(-1, 3), axis=0, weights=one[..., 3].reshape(-1))
        for one in objects.pictures.astype(np.float64)
    ]
    return {
        "id": " ".join(f"{weight} {one['seconds']}" for weight, one in done.items()),
        "side": objects.pictures.shape[1],
        "inks": [f"rgb({' '.join(str(round(value)) for value in ink)})" for ink in inks],
        "objects": last["objects"],
        "planes": [
            _plane(tr("Plain autoencoder"), last["plain"]),
            *(_plane(vae_name(weight), one["variational"]) for weight, one in done.items()),
        ],
    }


def _plane(title: str, told: Event) -> PlaneData:
    return {"title": title, "points": told["points"], "decoder": told["decoder"]}


def _pictures(text: str) -> NDArray[np.uint8]:
    """Return pictures that were told side by side, (n, ZOOM * side, ZOOM * side, 3)."""
    side = lab_objects().pictures.shape[1]
    row = np.frombuffer(base64.b64decode(text), np.uint8).reshape(side, -1, side, 3)
    return row.swapaxes(0, 1).repeat(ZOOM, axis=1).repeat(ZOOM, axis=2)
