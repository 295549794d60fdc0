"""Arranged scenes: things stand where they are said to, and what is kept is never drawn."""

import random
from pathlib import Path

import pytest
import torch

from core.training import evaluate_arranged as asked
from core.training import text
from core.training.arranged import (
    ARRANGEMENTS,
    OPPOSITE,
    Arranged,
    compose_arranged,
    draw_arranged,
    other_order,
)
from core.training.captions import pair_caption
from core.training.held_out import is_held_out_composition, is_held_out_pair
from core.training.judge import Judge
from core.training.pictures import PictureBank
from core.training.scenes import COLOUR_NAMES

ALIKE = [1.0] * 8
CPU = torch.device("cpu")


def test_training_draws_nothing_that_is_kept_for_the_evaluation(bank: PictureBank) -> None:
    chance = random.Random(0)
    scenes = [draw_arranged(bank, ALIKE, chance) for _ in range(3000)]
    pairs = [scene for scene in scenes if scene.other is not None]
    assert 0.6 < len(pairs) / len(scenes) < 0.73
    for scene in scenes:
        rows = [scene.row] if scene.other is None else [scene.row, scene.other]
        colour = COLOUR_NAMES[scene.colour]
        for row in rows:
            label = bank.emoji[row].label
            assert colour == "white" or not is_held_out_composition(label, colour)
    for pair in pairs:
        assert pair.other is not None
        assert pair.row != pair.other
        assert not is_held_out_pair(bank.emoji[pair.row].label, bank.emoji[pair.other].label)
        assert pair.how in OPPOSITE


def test_about_one_pair_in_ten_is_kept_in_either_order() -> None:
    names = [f"thing {i}" for i in range(80)]
    pairs = [(a, b) for a in names for b in names if a < b]
    share = sum(is_held_out_pair(*pair) for pair in pairs) / len(pairs)
    assert 0.08 < share < 0.12
    assert all(is_held_out_pair(a, b) == is_held_out_pair(b, a) for a, b in pairs[:200])


def test_an_object_of_no_weight_is_not_drawn(bank: PictureBank) -> None:
    chance = random.Random(0)
    weights = [0.0, *[1.0] * 7]
    scenes = [draw_arranged(bank, weights, chance) for _ in range(300)]
    assert not any(0 in (scene.row, scene.other) for scene in scenes)


def test_objects_that_may_never_stand_together_are_told(bank: PictureBank) -> None:
    labels = [entry.label for entry in bank.emoji[:8]]
    kept = [(a, b) for a in range(8) for b in range(a) if is_held_out_pair(labels[a], labels[b])]
    for drawn in ((0,), kept[0]):
        weights = [float(row in drawn) for row in range(8)]
        with pytest.raises(ValueError, match="may be shown together"):
            # Every third scene would have one object alone.
            [draw_arranged(bank, weights, random.Random(seed)) for seed in range(20)]


@pytest.mark.parametrize("how", ARRANGEMENTS)
def test_an_object_is_where_and_as_large_as_its_arrangement_says(
    bank: PictureBank, how: str
) -> None:
    (scene,) = compose_arranged(bank, [Arranged(3, 0, how)], torch.Generator().manual_seed(0))
    (across, down), length = asked.whereabouts(scene)
    placement = ARRANGEMENTS[how]
    assert across == pytest.approx(placement.centre[0], abs=placement.shift + 0.01)
    assert down == pytest.approx(placement.centre[1], abs=placement.shift + 0.01)
    low, high = placement.scale
    shrunk = length / asked.extent(bank.rgba[3, 3] > 127)[1]
    assert low - 0.05 < shrunk < high + 0.05


@pytest.mark.parametrize("how", ARRANGEMENTS)
@pytest.mark.parametrize("other", [None, 4])
def test_the_other_order_puts_everything_at_the_opposite_place(
    bank: PictureBank, how: str, other: int | None
) -> None:
    if other is not None and how not in OPPOSITE:
        return
    scene = Arranged(1, 1, how, other)
    turned = other_order(scene)
    assert other_order(turned) == scene
    if how not in OPPOSITE:
        assert turned == scene
        return
    first, second = compose_arranged(bank, [scene, turned], torch.Generator().manual_seed(0)).split(
        1
    )
    here = asked.window(first, ARRANGEMENTS[how].centre)
    there = asked.window(second, ARRANGEMENTS[OPPOSITE[how]].centre)
    assert (here - there).abs().mean() < 0.1


@pytest.mark.parametrize("how", OPPOSITE)
def test_two_objects_stand_opposite_each_other(bank: PictureBank, how: str) -> None:
    # rows 1 and 4 are painted in the first and in the third channel alone
    both = Arranged(1, 1, how, other=4)
    scene = compose_arranged(bank, [both], torch.Generator().manual_seed(0))
    for channel, place in ((0, how), (2, OPPOSITE[how])):
        here = asked.window(scene, ARRANGEMENTS[place].centre)[0, channel]
        there = asked.window(scene, ARRANGEMENTS[OPPOSITE[place]].centre)[0, channel]
        assert (here > 0.5).float().mean() > 0.05
        assert (there > 0.5).float().mean() == 0


