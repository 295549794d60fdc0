"""The lab of a new word for the browser: pictures before, meanwhile and after, and the loss."""

import base64
import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from core.labs.word_settings import SIDE, WordSettings
from core.views.tables import Row

Event = dict[str, Any]  # Any: what JSON holds
SMOOTH = 8  # training steps that a point of the curve is the mean of


def word_data(
    settings: WordSettings, events: Sequence[Event], going: bool
) -> dict[str, Any]:  # Any: JSON for the browser
    """Return what there is to see now.

    Args:
        settings: of the training, or of the one that would be started.
        events: what it has told; none before it was started.
        going: whether more will come.
    """
    steps = [event for event in events if event["kind"] == "step"]
    return {
        "picture": _address(settings.pixels),
        "prompts": list(settings.prompts),
        "looks": [
            {"step": event["step"], "pictures": event["pictures"]}
            for event in events
            if event["kind"] == "look"
        ],
        "curve": [[row["step"], row["mean"]] for row in word_rows(events)],
        "smooth": SMOOTH,
        "steps": settings.steps,
        "seconds": round(steps[-1]["seconds"], 1) if steps else 0,
        "going": going,
    }


def word_rows(events: Sequence[Event]) -> list[Row]:
    """Return the loss as rows: one picture's loss jumps with every draw of noise and time.

    Args:
        events: of a training.
    """
    steps = [event for event in events if event["kind"] == "step"]
    losses = [event["loss"] for event in steps]
    means = [sum(some) / len(some) for some in _windows(losses)]
    return [
        {"step": event["step"], "loss": round(event["loss"], 5), "mean": round(mean, 5)}
        for event, mean in zip(steps, means, strict=True)
    ]


def _windows(values: list[float]) -> list[list[float]]:
    return [values[max(0, at + 1 - SMOOTH) : at + 1] for at in range(len(values))]


def _address(pixels: bytes) -> str:
    written = io.BytesIO()
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"
