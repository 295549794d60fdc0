"""The stage turbo: what the teacher leaves, what is learned from it, and that it goes on."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.ideas.schedule_config import read_alpha_bar
from core.nets.lora import adapted
from core.training import loop, turbo
from core.training.captions import Caption
from core.training.evaluate import GUIDANCE
from core.training.unet import SCHEDULER_CONFIG

CPU = torch.device("cpu")
LEVELS = torch.from_numpy(read_alpha_bar(SCHEDULER_CONFIG)).float()


class Network(nn.Module):
    """Stands for the U-Net: one convolution, and a number of the text added to every position."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(4, 6, 3, padding=1)
        self.text = nn.Linear(3, 6)
        self.conv_out = nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor, t: Tensor, states: Tensor) -> Tensor:
        words = self.text(states).mean(1)[:, :, None, None]
        return self.conv_out((self.conv_in(x) + words).tanh())


class Lessons:
    """Stands for the scenes: captions of one letter, whose latents are all alike."""

    bank = SimpleNamespace()

    def draw(
        self, step: int, times: int, weights: object, chance: random.Random, generator: object
    ) -> tuple[list[Caption], Tensor]:
        captions = [Caption(chance.choice("abc"), 0, 0) for _ in range(times * 2)]
        return captions, torch.ones(len(captions), 4, 16, 16)

    def read(self, texts: list[str], step: int, device: torch.device) -> Tensor:
        values = [float(ord(text)) if text else 0.0 for text in texts]
        return torch.tensor(values)[:, None, None].expand(-1, 5, 3) / 100


@pytest.fixture
def network() -> Any:  # Any: stands for a U-Net
    torch.manual_seed(0)
    return Network().requires_grad_(False)


@pytest.fixture
def pairs(network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    monkeypatch.setattr(turbo, "said_weights", lambda bank: [1.0])
    monkeypatch.setattr(turbo, "BATCH", 8)
    lessons: Any = Lessons()
    return turbo.make_pairs(network, lessons, tmp_path / "pairs", CPU, parts=2)


def test_a_pair_is_what_the_guided_teacher_makes_of_a_noised_scene(
    network: Any, pairs: dict[str, Tensor]
) -> None:
    assert len(pairs["t"]) == 2 * turbo.TIMES * 2 * turbo.AGAIN == len(pairs["caption"])
    assert int(pairs["caption"].max()) + 1 == len(pairs["states"])
    assert set(pairs["t"].tolist()) <= set(range(19, 1000, 20))
    later = pairs["t"] - pairs["t_after"]
    assert (later[pairs["t"] > 60] == 60).all()
    assert (pairs["t_after"][pairs["t"] < 60] == 0).all()
    for n in (0, 40, 63):  # of both parts
        xt, t, after = (pairs[name][n : n + 1] for name in ("xt", "t", "t_after"))
        states = pairs["states"][pairs["caption"][n]][None].float()
        without, asked = (
            network(xt.float(), t, given) for given in (torch.zeros_like(states), states)
        )
        eps = without + GUIDANCE * (asked - without)
        x0 = (xt.float() - (1 - LEVELS[t]).sqrt() * eps) / LEVELS[t].sqrt()
        expected = LEVELS[after].sqrt() * x0 + (1 - LEVELS[after]).sqrt() * eps
        scale = float(expected.abs().max())
        torch.testing.assert_close(
            pairs["after"][n : n + 1].float(), expected, atol=0.05 * scale, rtol=0.05
        )


def test_parts_that_are_there_are_not_made_again(
    network: Any, pairs: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turbo, "_make_part", lambda *_: pytest.fail("made again"))
    lessons: Any = Lessons()
    again = turbo.make_pairs(network, lessons, tmp_path / "pairs", CPU, parts=2)
    assert all(torch.equal(again[name], pairs[name]) for name in pairs)


def test_a_fresh_student_says_what_the_network_says(network: Any) -> None:
    torch.manual_seed(1)
    student = turbo.Student(network, rank=2)
    assert student.names == ("conv_in", "text")
    x, t, states = torch.randn(2, 4, 16, 16), torch.tensor([19, 999]), torch.randn(2, 5, 3)
    with adapted(network, [student.lora()], torch.ones(1, 1)):
        torch.testing.assert_close(network(x, t, states), network(x, t, states))


def test_training_lowers_the_loss_changes_the_student_alone_and_goes_on_after_a_stop(
    network: Any, pairs: dict[str, Tensor], tmp_path: Path
) -> None:
    before = [value.clone() for value in network.state_dict().values()]

    def trained(folder: Path, *stops: int) -> turbo.Student:
        for steps in stops:
            torch.manual_seed(1)
            student = turbo.Student(network, rank=2)
            loss = turbo.turbo_loss(network, student, pairs, CPU)
            plan = loop.Plan(steps=8, lr=1e-2, warmup=1, ema=0.5, save_every=2)
            for progress in loop.train(student, loss, plan, folder):
                if progress.step + 1 == steps:
                    break
        return student

    whole, stopped = trained(tmp_path / "one", 8), trained(tmp_path / "two", 4, 8)
    for one, two in zip(whole.parameters(), stopped.parameters(), strict=True):
        assert torch.equal(one, two)
    assert all(up.abs().sum() > 0 for up in whole.up)
    for value, kept in zip(network.state_dict().values(), before, strict=True):
        assert torch.equal(value, kept)


def test_a_student_that_learns_answers_alike_from_both_places(
    network: Any, pairs: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    student = turbo.Student(network, rank=2)
    loss = turbo.turbo_loss(network, student, pairs, CPU)
    plan = loop.Plan(steps=60, lr=1e-2, warmup=5)
    losses = [made.losses["loss"] for made in loop.train(student, loss, plan, tmp_path)]
    assert sum(losses[-15:]) < 0.9 * sum(losses[:15])
