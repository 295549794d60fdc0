"""Stage small_judge: a classifier small enough to ship names the objects that the model draws.

It is not the judge of the evaluation (judge.py), which is larger and never ships: the model is not
measured by what a page shows beside it. It too sees real scenes alone, never what the model drew,
and many of them blurred and with other contrast, as estimates are while a run is under way.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.judge_names import FOLDER, WORDS
from core.models.known_words import words_in
from core.models.latents import to_bytes
from core.models.manifest import write_manifest
from core.models.small_judge import NAME, WEIGHTS, judge_pictures, load_small_judge
from core.nets.autoencoder import Autoencoder
from core.nets.image_tower import SIDE, ImageTower
from core.training import export, loop
from core.training.captions import spoken
from core.training.evaluate import SEED, Drawn, hits
from core.training.held_out import trained_colours
from core.training.history import CARD, REPORT, read_report
from core.training.judge import PLACEMENT
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import CENTRED, COLOUR_NAMES, compose

PLAN = Plan(steps=3200, lr=1.5e-3, warmup=100, ema=0.995, seed=14, save_every=250)
BATCH = 64
SIZES = {"width": 24, "hidden": 192}
BLURS = (1, 1, 2, 4)  # pixels of the judge's picture made one, and spread again; each as often
CONTRAST = 0.4  # how far it goes up and down
LARGEST = 2_000_000  # bytes of weights
GOALS = {"sharp": 95, "blurred": 75}  # percent


def build_small_judge(objects: int) -> ImageTower:
    """A fresh small judge of just under a million parameters."""
    return ImageTower(objects, **SIZES)


def judge_loss(judge: ImageTower, bank: PictureBank, device: torch.device) -> BatchLoss:
    """Cross entropy over the objects, on backgrounds that the evaluation does not ask for."""
    colours_of = [trained_colours(entry.label) for entry in bank.emoji[: bank.objects]]

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = torch.randint(bank.objects, (BATCH,), generator=generator)
        draws = torch.rand(BATCH, generator=generator)
        colours = torch.tensor(
            [
                colours_of[row][int(draw * len(colours_of[row]))]
                for row, draw in zip(rows.tolist(), draws.tolist(), strict=True)
            ]
        )
        scenes = compose(bank, rows, colours, PLACEMENT, generator)
        answers = judge(roughen(F.avg_pool2d(scenes, 2), generator).to(device)).float()
        named = F.cross_entropy(answers, rows.to(device))
        right = (answers.argmax(1) == rows.to(device)).float().mean()
        return {"loss": named, "right": right}

    return batch_loss


def roughen(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Blur pictures (B, 3, 64, 64), give them another contrast and add a little noise, each alone.

    Args:
        pictures: in [-1, 1].
        generator: of what is drawn for each.
    """
    chosen = torch.randint(len(BLURS), (len(pictures),), generator=generator)
    blurred = [
        blur(one, BLURS[place])
        for one, place in zip(pictures.split(1), chosen.tolist(), strict=True)
    ]
    contrast = 1 + CONTRAST * (2 * torch.rand(len(pictures), 1, 1, 1, generator=generator) - 1)
    noise = 0.03 * torch.randn(pictures.shape, generator=generator)
    return (contrast * torch.cat(blurred)).clamp(-1, 1) + noise


def blur(pictures: Tensor, by: int) -> Tensor:
    """Make ``by`` x ``by`` pixels of pictures (B, 3, H, W) one, and spread them smoothly again."""
    if by == 1:
        return pictures
    small = F.avg_pool2d(pictures, by)
    return F.interpolate(small, size=pictures.shape[2:], mode="bilinear", align_corners=False)


