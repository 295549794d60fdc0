"""The model card: what was measured, put into words by the same command that measured it."""

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from core.training import (
    evaluate,
    evaluate_arranged,
    judge,
    pictures,
    text,
    tower,
    unet,
    vae,
    vocabulary,
)
from core.training.arranged import PAIRED
from core.training.history import ARRANGED_SHEET, LOGS, NEAREST_SHEET, SHEET
from core.training.loop import Plan

# Each stage's plan, how much each of its steps sees, and of what.
STAGES: dict[str, tuple[Plan, int, str]] = {
    "vae": (vae.PLAN, vae.BATCH, "crops of 64 x 64"),
    "decoder": (vae.DECODER_PLAN, vae.BATCH, "crops of 64 x 64"),
    "whole": (vae.WHOLE_PLAN, vae.WHOLE_BATCH, "whole scenes"),
    "text": (text.PLAN, text.BATCH, "captions"),
    "pairs": (text.PAIRS_PLAN, text.BATCH, "captions"),
    "tower": (tower.PLAN, tower.BATCH, "pictures of 64 x 64"),
    "unet": (unet.PLAN, unet.BATCH, "latents"),
    "judge": (judge.PLAN, judge.BATCH, "pictures of 64 x 64"),
}

TURNS = {"pairs": text.TURNS, "unet": unet.TURNS}  # what changed in a stage, by step

