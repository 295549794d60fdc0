"""The lab as it trains: curves, what comes back, and at the end both planes for the browser."""

import base64
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.models.gallery import lab_objects
from core.views.theme import PALETTE

Event = dict[str, Any]  # Any: what JSON holds
Row = dict[str, object]
PLAIN, VARIATIONAL = "plain autoencoder", "VAE"
TALL = 240  # CSS pixels
ZOOM = 2


def of_kind(events: Sequence[Event], kind: str) -> list[Event]:
    """Return the events of one kind, in order.

    Args:
        events: from the bench.
        kind: "start", "step", "look" or "done".
    """
    return [event for event in events if event["kind"] == kind]


def curve_rows(events: Sequence[Event]) -> list[Row]:
    """Return points of the curves.

    Args:
        events: from the bench.
    """
    steps = of_kind(events, "step")
    return [
        {"step": event["step"], "of": name, "value": round(event[field], 6)}
        for event in steps
        for field, name in (("plain", PLAIN), ("variational", VARIATIONAL), ("kl", "KL"))
    ]


def error_chart(rows: Sequence[Row], steps: int) -> alt.Chart:
    """Draw the errors of both over the steps.

    Args:
        rows: from ``curve_rows``.
        steps: of the whole training, so that the curves grow into their axis.
    """
    colours = alt.Scale(domain=[PLAIN, VARIATIONAL], range=[PALETTE["picture"], PALETTE["latents"]])
    return (
        alt.Chart(alt.InlineData(values=[row for row in rows if row["of"] != "KL"]))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, steps])),
            y=alt.Y(
                "value:Q", title="squared error (log)", scale=alt.Scale(type="log", nice=False)
            ),
            color=alt.Color("of:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
        )
        .properties(height=TALL)
    )


def kl_chart(rows: Sequence[Row], steps: int) -> alt.Chart:
    """Draw the KL of the variational one over the steps.

    Args:
        rows: from ``curve_rows``.
        steps: of the whole training.
    """
    return (
        alt.Chart(alt.InlineData(values=[row for row in rows if row["of"] == "KL"]))
        .mark_line(strokeWidth=2, color=PALETTE["latents"])
        .encode(
            x=alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, steps])),
            y=alt.Y("value:Q", title="KL of the VAE, nats a picture"),
        )
        .properties(height=TALL)
    )


def back_picture(events: Sequence[Event]) -> NDArray[np.uint8] | None:
    """Return three rows: the pictures, and what comes back from both; None before the first look.

    Args:
        events: from the bench.
    """
    starts, looks = of_kind(events, "start"), of_kind(events, "look")
    if not starts or not looks:
        return None
    rows = (starts[0]["pictures"], looks[-1]["plain"], looks[-1]["variational"])
    whole = np.concatenate([_row(row) for row in rows])
    return whole.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)


def planes_data(events: Sequence[Event], kl_weight: float) -> dict[str, Any]:  # Any: JSON
    """Return both planes for the component: the points, and the decoders' layers.

    Args:
        events: of a training that is done.
        kl_weight: its KL weight.
    """
    (done,) = of_kind(events, "done")
    objects = lab_objects()
    inks = [
        np.average(one[..., :3].reshape(-1, 3), axis=0, weights=one[..., 3].reshape(-1))
        for one in objects.pictures.astype(np.float64)
    ]
    return {
        "id": f"{kl_weight} {done['seconds']}",
        "side": objects.pictures.shape[1],
        "names": list(objects.names),
        "inks": [f"rgb({' '.join(str(round(value)) for value in ink)})" for ink in inks],
        "objects": done["objects"],
        "planes": [
            {"title": "Plain autoencoder", **done["plain"]},
            {"title": f"VAE, KL weight {kl_weight:g}", **done["variational"]},
        ],
    }


def _row(text: str) -> NDArray[np.uint8]:
    """Return pictures side by side, (side, n * side, 3)."""
    side = lab_objects().pictures.shape[1]
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(side, -1, 3)