@torch.inference_mode()
def measure(
    judge: ImageTower, autoencoder: Autoencoder, bank: PictureBank, device: torch.device
) -> dict[str, dict[str, float]]:
    """How often it is right on scenes whose object on this background it never saw.

    Args:
        judge: as it ships.
        autoencoder: the one that ships.
        bank: the pictures.
        device: of both.

    Returns:
        For scenes as they are, through the autoencoder, and blurred: how many they are, top-1 and
        top-5 in percent, and the mean share of the first answer, in percent: as large as the first
        where the judge knows what it knows.
    """
    generator = torch.Generator().manual_seed(SEED + 2)
    pairs = [
        (row, colour)
        for row, entry in enumerate(bank.emoji[: bank.objects])
        for colour in sorted(set(range(len(COLOUR_NAMES))) - set(trained_colours(entry.label)))[:1]
    ]
    rows, colours = (torch.tensor(column) for column in zip(*pairs, strict=True))
    found: dict[str, list[Tensor]] = {"sharp": [], "decoded": [], "blurred": []}
    for some, on in zip(rows.split(64), colours.split(64), strict=True):
        scenes = compose(bank, some, on, CENTRED, generator)
        decoded = autoencoder.decode(autoencoder.encode(scenes.to(device)).mean).float().cpu()
        seen = {
            "sharp": scenes,
            "decoded": decoded.clamp(-1, 1),
            "blurred": blur(scenes, 2 * max(BLURS)),
        }
        for name, pictures in seen.items():
            found[name].append(judge(F.avg_pool2d(pictures, 2).to(device)).float().cpu())
    answers = {name: torch.cat(parts) for name, parts in found.items()}
    return {
        name: {
            "scenes": len(rows),
            **hits(scores, rows),
            "mean_share_percent": round(100 * float(scores.softmax(1).amax(1).mean()), 1),
        }
        for name, scores in answers.items()
    }


def measure_drawn(judge: ImageTower, drawn: Drawn) -> dict[str, float]:
    """How often it names what the model was asked for, in what the model drew.

    Args:
        judge: as it ships.
        drawn: by the model that ships.
    """
    pictures = to_bytes((drawn.pictures + 1) / 2).permute(0, 2, 3, 1)
    shares = torch.cat([judge_pictures(judge, some) for some in pictures.split(64)])
    rows = torch.tensor([caption.row for caption in drawn.captions])
    return {"prompts": len(rows), **hits(shares, rows)}


def beside_the_evaluation(
    judge: ImageTower,
    drawn: Drawn,
    evaluated: Mapping[str, Any],  # Any: JSON
) -> dict[str, Any]:  # Any: as above
    """What hangs on the model that ships: what both judges find of the same pictures."""
    return {"drawn": measure_drawn(judge, drawn), "evaluation_judge": told_by(evaluated)}


