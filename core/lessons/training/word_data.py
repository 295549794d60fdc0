"""The lab of a new word for the browser: pictures before, meanwhile and after, and the loss."""

import base64
import io
from collections.abc import Sequence
from typing import Any, TypedDict

from PIL import Image

from core.labs.word_settings import SIDE, WordSettings
from core.views.tables import Row
from core.words import tr_later

Event = dict[str, Any]  # Any: what JSON holds
SMOOTH = 8  # training steps that a point of the curve is the mean of


class LookData(TypedDict):
    """After which step it drew, and the address of its pictures side by side, one a prompt."""

    step: int
    pictures: str


class WordData(TypedDict):
    """What the component of a new word shows.

    Attributes:
        picture: address of the picture that the word is to mean.
        prompts: of the other pictures.
        looks: what was drawn so far.
        curve: step and loss, each a mean of up to ``smooth`` steps.
        smooth: how many.
        steps: in all.
        seconds: so far.
        going: whether more comes.
    """

    picture: str
    prompts: list[str]
    looks: list[LookData]
    curve: list[list[float]]
    smooth: int
    steps: int
    seconds: float
    going: bool


def word_data(settings: WordSettings, events: Sequence[Event], going: bool) -> WordData:
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
        "curve": [[event["step"], mean] for event, mean in _means(events)],
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
    return [
        {
            tr_later("step"): event["step"],
            tr_later("loss"): round(event["loss"], 5),
            tr_later("mean"): mean,
        }
        for event, mean in _means(events)
    ]


def _means(events: Sequence[Event]) -> list[tuple[Event, float]]:
    steps = [event for event in events if event["kind"] == "step"]
    windows = _windows([event["loss"] for event in steps])
    means = [round(sum(some) / len(some), 5) for some in windows]
    return list(zip(steps, means, strict=True))


def _windows(values: list[float]) -> list[list[float]]:
    return [values[max(0, at + 1 - SMOOTH) : at + 1] for at in range(len(values))]


def _address(pixels: bytes) -> str:
    written = io.BytesIO()
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"
