"""The training as it was: curves for the browser, and the same as rows."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypedDict

from core.lessons.training.card_data import of_card
from core.training.history import Stage
from core.training.milestones import Milestones
from core.views.tables import Row
from core.words import tr, tr_later, tr_many


@dataclass(frozen=True, slots=True)
class Told:
    """What a stage is, in words."""

    title: str
    kind: str
    learns: str


STAGES = {
    "text": Told(
        tr_later("Text encoder"),
        "text",
        tr_later("From the words of a caption alone: which object is meant, on which colour?"),
    ),
    "pairs": Told(
        tr_later("Two objects"),
        "text",
        tr_later(
            "The same encoder: which two objects, and where? What it says of one alone hardly "
            "moves."
        ),
    ),
    "vae": Told(
        tr_later("Autoencoder"),
        "latents",
        tr_later(
            "Bring every picture back from few numbers: its pixels, its edges, its coarse shades."
        ),
    ),
    "decoder": Told(
        tr_later("Decoder"),
        "latents",
        tr_later(
            "The same again for the way back alone; the encoder, and so the latents, stand still."
        ),
    ),
    "whole": Told(
        tr_later("Decoder, whole pictures"),
        "latents",
        tr_later(
            "At last from whole pictures in place of crops; beside pixels and edges counts what "
            "PSNR measures."
        ),
    ),
    "tower": Told(
        tr_later("Image tower"),
        "picture",
        tr_later("Put each picture where its caption is, and far from all other captions."),
    ),
    "unet": Told(
        "U-Net",
        "noise",
        tr_later(
            "Name the noise in a noised picture, told how noisy it is and what its caption says."
        ),
    ),
    "judge": Told(
        tr_later("Judge"),
        "picture",
        tr_later(
            "Name object and background of real scenes. It marks the evaluation and teaches nobody."
        ),
    ),
}
# What each logged number is and its unit; some mean another thing in another stage.
SERIES = {
    "loss": (tr_later("the whole loss"), tr_later("weighted sum of its terms")),
    "object": (tr_later("the object"), tr_later("cross entropy, nats")),
    "colour": (tr_later("the colour"), tr_later("cross entropy, nats")),
    "second": (tr_later("second object, place"), tr_later("weighted cross entropies, nats")),
    "held": (
        tr_later("moved"),
        tr_later("mean squared distance from before, share of the variance"),
    ),
    "right": (tr_later("objects named rightly"), tr_later("share of the batch")),
    "pixel": (tr_later("pixels"), tr_later("mean absolute difference, white − black = 2")),
    "edge": (tr_later("edges"), tr_later("mean absolute difference, white − black = 2")),
    "kl": ("KL", tr_later("nats a latent number")),
    "psnr": ("PSNR", "dB"),
    "alike": (tr_later("pairs in the batch"), tr_later("cross entropy, nats")),
    "mse": (tr_later("unweighted"), tr_later("mean squared error of the noise")),
}
OF_STAGE = {
    ("unet", "loss"): (
        tr_later("weighted by min-SNR"),
        tr_later("mean squared error of the noise, weighted"),
    )
}
OPENS_WITH = "unet"
CORES = re.compile(r"(\d+) of (\d+) CPU cores?")


class SeriesData(TypedDict):
    """One logged number: what it is, its unit, and a value for each logged step."""

    name: str
    label: str
    unit: str
    values: list[float]


class StageData(TypedDict):
    """A stage of the training.

    Attributes:
        name: of the stage.
        title: the same for people.
        kind: its colour.
        learns: what, in a sentence.
        each: what each step sees.
        hours: it took.
        device: it ran on.
        turns: what changed in the training, and from which step on.
        steps: that were logged.
        rates: learning rate at each.
        seconds: since the one before.
        series: all that was logged.
    """

    name: str
    title: str
    kind: str
    learns: str
    each: str
    hours: float
    device: str
    turns: list[tuple[int, str]]
    steps: list[int]
    rates: list[float]
    seconds: list[float]
    series: list[SeriesData]


class MilestonesData(TypedDict):
    """What was drawn on the way.

    Attributes:
        stage: that drew it.
        prompts: one a picture.
        seed: of the noise.
        note: a sentence.
        steps: after which it drew.
        sheets: an address for each of them, of all its pictures side by side.
    """

    stage: str
    prompts: list[str]
    seed: int
    note: str
    steps: list[int]
    sheets: list[str]


class HistoryData(TypedDict):
    """The whole training: the stage that is on show first, all of them, and pictures, or None."""

    opens: str
    stages: list[StageData]
    milestones: MilestonesData | None


def history_data(stages: Sequence[Stage], milestones: Milestones | None) -> HistoryData:
    """Return all curves with their words.

    Args:
        stages: from ``read_stages``.
        milestones: pictures at several steps of the U-Net's training, where there are any.
    """
    return {
        "opens": OPENS_WITH,
        "stages": [_stage(stage) for stage in stages],
        "milestones": None if milestones is None else _milestones(milestones),
    }


def history_rows(stages: Sequence[Stage]) -> list[Row]:
    """Return one row for each stage.

    Args:
        stages: from ``read_stages``.
    """
    return [
        {
            tr_later("stage"): tr(STAGES[stage.name].title),
            tr_later("steps"): int(stage.steps[-1]),
            tr_later("each step sees"): of_card(stage.each),
            tr_later("hours"): round(stage.hours, 2),
            tr_later("on"): of_card(stage.device),
            tr_later("loss at first"): round(float(stage.losses["loss"][0]), 4),
            tr_later("loss at last"): round(float(stage.losses["loss"][-1]), 4),
        }
        for stage in stages
    ]


def curve_rows(stages: Sequence[Stage]) -> list[Row]:
    """Return every logged number as a row of its own.

    Args:
        stages: from ``read_stages``.
    """
    return [
        {"stage": stage.name, "step": int(step), "learning rate": float(rate), "of": name,
         "value": float(value)}
        for stage in stages
        for name, values in stage.losses.items()
        for step, rate, value in zip(stage.steps, stage.rates, values, strict=True)
    ]  # fmt: skip


def stage_rows(stages: Sequence[Stage], name: str | None) -> list[Row]:
    """Return what was logged of one stage, a row for each logged step.

    Args:
        stages: from ``read_stages``.
        name: of the stage; where there is none such, the one to begin with.
    """
    found = {stage.name: stage for stage in stages}
    stage = found.get(name or OPENS_WITH) or found.get(OPENS_WITH) or stages[0]
    return [
        {
            tr_later("stage"): tr(STAGES[stage.name].title),
            tr_later("step"): int(step),
            tr_later("learning rate"): float(f"{stage.rates[at]:.3g}"),
            **{
                _words_of(stage, one)[0]: round(float(values[at]), 5)
                for one, values in stage.losses.items()
            },
        }
        for at, step in enumerate(stage.steps)
    ]


def say_devices(devices: Iterable[str]) -> str:
    """Say on what stages ran, each machine once.

    Args:
        devices: as the card has them, such as "2 of 2 CPU cores".

    Returns:
        Such as "on 1 or 2 cores of a CPU that has 2".
    """
    cores: dict[int, set[int]] = {}
    others = set()
    for device in devices:
        found = CORES.fullmatch(device)
        if found:
            cores.setdefault(int(found[2]), set()).add(int(found[1]))
        else:
            others.add(device)
    said = [
        tr_many(
            max(used),
            "{cores} core of a CPU that has {whole}",
            "{cores} cores of a CPU that has {whole}",
            cores=reduce(_either, map(str, sorted(used))),
            whole=whole,
        )
        for whole, used in sorted(cores.items())
    ]
    return tr("on {devices}", devices=reduce(_both, [*said, *sorted(others)]))


def _either(first: str, last: str) -> str:
    return tr("{first} or {last}", first=first, last=last)


def _both(first: str, last: str) -> str:
    return tr("{first} and {last}", first=first, last=last)


def _stage(stage: Stage) -> StageData:
    told = STAGES[stage.name]
    return {
        "name": stage.name,
        "title": tr(told.title),
        "kind": told.kind,
        "learns": tr(told.learns),
        "each": of_card(stage.each),
        "hours": round(stage.hours, 4),
        "device": of_card(stage.device),
        "turns": [(step, of_card(what)) for step, what in stage.turns],
        "steps": stage.steps.tolist(),
        "rates": [float(f"{rate:.3g}") for rate in stage.rates],
        "seconds": [round(float(value), 1) for value in stage.seconds],
        "series": [
            {"name": name, "label": tr(label), "unit": tr(unit),
             "values": [round(float(value), 5) for value in values]}
            for name, values in stage.losses.items()
            for label, unit in [_words_of(stage, name)]
        ],
    }  # fmt: skip


def _words_of(stage: Stage, name: str) -> tuple[str, str]:
    """Return what a logged number is, and its unit."""
    return OF_STAGE.get((stage.name, name)) or SERIES.get(name) or (name, "")


def _milestones(milestones: Milestones) -> MilestonesData:
    sheets = [base64.b64encode(sheet).decode("ascii") for sheet in milestones.sheets]
    return {
        "stage": "unet",
        "prompts": list(milestones.prompts),
        "seed": milestones.seed,
        "note": of_card(milestones.note),
        "steps": list(milestones.steps),
        "sheets": [f"data:image/webp;base64,{sheet}" for sheet in sheets],
    }
