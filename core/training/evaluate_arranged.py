"""Arranged scenes in the evaluation: are both objects there, and where; places and sizes.

The prompts use wordings that no training caption has, and pairs of objects that training never
shows together. The same questions are asked of real scenes: what the judge then finds is the most
that could be found.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
import torch.nn.functional as F
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
    StableDiffusionPipeline,
)
from torch import Tensor

from core.training.arranged import ARRANGEMENTS, OPPOSITE, TRIES, Arranged, compose_arranged
from core.training.captions import (
    ARRANGED_WORDINGS,
    HELD_OUT_PAIR_WORDING,
    HELD_OUT_TAIL,
    PAIR_WORDINGS,
    Caption,
    fill,
    pair_caption,
    spoken,
)
from core.training.evaluate import draw
from core.training.held_out import is_held_out_pair
from core.training.judge import SIDE, Judge
from core.training.pictures import PictureBank
from core.training.scenes import COLOUR_NAMES

SEED = 3_141
PAIRS, PLACED = 100, 60
BEST = 60  # the objects drawn best, of which pairs are asked for by themselves
KNOWN = ("animals-nature", "food-drink")  # drawn best, so asked for by themselves too
HELD_OUT_START = "a photo of "
FAR = 0.12  # of the side: the least that an object must stand off the middle to be at a place
DIFFERENT = 0.25  # from the background, of the length of white - black in one channel
SMALL, BIG = 0.6, 0.94  # a small object is shrunk to less, a big one to no less


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and what it asks for; ``told`` where it says which object stands where."""

    text: str
    scene: Arranged
    told: bool = True

    @property
    def caption(self) -> Caption:
        """The prompt as the evaluation draws it."""
        return Caption(self.text, self.scene.row, self.scene.colour)


def pair_questions(
    bank: PictureBank,
    groups: Sequence[str] = (),
    count: int = PAIRS,
    among: Sequence[int] | None = None,
) -> list[Question]:
    """Prompts for two objects that training never showed together; every other one says where.

    Args:
        bank: the pictures.
        groups: the objects' groups; all where none is named.
        count: how many.
        among: rows that both objects are of; all of the groups where None.

    Raises:
        ValueError: hardly any two of these objects were kept from the training.
    """
    chance = random.Random(f"{SEED}:{':'.join(groups)}")
    rows = [
        row
        for row in (range(bank.objects) if among is None else among)
        if not groups or bank.emoji[row].group in groups
    ]
    questions: list[Question] = []
    for _ in range(TRIES):
        if len(questions) == count:
            return questions
        row, other = chance.sample(rows, 2)
        if not is_held_out_pair(bank.emoji[row].label, bank.emoji[other].label):
            continue
        how = chance.choice(tuple(OPPOSITE))
        scene = Arranged(row, chance.randrange(len(COLOUR_NAMES)), how, other)
        told = len(questions) % 2 == 0
        wording = HELD_OUT_START + PAIR_WORDINGS[how][0] if told else HELD_OUT_PAIR_WORDING
        names = spoken(bank.emoji[row].label), spoken(bank.emoji[other].label)
        text = pair_caption(scene, names, wording + HELD_OUT_TAIL, told=told).text
        questions.append(Question(text, scene, told))
    raise ValueError(f"only {len(questions)} pairs were kept from the training, expected {count}")


def placed_questions(bank: PictureBank, count: int = PLACED) -> list[Question]:
    """Prompts for one object at a place or of a size, every arrangement as often."""
    chance = random.Random(f"{SEED}:placed")
    questions = []
    for number in range(count):
        how = tuple(ARRANGEMENTS)[number % len(ARRANGEMENTS)]
        scene = Arranged(chance.randrange(bank.objects), chance.randrange(len(COLOUR_NAMES)), how)
        wording = HELD_OUT_START + ARRANGED_WORDINGS[how][0] + HELD_OUT_TAIL
        name = spoken(bank.emoji[scene.row].label)
        questions.append(Question(fill(wording, name, COLOUR_NAMES[scene.colour]), scene))
    return questions


def real_scenes(bank: PictureBank, questions: list[Question]) -> Tensor:
    """What was asked for, composed of the real pictures, (n, 3, 128, 128), in [-1, 1]."""
    generator = torch.Generator().manual_seed(SEED)
    return compose_arranged(bank, [question.scene for question in questions], generator)


def measure(
    pipeline: StableDiffusionPipeline, judge: Judge, bank: PictureBank, device: torch.device
) -> tuple[dict[str, object], Tensor]:
    """Draw and judge every question, and ask the same of real scenes.

    Args:
        pipeline: draws.
        judge: names what it sees.
        bank: the pictures.
        device: of the judge.

    Returns:
        The figures, in percent, and the first pictures of every kind, (30, 3, 128, 128).
    """
    every, known, placed = pair_questions(bank), pair_questions(bank, KNOWN), placed_questions(bank)
    drawn = [
        draw(pipeline, [question.caption for question in questions]).pictures
        for questions in (every, known, placed)
    ]
    figures: dict[str, object] = {
        "pairs": judge_pairs(judge, every, drawn[0], device),
        "known_pairs": judge_pairs(judge, known, drawn[1], device),
        "real_pairs": judge_pairs(judge, every, real_scenes(bank, every), device),
        "placed": judge_placed(judge, placed, drawn[2], bank, device),
        "real_placed": judge_placed(judge, placed, real_scenes(bank, placed), bank, device),
    }
    return figures, torch.cat([pictures[:10] for pictures in (drawn[1], drawn[0], drawn[2])])