def told_by(evaluated: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
    """What the evaluation's judge found of the same pictures, by the model's report."""
    kept = ("prompts", "top1_percent", "top5_percent")
    return {name: evaluated["typed"][name] for name in kept}


def renew(
    drawn: Drawn,
    evaluated: Mapping[str, Any],  # Any: JSON
    folder: Path = FOLDER,
) -> None:
    """Measure the judge that ships on what newer weights of the model draw.

    Args:
        drawn: as for :func:`ship`.
        evaluated: as for :func:`ship`.
        folder: of the small judge.
    """
    found = read_report(folder) | beside_the_evaluation(load_small_judge(folder), drawn, evaluated)
    (folder / REPORT).write_text(json.dumps(found, indent=2) + "\n")
    (folder / CARD).write_text(write_card(found, (folder / WEIGHTS).stat().st_size))
    write_manifest(folder)


def ship(
    run_folder: Path,
    bank: PictureBank,
    autoencoder: Autoencoder,
    drawn: Drawn,
    evaluated: Mapping[str, Any],  # Any: JSON
    target: Path = FOLDER,
) -> dict[str, Any]:  # Any: JSON
    """Measure the averaged weights and write them, with what was measured, into the project.

    Args:
        run_folder: the stage's, with its checkpoint.
        bank: what it can name.
        autoencoder: the one that ships.
        drawn: what the model that ships made of the prompts that people type first.
        evaluated: the report of the model, for what the evaluation's judge found of the same.
        target: the small judge's folder; what is there is replaced.

    Returns:
        What was measured.
    """
    judge = build_small_judge(bank.objects)
    steps = loop.load_weights(run_folder, judge, averaged=True)
    judge.half().float().eval()  # as it ships
    found = {
        "objects": bank.objects,
        "trained_steps": steps,
        "device": (run_folder / "device.txt").read_text().strip(),
        "scenes": measure(judge, autoencoder, bank, torch.device("cpu")),
        **beside_the_evaluation(judge, drawn, evaluated),
    }
    with export.replaced(target) as fresh:
        config = SIZES | {"objects": bank.objects}
        export.write_network(fresh, NAME, config, judge.state_dict())
        (fresh / WORDS).write_text(json.dumps(words_of(bank), ensure_ascii=False) + "\n", "utf-8")
        (fresh / REPORT).write_text(json.dumps(found, indent=2) + "\n")
        export.thin(run_folder / "log.csv", fresh / "training.csv")
        (fresh / CARD).write_text(write_card(found, (fresh / WEIGHTS).stat().st_size))
    return found


def words_of(bank: PictureBank) -> dict[str, object]:
    """What the small judge's outputs are called.

    Args:
        bank: what it can name.

    Returns:
        "objects", a name for each output, and "called": by each other word for an object the
        outputs that it may mean.
    """
    objects = bank.emoji[: bank.objects]
    called: dict[str, list[int]] = {}
    for row, entry in enumerate(objects):
        for tag in (tag for tag in entry.tags if len(words_in(tag)) == 1):
            called.setdefault(tag, []).append(row)
    names = [spoken(entry.label) for entry in objects]
    return {"objects": names, "called": called}


def write_card(found: Mapping[str, Any], size: int) -> str:  # Any: JSON
    """The small judge's card in Markdown.

    Args:
        found: what ``ship`` measured.
        size: of its weights, bytes.
    """
    says = {
        "sharp": "as they are",
        "decoded": "through the model's autoencoder and back",
        "blurred": f"blurred to {SIDE // max(BLURS)} x {SIDE // max(BLURS)} pixels",
    }
    rows = [
        f"{says[name]} | {row['top1_percent']} | {row['top5_percent']} "
        f"| {row['mean_share_percent']} "
        f"| {f'at least {GOALS[name]} %' if name in GOALS else ''} "
        f"| {_say(row['top1_percent'] >= GOALS[name]) if name in GOALS else ''} |"
        for name, row in found["scenes"].items()
    ]
    drawn, other = found["drawn"], found["evaluation_judge"]
    return CARD_TEXT.format(
        rows="\n".join(f"| {row}" for row in rows),
        scenes=f"{found['scenes']['sharp']['scenes']:,}",
        objects=f"{found['objects']:,}",
        prompts=drawn["prompts"],
        drawn=f"{drawn['top1_percent']} | {drawn['top5_percent']}",
        other=f"{other['top1_percent']} | {other['top5_percent']}",
        megabytes=f"{size / 1e6:.2f}",
        reached=_say(size <= LARGEST),
        most=f"{LARGEST / 1e6:g}",
        side=SIDE,
        steps=f"{found['trained_steps']:,}",
        batch=BATCH,
        device=found["device"],
    )


def _say(reached: bool) -> str:
    return "yes" if reached else "**no**"


CARD_TEXT = """# judge64: a small judge of what is in a picture

A small convolutional network (`core/nets/image_tower.py`) that names one of {objects} objects in a
picture of {side} x {side} pixels. The page Generation asks it of every estimate of a run, to show
from which call on the picture is taken for what the prompt asks for. Architecture, weights and code
are our own. Apache-2.0.

## What it does not know

It knows {objects} drawn objects, one picture of each, and nothing else: whatever it is shown, it
takes for one of them. Photographs, two objects, and pictures of other models are foreign to it, and
the app does not ask it about them. It is not the judge that the built-in model is evaluated by,
which is larger and trained apart, and no figure of the model's card comes from here.

## Measured

{scenes} scenes of an object on a background on which training never showed that object. The mean
share is what it gives to its first answer: where that is more than top-1, it is too sure.

| scenes | top-1 % | top-5 % | mean share % | wanted (top-1) | reached |
| --- | --- | --- | --- | --- | --- |
{rows}

The {prompts} words that people type first, as the built-in model drew them, finished:

| judge | top-1 % | top-5 % |
| --- | --- | --- |
| this one | {drawn} |
| the evaluation's | {other} |

Its weights have {megabytes} MB; at most {most} MB were wanted: {reached}.

## How it was made

`python -m core.training small_judge`: {steps} steps of {batch} scenes, {device}. Every scene is
composed anew from public pictures (Fluent Emoji, MIT); half are blurred, all change their contrast
and get a little noise. Cross entropy, averaged weights, half precision.
"""