UNMEASURED = "not yet measured"
DEVICES = "devices.json"  # what each stage ran on, beside the logs


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that is measured and what it should reach.

    Attributes:
        name: what is measured.
        wanted: the goal, in words.
        measured: the figure, in words.
        reached: whether the figure reaches the goal.
    """

    name: str
    wanted: str
    measured: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Told:
    """How a stage was trained.

    Attributes:
        steps: made.
        hours: they took.
        device: what it ran on, in words.
        pace: steps a second in the first and in the last tenth of the log, medians.
    """

    steps: int
    hours: float
    device: str
    pace: tuple[float, float]


def told_by_model(folder: Path) -> dict[str, Told]:
    """How each stage was trained, by the logs in a model's folder.

    Stretches that were trained twice count twice.
    """
    devices: dict[str, str] = json.loads((folder / LOGS / DEVICES).read_text())
    told = {}
    for stage in STAGES:
        with (folder / LOGS / f"{stage}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        hours = sum(float(row["seconds"]) for row in rows) / 3600
        told[stage] = Told(int(rows[-1]["step"]), hours, devices[stage], _pace(rows))
    return told


def _pace(rows: list[dict[str, str]]) -> tuple[float, float]:
    """Steps a second in the first and in the last tenth; a window begins where the last ended."""
    ends = [0, *(int(row["step"]) for row in rows)]
    paces = [
        (end - begin) / float(row["seconds"])
        for begin, end, row in zip(ends, ends[1:], rows, strict=False)
        if end > begin  # else the run went back to its last checkpoint
    ]
    tenth = math.ceil(len(paces) / 10)
    return median(paces[:tenth]), median(paces[-tenth:])


def bars(report: Mapping[str, Any]) -> list[Bar]:  # Any: a report holds what JSON holds
    """The goals beside what ``report`` says was measured."""
    autoencoder, found = report["vae"], report["retrieval"]
    prompts, seconds = report["prompts"], report["time"]["seconds"]
    typed, pairs = report.get("typed"), report.get("best_pairs")
    people = typed["groups"]["people-body"] if typed else None
    off_centre = max(abs(v) for v in autoencoder["latent_mean"])
    low, high = min(autoencoder["latent_std"]), max(autoencoder["latent_std"])
    return [
        Bar(
            f"VAE: PSNR on {autoencoder['pictures']} scenes of emoji that it never saw",
            "at least 28.5 dB",
            f"{autoencoder['psnr_db']} dB (SSIM {autoencoder['ssim']})",
            autoencoder["psnr_db"] >= 28.5,
        ),
        Bar(
            "latents after scaling: mean and deviation of each channel",
            "within 0.1 of 0; 0.9 to 1.1",
            f"within {off_centre:.2f}; {low:.2f} to {high:.2f}",
            off_centre <= 0.1 and low >= 0.9 and high <= 1.1,
        ),
        Bar(
            "text: a caption in a new wording finds its picture among all objects, top-1 / top-5",
            "at least 80 / 95 %",
            f"{found['top1_percent']} / {found['top5_percent']} %",
            found["top1_percent"] >= 80 and found["top5_percent"] >= 95,
        ),
        _named(
            f"the {evaluate.TYPED} words that people say most, half of them on a colour, named by "
            "the judge, top-1 / top-5",
            (80, 92),
            typed,
        ),
        _named("the people among these words, top-1 / top-5", (60, 80), people),
        _named(
            f"{prompts['prompts']} prompts, one picture each, named by the judge, top-1 / top-5",
            (75, 90),
            prompts,
        ),
        Bar(
            "the background has the colour that was asked for",
            "at least 97 %",
            f"{prompts['background_percent']} %",
            prompts["background_percent"] >= 97,
        ),
        Bar(
            f"{evaluate_arranged.PAIRS} prompts for two of the {evaluate_arranged.BEST} objects "
            f"drawn best, of {len(PAIRED)} that training paired, both named by the judge",
            "at least 40 %",
            f"{pairs['drawn']['both_top1_percent']} % (real scenes through the VAE: "
            f"{pairs['decoded']['both_top1_percent']} %)"
            if pairs
            else UNMEASURED,
            pairs is not None and pairs["drawn"]["both_top1_percent"] >= 40,
        ),
        Bar(
            f"20 guided steps and the picture, CPU threads: {report['time']['threads']}",
            "at most 4 s",
            f"{seconds} s",
            seconds <= 4,
        ),
        Bar(
            "size of the folder",
            "at most 60 MB",
            f"{report['size_mb']} MB",
            report["size_mb"] <= 60,
        ),
    ]


def _named(name: str, least: tuple[int, int], found: Mapping[str, Any] | None) -> Bar:  # Any: so
    """A goal for how often the judge names what was asked for, best and among its best five.

    Args:
        name: what is measured.
        least: both shares that are wanted, in percent.
        found: what was measured; None where that is still to come.
    """
    wanted = f"at least {least[0]} / {least[1]} %"
    if found is None:
        return Bar(name, wanted, UNMEASURED, reached=False)
    shares = found["top1_percent"], found["top5_percent"]
    reached = shares[0] >= least[0] and shares[1] >= least[1]
    return Bar(name, wanted, f"{shares[0]} / {shares[1]} %", reached)


def write_card(report: Mapping[str, Any], told: Mapping[str, Told]) -> str:  # Any: as above
    """The model card in Markdown.

    Args:
        report: what the evaluation measured.
        told: how each stage was trained.
    """
    goals = "\n".join(
        f"| {bar.name} | {bar.wanted} | {bar.measured} | {'yes' if bar.reached else '**no**'} |"
        for bar in bars(report)
    )
    groups = _by_group(report["prompts"])
    stages = "\n".join(
        f"| {name} | {told[name].steps:,} | {batch} {what} "
        f"| {' to '.join(f'{batch * pace:.0f}' for pace in told[name].pace)} "
        f"| {told[name].hours:.1f} | {told[name].device} |"
        for name, (_, batch, what) in STAGES.items()
    )
    arranged = report["arranged"]
    return CARD.format(
        goals=goals,
        groups=groups,
        typed=TYPED.format(groups=_by_group(report["typed"])) if "typed" in report else "",
        limits=LIMITS.format(rows=_limits(report["limits"])) if "limits" in report else "",
        stages=stages,
        pairs="\n".join(
            f"| {name} | {row['prompts']} | {row['both_top1_percent']} "
            f"| {row['both_top5_percent']} | {row['one_top1_percent']} "
            f"| {row['as_told_top1_percent']} |"
            for name, row in (
                ("of all objects", arranged["pairs"]),
                ("of animals, plants and food", arranged["known_pairs"]),
                ("of all objects, real scenes", arranged["real_pairs"]),
            )
        ),
        placed="\n".join(
            f"| {name} | {row['prompts']} | {row['place_percent']} | {row['size_percent']} "
            f"| {row['named_percent']} |"
            for name, row in (("drawn", arranged["placed"]), ("real", arranged["real_placed"]))
        ),
        arranged_sheet=ARRANGED_SHEET,
        over_guidance=_swept(report["over"]["guidance"], "guidance"),
        over_steps=_swept(report["over"]["steps"], "steps"),
        swept=report["over"]["steps"][0]["prompts"],
        steps=evaluate.STEPS,
        guidance=f"{evaluate.GUIDANCE:g}",
        nearest_rms=report["nearest"]["nearest_rms"],
        between_rms=report["nearest"]["between_training_pictures_rms"],
        nearest_right=report["nearest"]["nearest_is_what_was_asked_percent"],
        nearest_sheet=NEAREST_SHEET,
        judge=f"{report['judge']['top1_percent']} %",
        turns=_turned(told),
        picture_package=pictures.PICTURE_PACKAGE,
        word_package=pictures.WORD_PACKAGE,
        count_package=pictures.COUNT_PACKAGE,
        said_from=f"{unet.SAID_FROM:,}",
        merges_package=vocabulary.MERGES_PACKAGE,
        sentence_package=vocabulary.SENTENCE_PACKAGE,
        sheet=SHEET,
        device=report["device"],
        objects=f"{report['objects']:,}",
    )


def _by_group(found: Mapping[str, Any]) -> str:  # Any: as above
    return "\n".join(
        f"| {name} | {row['prompts']} | {row['top1_percent']} | {row['top5_percent']} |"
        for name, row in found["groups"].items()
    )


def _limits(found: Mapping[str, Any]) -> str:  # Any: as above
    """The table of what real scenes give, whole and through the VAE."""
    rows = [
        (f"{name}, top-1", what, figure)
        for name, what, figure in (
            ("words that people say most", "typed", "top1_percent"),
            ("two objects, both", "pairs", "both_top1_percent"),
            ("one at a place or of a size", "placed", "named_percent"),
        )
    ]
    rows.insert(1, ("words that people say most, top-5", "typed", "top5_percent"))
    return "\n".join(
        f"| {name} | {found[what]['real'][figure]} | {found[what]['decoded'][figure]} |"
        for name, what, figure in rows
    )


def _turned(told: Mapping[str, Told]) -> str:
    """What changed on the way in the stages that went as far, a line each."""
    lines = [
        f"- {stage}, from step {step:,} on: {what}"
        for stage, turns in TURNS.items()
        for step, what in turns.items()
        if step < told[stage].steps
    ]
    return "\n".join([" What changed on the way:\n", *lines]) if lines else ""


def _swept(rows: list[dict[str, Any]], name: str) -> str:  # Any: as above
    return "\n".join(
        f"| {row[name]:g} | {row['top1_percent']} | {row['top5_percent']} "
        f"| {row['background_percent']} |"
        for row in rows
    )


CARD = """# emoji128: the model that Glassbox Diffusion ships