@torch.inference_mode()
def judge_pairs(
    judge: Judge, questions: list[Question], pictures: Tensor, device: torch.device
) -> dict[str, object]:
    """How often the judge finds both objects, one in each half, in percent.

    Of a half a square of half the side is looked at by itself, around each of the four places.
    "Both" takes any two opposite halves; "as told" asks for each object in its own place.
    """
    best = {
        place: judge(window(pictures, ARRANGEMENTS[place].centre).to(device))[0]
        .cpu()
        .topk(5)
        .indices
        for place in OPPOSITE
    }

    def finds(index: int, place: str, scene: Arranged, top: int) -> tuple[bool, bool]:
        """Whether the first is found at ``place`` and the second opposite."""
        here, there = best[place][index, :top], best[OPPOSITE[place]][index, :top]
        return bool((here == scene.row).any()), bool((there == scene.other).any())

    found: dict[str, object] = {"prompts": len(questions)}
    for top in (1, 5):
        both, one, told = [], [], []
        for index, question in enumerate(questions):
            seen = {place: finds(index, place, question.scene, top) for place in OPPOSITE}
            both.append(any(all(pair) for pair in seen.values()))
            one.append(any(any(pair) for pair in seen.values()))
            if question.told:
                told.append(all(seen[question.scene.how]))
        found |= {
            f"both_top{top}_percent": _percent(both),
            f"one_top{top}_percent": _percent(one),
            f"as_told_top{top}_percent": _percent(told),
        }
    return found


@torch.inference_mode()
def judge_placed(
    judge: Judge,
    questions: list[Question],
    pictures: Tensor,
    bank: PictureBank,
    device: torch.device,
) -> dict[str, object]:
    """How often one object is where it was asked for, of the size that was asked for, and named."""
    at_place, of_size, named = [], [], []
    for question, picture in zip(questions, pictures, strict=True):
        how = question.scene.how
        (across, down), length = whereabouts(picture)
        if how in OPPOSITE:
            x, y = ARRANGEMENTS[how].centre
            along = (across * x + down * y) / (abs(x) + abs(y))
            at_place.append(along >= FAR and along >= max(abs(across), abs(down)) - 1e-6)
        else:
            scale = length / extent(bank.rgba[question.scene.row, 3] > 127)[1]
            of_size.append(0 < scale <= SMALL if how == "small" else scale >= BIG)
        side = 1.0 if how == "big" else 0.5
        seen = window(picture[None], ARRANGEMENTS[how].centre, side).to(device)
        named.append(int(judge(seen)[0].argmax()) == question.scene.row)
    return {
        "prompts": len(questions),
        "place_percent": _percent(at_place),
        "size_percent": _percent(of_size),
        "named_percent": _percent(named),
    }


def window(pictures: Tensor, centre: tuple[float, float], side: float = 0.5) -> Tensor:
    """A square part of pictures (B, 3, H, W), resized to what the judge sees, (B, 3, 64, 64).

    Args:
        pictures: in [-1, 1].
        centre: of the part, right and down from the middle, as shares of the side.
        side: of the part, as a share of the side.
    """
    whole = pictures.shape[-1]
    length = round(side * whole)
    left, top = (round((0.5 + c) * whole - length / 2) for c in centre)
    part = pictures[..., top : top + length, left : left + length]
    return F.interpolate(part, size=(SIDE, SIDE), mode="area")


def whereabouts(picture: Tensor) -> tuple[tuple[float, float], float]:
    """Where the object of a picture (3, H, W) is: what is not of the border's colour.

    Returns:
        See :func:`extent`.
    """
    border = torch.cat([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], dim=1)
    background = border.median(dim=1).values[:, None, None]
    return extent((picture - background).norm(dim=0) / 2 > DIFFERENT)


def extent(mask: Tensor) -> tuple[tuple[float, float], float]:
    """Where the true part of a mask (H, W) is, and how long, as shares of the side.

    Returns:
        Its centre, right and down from the middle, and the longer side of the box around most of
        it; zeros where there is almost nothing.
    """
    side = mask.shape[-1]
    places = mask.nonzero().float()  # (k, 2): down, across
    if len(places) < 10:
        return (0.0, 0.0), 0.0
    low, high = places.quantile(0.01, dim=0), places.quantile(0.99, dim=0)
    down, across = ((places.mean(0) + 0.5) / side - 0.5).tolist()
    return (across, down), float((high - low).max() + 1) / side


def _percent(found: list[bool]) -> float:
    return round(100 * fmean(found), 1) if found else 0.0