def test_the_same_seed_paints_the_same_scenes(bank: PictureBank) -> None:
    scenes = [Arranged(1, 1, "top", other=4), Arranged(2, 3, "big")]
    first, again, other = (
        compose_arranged(bank, scenes, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert first.shape == (2, 3, 128, 128)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_questions_were_never_answered_in_training(bank: PictureBank) -> None:
    kept = [
        (a.label, b.label)
        for a in bank.emoji[:8]
        for b in bank.emoji[:8]
        if a.label < b.label and is_held_out_pair(a.label, b.label)
    ]
    assert kept  # else nothing could be asked
    questions = asked.pair_questions(bank, count=20)
    assert questions == asked.pair_questions(bank, count=20)
    for question in questions:
        assert question.scene.other is not None
        names = sorted(bank.emoji[r].label for r in (question.scene.row, question.scene.other))
        assert tuple(names) in kept
        assert "against" in question.text
    assert [question.told for question in questions[:4]] == [True, False, True, False]
    placed = asked.placed_questions(bank, 12)
    assert [question.scene.how for question in placed] == [*ARRANGEMENTS] * 2
    assert all("a photo of" in question.text for question in placed)


class Reader(Judge):
    """Names discs by the channels that they are painted in: exactly the first eight rows."""

    def __init__(self) -> None:
        super().__init__(8)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One-hot logits of the row whose channels are bright in the middle."""
        middle = pictures[:, :, 24:40, 24:40].mean((2, 3)) > 0.5
        rows = (middle * torch.tensor([1, 2, 4])).sum(1)
        return torch.eye(8)[rows], torch.zeros(len(rows), 10)


def test_judging_tells_both_one_and_places(bank: PictureBank) -> None:
    told = asked.Question("", Arranged(1, 1, "left", other=4))
    untold = asked.Question("", Arranged(1, 1, "left", other=4), told=False)

    def judged(question: asked.Question, *seen: Arranged) -> dict[str, object]:
        pictures = compose_arranged(bank, seen, torch.Generator().manual_seed(0))
        return asked.judge_pairs(Reader(), [question] * len(seen), pictures, CPU)

    right = judged(told, told.scene)
    assert right["both_top1_percent"] == right["as_told_top1_percent"] == 100.0
    swapped = judged(told, Arranged(4, 1, "left", other=1))
    assert (swapped["both_top1_percent"], swapped["as_told_top1_percent"]) == (100.0, 0.0)
    assert judged(untold, Arranged(4, 1, "top", other=1))["both_top1_percent"] == 100.0
    half = judged(told, Arranged(1, 1, "left", other=2), Arranged(2, 1, "left", other=6))
    assert (half["both_top1_percent"], half["one_top1_percent"]) == (0.0, 50.0)


def test_judging_tells_place_size_and_name(bank: PictureBank) -> None:
    def judged(asked_for: Arranged, seen: Arranged) -> tuple[object, ...]:
        pictures = compose_arranged(bank, [seen], torch.Generator().manual_seed(0))
        found = asked.judge_placed(Reader(), [asked.Question("", asked_for)], pictures, bank, CPU)
        return found["place_percent"], found["size_percent"], found["named_percent"]

    assert judged(Arranged(1, 1, "left"), Arranged(1, 1, "left")) == (100.0, 0.0, 100.0)
    assert judged(Arranged(1, 1, "left"), Arranged(1, 1, "right"))[0] == 0.0
    assert judged(Arranged(5, 1, "small"), Arranged(5, 1, "small"))[1] == 100.0
    assert judged(Arranged(5, 1, "small"), Arranged(5, 1, "big"))[1] == 0.0
    assert judged(Arranged(5, 1, "big"), Arranged(5, 1, "big"))[1:] == (100.0, 100.0)
    for how in ("small", "big", "left"):  # nothing has no size and no place
        question = asked.Question("", Arranged(5, 1, how))
        found = asked.judge_placed(Reader(), [question], torch.ones(1, 3, 128, 128), bank, CPU)
        assert (found["size_percent"], found["place_percent"]) == (0.0, 0.0)


def test_nothing_is_nowhere() -> None:
    assert asked.whereabouts(torch.ones(3, 32, 32)) == ((0.0, 0.0), 0.0)


def test_the_last_word_of_the_second_object_is_found_among_the_ids(data_folder: Path) -> None:
    scene = Arranged(0, 5, "left", other=1)
    caption = pair_caption(scene, ("red apple", "polar bear"), "{a} left of {b} on {c}", told=True)
    assert caption.text == "a red apple left of a polar bear on green"
    ids = text.CaptionIds(data_folder)
    (place,) = ids.last_words([caption]).tolist()
    (tokens,) = ids([caption.text]).tolist()
    (alone,) = ids(["bear"]).tolist()
    assert tokens[place] == alone[1]
