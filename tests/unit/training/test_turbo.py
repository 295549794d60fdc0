"""The stage turbo: what the teacher leaves, what is learned from it, and that it goes on."""

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.errors import ExplainerError
from core.ideas.schedule_config import read_alpha_bar
from core.models.manifest import write_manifest
from core.models.small_decoder import digest_of
from core.models.turbo import load_turbo
from core.nets.lora import Lora, adapted
from core.training import evaluate_turbo, loop, turbo, turbo_shipped
from core.training.captions import Caption
from core.training.evaluate import GUIDANCE, Report
from core.training.run import Run, train_stage
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
    monkeypatch.setattr(turbo, "said_weights", lambda bank, share: [1.0])
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
    plain = network(x, t, states)
    with adapted(network, [student.lora()], torch.ones(1, 1)):
        torch.testing.assert_close(network(x, t, states), plain)
    with torch.no_grad():
        student.up[0].add_(0.1)
    with adapted(network, [student.lora()], torch.ones(1, 1)):
        assert not torch.allclose(network(x, t, states), plain)


def test_training_goes_on_from_the_lora_that_ships(network: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    student = turbo.Student(network)
    with torch.no_grad():
        for up in student.up:
            up.normal_()
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    turbo_shipped.write_lora(student.lora(), "a digest", shipped)
    (shipped / "evaluation.json").write_text(json.dumps({"trained_steps": 7}))
    (shipped / "training.csv").write_text("step,rate,loss,seconds\n7,0.1,1.0,2.0\n")
    write_manifest(shipped)
    assert turbo_shipped.restore(network, tmp_path, shipped) == 7
    fresh = turbo.Student(network)
    assert loop.load_weights(tmp_path / "turbo", fresh, averaged=True) == 7
    for name, pair in turbo_shipped.halved(student.lora()).items():
        torch.testing.assert_close(fresh.lora()[name].down, pair.down)
        torch.testing.assert_close(fresh.lora()[name].up, pair.up)
    with pytest.raises(ExplainerError, match="of its own"):
        turbo_shipped.restore(network, tmp_path, shipped)


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


def measured(calls_right: float) -> Any:  # Any: a report holds what JSON holds
    def row(calls: int, top1: float) -> dict[str, float]:
        return {
            **{"calls": calls, "top1_percent": top1, "top5_percent": 99.0},
            **{"background_percent": 98.0, "psnr_db": 21.5},
        }

    return {
        "prompts": 200,
        "teacher": {"steps": 20, "guidance": 5.0} | dict.fromkeys(evaluate_turbo.KEPT, 80.0),
        "ddim": [row(calls, 10.0 * calls) for calls in evaluate_turbo.CALLS],
        "turbo": [row(calls, calls_right if calls == 4 else 1.5) for calls in evaluate_turbo.CALLS],
        "variety": {
            **{"prompts": 12, "seeds": 6, "teacher": 0.123},
            "turbo": [{"calls": calls, "rms": 0.1} for calls in evaluate_turbo.CALLS],
        },
    }


def test_what_ships_is_what_was_averaged_and_names_its_unet(
    network: Any, pairs: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    student = turbo.Student(network)
    loss = turbo.turbo_loss(network, student, pairs, CPU)
    train_stage(Run(tmp_path, CPU, steps=3), "turbo", student, loss, turbo.PLAN)
    seen: list[Lora] = []

    def measure(lora: Lora) -> dict[str, object]:
        seen.append(lora)
        return measured(73.7)

    target = tmp_path / "turbo128"
    found = turbo_shipped.ship(tmp_path / "turbo", network, measure, target)
    assert found["trained_steps"] == 3
    lora, unet = load_turbo(target)
    assert unet == digest_of(network)
    averaged = turbo.Student(network)
    loop.load_weights(tmp_path / "turbo", averaged, averaged=True)
    for name, pair in averaged.lora().items():
        for ours, theirs in ((lora[name], pair), (seen[0][name], pair)):
            torch.testing.assert_close(ours.down, theirs.down.detach().half().float())
            torch.testing.assert_close(ours.up, theirs.up.detach().half().float())
            assert ours.scale == 1
    card = (target / "MODEL_CARD.md").read_text()
    assert "| at least 73.6 % | 73.7 % | yes |" in card
    assert "| this LoRA, 4 | 4 | 73.7 | 99.0 | 98.0 | 21.5 |" in card
    assert "| DDIM, guided, trailing spacing, 8 | 16 | 80.0 |" in card


def test_renewing_measures_only_what_is_missing_and_refuses_another_unet(
    network: Any, tmp_path: Path
) -> None:
    student = turbo.Student(network)
    turbo_shipped.write_lora(student.lora(), "a digest", tmp_path)
    report = Report(tmp_path)
    report.found |= {"trained_steps": 3, "device": "a test"}
    turbo_shipped.describe(tmp_path, report.found | {"few": measured(73.5)})
    turbo_shipped.renew(lambda _: pytest.fail("measured again"), "a digest", tmp_path)
    assert "| 73.5 % | **no** |" in (tmp_path / "MODEL_CARD.md").read_text()
    with pytest.raises(ExplainerError, match="distilled from another U-Net"):
        turbo_shipped.renew(measured, "another", tmp_path)


def test_variety_is_the_mean_distance_between_seeds_of_one_prompt() -> None:
    pictures = torch.zeros(6, 3, 8, 8, dtype=torch.uint8)
    pictures[1] = 255  # the first prompt: distances 1, 0, 1; the second: all the same
    pictures[3:] = 40
    assert evaluate_turbo.variety(pictures, seeds=3) == pytest.approx((2 / 3 + 0) / 2)
