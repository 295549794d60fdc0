"""The lab of a new word: pictures before, meanwhile, after, the loss, and three ways compared."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from PIL import Image

from core.labs.word_settings import RANK, SIDE, Way, WordSettings
from core.views.tables import Row
from core.words import in_a_row, tr, tr_later

Event = dict[str, Any]  # Any: what JSON holds
SMOOTH = 8  # training steps that a point of the curve is the mean of
WAYS: dict[Way, str] = {
    "token": tr_later("a new token’s vector"),
    "lora": tr_later("a LoRA of attention"),
    "weights": tr_later("keys and values"),
}
LEARNS: dict[Way, str] = {
    "token": tr_later(
        "Textual inversion: the word becomes one new token, in angle brackets. The text encoder’s "
        "table gets one row more, the token’s vector $v$, and nothing else learns."
    ),
    "lora": tr_later(
        "Two thin matrices of rank {rank} learn beside each layer of the U-Net’s attention, self "
        "and cross (to_q, to_k, to_v, to_out). The weights stay as they are."
    ),
    "weights": tr_later(
        "The weights learn through which the U-Net’s cross-attention reads the text, its keys and "
        "values (to_k, to_v)."
    ),
}
GOALS: dict[Way, str] = {  # L is the loss of all
    "token": r"$\min_{v} L$", "lora": r"$\min_{A,B} L$", "weights": r"$\min_{W_K,W_V} L$",
}  # fmt: skip
READ_BY: dict[Way, str] = {
    "token": tr_later(
        "diffusers reads the file with `load_textual_inversion`; so does this page, with “Upload a "
        "word”."
    ),
    "lora": tr_later(
        "diffusers reads the file with `load_lora_weights`. Started with `GLASSBOX_LORAS=` and its "
        "place, this app offers it on every page."
    ),
    "weights": tr_later(
        "diffusers reads the file as weights of Custom Diffusion, with "
        "`unet.load_attn_procs(…, _pipeline=pipe)`."
    ),
}


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
        left: seconds of training that are left, at the speed so far; 0 where that is not known.
        going: whether more comes.
    """

    picture: str
    prompts: list[str]
    looks: list[LookData]
    curve: list[list[float]]
    smooth: int
    steps: int
    seconds: float
    left: float
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
        "left": round(_left(steps[-1], settings.steps)) if steps else 0,
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


def _left(last: Event, steps: int) -> float:
    return last["seconds"] / last["step"] * (steps - last["step"])


def _windows(values: list[float]) -> list[list[float]]:
    return [values[max(0, at + 1 - SMOOTH) : at + 1] for at in range(len(values))]


def _address(pixels: bytes) -> str:
    written = io.BytesIO()
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def say_what_learns(way: Way) -> str:
    """Say what learns, and for what.

    Args:
        way: of teaching a word.
    """
    return in_a_row(
        tr(LEARNS[way], rank=RANK),
        tr("All three ways make the same loss $L$ small, this one by {goal}.", goal=GOALS[way]),
    )


def explain(settings: WordSettings, events: Sequence[Event]) -> str:
    """Say what a training brought, and what it means.

    Args:
        settings: of the training.
        events: of it, finished.
    """
    begun, done = events[0], events[-1]
    numbers = {"learned": begun["learned"], "weights": begun["whole"], "seconds": done["seconds"]}
    moved = done["measured"]["moved"]
    if settings.vectors:
        return tr(
            "**The word came out of a file: {learned:,} numbers, and nothing was trained.** The "
            "model is as it was, and yet it draws what somebody else’s training found. All "
            "pictures of one prompt start from the same noise.",
            learned=begun["learned"],
        )
    if settings.way == "token":
        return tr(
            "**One vector learned, {learned:,} numbers, for {seconds:.0f} s on one core.** None of "
            "the U-Net’s {weights:,} weights changed, so other prompts’ pictures moved by "
            "{moved:g}. A vector can only ask for what the U-Net can draw already: where your "
            "picture shows what it has never learned, the word comes near at best. All pictures of "
            "one prompt start from the same noise. **Drag back to before.**",
            moved=round(moved, 1),
            **numbers,
        )
    if settings.way == "lora":
        return tr(
            "**Thin matrices learned your picture by heart.** {learned:,} numbers learned for "
            "{seconds:.0f} s on one core, beside the U-Net’s {weights:,} weights, which stayed as "
            "they were: without the file, all is as before. With it, other prompts’ pictures move "
            "as well, by {moved:.1f} here. All pictures of one prompt start from the same noise. "
            "**Drag back to before.**",
            moved=moved,
            **numbers,
        )
    return tr(
        "**It learned one picture by heart, and that has a price.** {learned:,} of the "
        "U-Net’s {weights:,} weights were trained, those that read the text, for "
        "{seconds:.0f} s on one core; the text encoder and the autoencoder stayed as "
        "they were. All pictures of one prompt start from the same noise. **Drag back to "
        "before:** "
        "the new word comes to stand for your picture, and another background may still be "
        "asked "
        "for. The last prompt was never trained on, and yet it changes: with one picture to "
        "learn "
        "from, the copy forgets some of the rest. Nothing here says that it understands what "
        "is "
        "in your picture.",
        **numbers,
    )


def way_rows(tried: Mapping[Way, Sequence[Event]]) -> list[Row]:
    """Return a row for each way that was tried.

    Args:
        tried: what their finished trainings told.
    """
    return [
        {
            tr_later("what learns"): tr(WAYS[way]),
            tr_later("numbers"): events[0]["learned"],
            tr_later("file, bytes"): len(base64.b64decode(events[-1]["file"])),
            tr_later("training steps"): sum(event["kind"] == "step" for event in events),
            tr_later("seconds"): round(events[-1]["seconds"], 1),
            tr_later("off before"): round(events[-1]["measured"]["before"], 1),
            tr_later("off after"): round(events[-1]["measured"]["after"], 1),
            tr_later("others moved"): round(events[-1]["measured"]["moved"], 1),
        }
        for way, events in tried.items()
    ]


def say_measures(events: Sequence[Event]) -> str:
    """Say what the distances of ``way_rows`` are.

    Args:
        events: of a finished training.
    """
    measured = events[-1]["measured"]
    return tr(
        "Distances are mean differences of a colour value, 0 to 255. Off: from your picture, "
        "{drawn} pictures of the word, each from other noise. Moved: what “{others}” draw, before "
        "against after; two of these are {scale:.0f} apart.",
        drawn=measured["drawn"],
        others="”, “".join(measured["prompts"]),
        scale=measured["scale"],
    )


def say_missing(tried: Mapping[Way, object]) -> str:
    """Say which ways were not tried, "" where all were.

    Args:
        tried: those that were.
    """
    missing = [tr(title) for way, title in WAYS.items() if way not in tried]
    if not missing:
        return ""
    return tr("Not tried with this word yet: {ways}.", ways=", ".join(missing))


def last_pictures(tried: Mapping[Way, Sequence[Event]]) -> dict[Way, str]:
    """Return what each way draws in the end, as the address of a picture of all prompts in a row.

    Args:
        tried: what their finished trainings told.
    """
    return {
        way: next(event["pictures"] for event in reversed(events) if event["kind"] == "look")
        for way, events in tried.items()
    }