A true Stable Diffusion in small: CLIP text encoder, KL autoencoder, conditional U-Net, in the
folder format of diffusers, half precision. It was trained to draw one object, or two, on a
background of one colour, 128 x 128 pixels, from a prompt such as `a red apple on a blue background`
or `a dog to the left of a pizza`; how often it does is measured below. It is made for looking
inside, not for its pictures. Apache-2.0.

## Measured

By `python -m core.training evaluate`, with fixed seeds, on {device}. All prompts use
wordings that were kept from training; those for one object in the middle use object-on-colour pairs
that were kept from it, those for two objects pairs of objects. The judge is a classifier that saw
real scenes only and names {judge} of them rightly.

| what | goal | measured | reached |
| --- | --- | --- | --- |
{goals}

The 200 prompts by group:

| group | prompts | top-1 % | top-5 % |
| --- | --- | --- | --- |
{groups}
{typed}{limits}
Two objects, by pairs that training never showed together, a square within each half of the picture
looked at by itself. "One" is at least one of the two; "as told" is both, each on the side that was
asked for, in the prompts that say it. Real scenes of the same objects are the most that the judge
could find:

| pairs | prompts | both, top-1 % | both, top-5 % | one, top-1 % | as told, top-1 % |
| --- | --- | --- | --- | --- | --- |
{pairs}

One object at a place or of a size:

| scenes | prompts | at the place % | of the size % | named % |
| --- | --- | --- | --- | --- |
{placed}

`{arranged_sheet}` shows the first ten of the pairs of animals, plants and food, of all pairs, and
of these.

Over guidance, with {steps} steps, and over the number of steps, at guidance {guidance}; {swept} of
the prompts:

| guidance | top-1 % | top-5 % | background % |
| --- | --- | --- | --- |
{over_guidance}

| steps | top-1 % | top-5 % | background % |
| --- | --- | --- | --- |
{over_steps}

Is it memory? Of all objects that were trained on, each on the background that was asked for, the
one nearest to what the model drew is, in the median, an RMS of {nearest_rms} away (0 is equal, 1 is
black against white); between the object that was asked for and the nearest other one it is
{between_rms}. For {nearest_right} % of the prompts the nearest is the very object that was asked
for. `{nearest_sheet}` shows the first pictures, each with its nearest on the right.

Every figure is in `evaluation.json` beside this card; `{sheet}` shows the first pictures
of the evaluation, none picked by hand.

## How it was made

`python -m core.training data`, `text`, `vae`, `unet`, `evaluate`, `export`, in this order.

| stage | steps | each on | samples a second, first to last tenth | hours | by |
| --- | --- | --- | --- | --- | --- |
{stages}

The logs are in `training/`; what the U-Net drew on its way, in `training/milestones/`.{turns}

- **Autoencoder**: 3.1 million parameters, 8 times smaller on each side, 4 channels. Trained on
  random crops with L1, L1 of edges, L1 of coarse averages and a little KL; the decoder a while
  longer, with the encoder and so the latents settled, at last (stage `whole`) on whole scenes,
  because normalisations see other means on a crop, and with the order of magnitude of the squared
  error, which PSNR measures. Each channel was centred and scaled inside `quant_conv` and
  `post_quant_conv`, so that one `scaling_factor` is enough.
- **Text encoder**: the original CLIP byte-pair vocabulary (49,408 ids, those of Stable Diffusion
  1.x), width 192, 4 layers. The token embeddings were not learned: a public sentence model read
  every piece, and principal components reduced what it said to 192 numbers. The layers learned from
  words alone to tell object and background; then, in the stage `pairs`, to tell two objects, places
  and sizes, while the states of single objects were held close to where they were. An image tower
  learned to match pictures to them, which is how the retrieval figure is measured. It does not
  ship.
- **U-Net**: 12.6 million parameters, channels 64, 128, 256, cross-attention at 16 x 16 and 8 x 8.
  Noise schedule of Stable Diffusion 1.x, epsilon prediction, min-SNR-5 weights, averaged weights,
  one caption in ten empty.

## Data and licences

| what | from | licence |
| --- | --- | --- |
| pictures: Microsoft's Fluent Emoji, 3D | npm `{picture_package}` | MIT |
| labels, tags, groups: emojibase | npm `{word_package}` | MIT |
| how often a word is said (U-Net from step {said_from}): SUBTLEX-US | npm `{count_package}` | ISC |
| byte-pair merges: OpenAI's CLIP | PyPI `{merges_package}` | MIT |
| sentence model: all-MiniLM-L6-v2 | PyPI `{sentence_package}` | Apache-2.0 |

No picture or text of the web was used, and no pretrained image model.

## Limits

It was shown {objects} emoji objects on ten colours of background, with English captions; the tables
above say how many of them a classifier recognises when it draws them. It cannot draw more than two
objects, counts, actions or styles, and it mixes up people, who look alike at this size.
Words outside its captions are read through their neighbours in the sentence model, which can
mislead. It learned each object from a single picture, so its pictures resemble that one: it
remembers more than it generalises. Its figures say nothing about Stable Diffusion itself.
"""


TYPED = """
The words that people say most by group. Their wordings are as simple as `a dog` or `a house on a
red background`, so these are not held out. `evaluation.json` tells of each of them:

| typed | prompts | top-1 % | top-5 % |
| --- | --- | --- | --- |
{groups}
"""

LIMITS = """
What could be reached: the same asked of real scenes, as they are and through the VAE, in percent:

| limit | real scenes | through the VAE |
| --- | --- | --- |
{rows}
"""
