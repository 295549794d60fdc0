"""The training loop: an interrupted run ends where an uninterrupted one ends."""

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from core.errors import ExplainerError
from core.training import loop
from core.training.loop import Again, Plan, Progress
from core.training.run import Run, train_stage

PLAN = Plan(steps=12, lr=1e-2, warmup=3, ema=0.9, seed=3, save_every=4)


def problem() -> tuple[nn.Module, loop.BatchLoss]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 1))
    frozen = nn.Linear(1, 1)
    model.append(frozen.requires_grad_(False))

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        x = torch.randn(16, 3, generator=generator)
        return {"loss": (model(x).float() - x.sum(1, keepdim=True)).pow(2).mean()}

    return model, batch_loss


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, batch_loss = problem()
    expected = list(loop.train(whole, batch_loss, PLAN, tmp_path / "whole"))
    broken, batch_loss = problem()
    first = list(itertools.islice(loop.train(broken, batch_loss, PLAN, tmp_path / "broken"), 6))
    assert [p.step for p in first] == list(range(6))  # cut off after step 5, saved at step 4
    again, batch_loss = problem()
    rest = list(loop.train(again, batch_loss, PLAN, tmp_path / "broken"))
    assert [p.step for p in rest] == list(range(4, 12))
    assert rest == expected[4:]
    for name, value in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_training_lowers_the_loss_and_leaves_frozen_weights_alone(tmp_path: Path) -> None:
    model, batch_loss = problem()
    frozen = model[-1].weight.clone()
    steps = list(loop.train(model, batch_loss, Plan(steps=120, lr=2e-2, warmup=5), tmp_path))
    early = sum(p.losses["loss"] for p in steps[:10])
    late = sum(p.losses["loss"] for p in steps[-10:])
    assert late < 0.3 * early
    assert torch.equal(model[-1].weight, frozen)


def test_more_steps_go_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    model, batch_loss = problem()
    list(loop.train(model, batch_loss, PLAN, tmp_path))
    longer = Plan(steps=15, lr=1e-2, warmup=3, ema=0.9, seed=3)
    assert [p.step for p in loop.train(model, batch_loss, longer, tmp_path)] == [12, 13, 14]
    assert loop.checkpoint_step(tmp_path) == 15


def test_averaged_weights_are_kept_beside_the_trained_ones(tmp_path: Path) -> None:
    model, batch_loss = problem()
    list(loop.train(model, batch_loss, PLAN, tmp_path))
    averaged, _ = problem()
    assert loop.load_weights(tmp_path, averaged, averaged=True) == 12
    plain, _ = problem()
    loop.load_weights(tmp_path, plain, averaged=False)
    assert torch.equal(plain[0].weight, model[0].weight)
    assert not torch.equal(averaged[0].weight, model[0].weight)


def test_a_stage_that_never_ran_has_no_checkpoint(tmp_path: Path) -> None:
    model, _ = problem()
    assert loop.checkpoint_step(tmp_path) == 0
    with pytest.raises(FileNotFoundError):
        loop.load_weights(tmp_path, model, averaged=True)


def test_a_loss_that_is_no_number_stops_before_it_is_saved(tmp_path: Path) -> None:
    model, batch_loss = problem()
    list(loop.train(model, batch_loss, PLAN, tmp_path))

    def broken(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        losses = batch_loss(step, generator)
        return {"loss": losses["loss"] * (float("nan") if step == 13 else 1.0)}

    longer = Plan(steps=20, lr=1e-2, warmup=3, ema=0.9, seed=3, save_every=1)
    with pytest.raises(ExplainerError, match="step 14"):
        list(loop.train(model, broken, longer, tmp_path))
    assert loop.checkpoint_step(tmp_path) == 13
    loop.load_weights(tmp_path, model, averaged=False)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_the_rate_warms_up_peaks_and_falls_to_a_fiftieth() -> None:
    plan = Plan(steps=1000, lr=1e-3, warmup=100)
    rates = [plan.rate(step) for step in range(1000)]
    assert rates[0] == pytest.approx(1e-5)
    assert max(rates) == pytest.approx(1e-3)
    assert rates.index(max(rates)) in (99, 100)
    assert plan.rate(1000) == pytest.approx(2e-5)
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_weights_without_the_optimizers_state_go_on_gently(tmp_path: Path) -> None:
    model, batch_loss = problem()
    weights = {f"model/{name}": value for name, value in model.state_dict().items()}
    loop.save_whole(weights, tmp_path / loop.CHECKPOINT, step=6)
    early = Plan(steps=12, lr=1e-2, warmup=3, ema=0.9, seed=3, save_every=1)
    rates = [p.rate for p in itertools.islice(loop.train(model, batch_loss, early, tmp_path), 2)]
    assert loop.checkpoint_step(tmp_path) == 8  # stopped before it was at its full rate
    rates += [p.rate for p in loop.train(model, batch_loss, PLAN, tmp_path)]
    shares = [rate / PLAN.rate(step) for step, rate in enumerate(rates, 6)]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1, 1, 1, 1])
    longer = Plan(steps=14, lr=1e-2, warmup=3, ema=0.9, seed=3)
    rates = [p.rate for p in loop.train(model, batch_loss, longer, tmp_path)]
    assert rates == [longer.rate(12), longer.rate(13)]  # the state is there now


def test_settled_weights_go_on_at_a_rate_of_their_own(tmp_path: Path) -> None:
    first = Plan(steps=12, lr=1e-2, warmup=3, ema=0.9, seed=3, save_every=4)
    longer = replace(first, steps=20, again=(Again(step=12, lr=1e-3, warmup=2),))
    assert [longer.rate(s) for s in range(12)] == [first.rate(s) for s in range(12)]
    assert longer.rate(12) == pytest.approx(5e-4)
    assert longer.rate(13) == pytest.approx(1e-3)
    assert longer.rate(20) == pytest.approx(2e-5)
    model, batch_loss = problem()
    list(loop.train(model, batch_loss, longer, tmp_path / "whole"))
    broken, batch_loss = problem()
    list(loop.train(broken, batch_loss, first, tmp_path / "broken"))
    list(itertools.islice(loop.train(broken, batch_loss, longer, tmp_path / "broken"), 7))
    again, batch_loss = problem()
    list(loop.train(again, batch_loss, longer, tmp_path / "broken"))  # from the step 16
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    kept = [load_file(tmp_path / run / loop.CHECKPOINT) for run in ("whole", "broken")]
    assert all(torch.equal(kept[0][name], value) for name, value in kept[1].items())


def test_weights_that_shipped_begin_a_new_average(tmp_path: Path) -> None:
    model, batch_loss = problem()
    weights = {f"model/{name}": value for name, value in model.state_dict().items()}
    loop.save_whole(weights, tmp_path / loop.CHECKPOINT, step=12)
    shipped = model[0].weight.detach().clone()
    plan = Plan(steps=13, lr=1e-2, warmup=3, ema=0.999, again=(Again(step=12, lr=1e-2, warmup=1),))
    assert [p.rate for p in loop.train(model, batch_loss, plan, tmp_path)] == [1e-2]
    averaged, _ = problem()
    loop.load_weights(tmp_path, averaged, averaged=True)
    # 1 of 10 parts of the first step's average is old: that of step 12 would hold 13 of 22.
    expected = torch.lerp(shipped, model[0].weight.detach(), 0.9)
    torch.testing.assert_close(averaged[0].weight, expected)


@pytest.mark.parametrize("instructions", [(), ("avx2",), ("avx512_bf16",)])
def test_half_precision_is_used_where_the_processor_computes_with_it(
    instructions: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(instructions, True))
    with loop.fast_precision(torch.device("cpu")):
        found = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    assert found == (torch.bfloat16 if "avx512_bf16" in instructions else torch.float32)


def test_the_log_has_a_row_a_window_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan(steps=5, lr=1e-3)
    steps = (Progress(i, 1e-3, {"loss": float(i)}) for i in range(5))
    loop.report(steps, plan, tmp_path, every=2)
    more = (Progress(i, 1e-3, {"loss": 9.0}) for i in range(5, 6))
    loop.report(more, Plan(steps=6, lr=1e-3), tmp_path, every=2)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "5", "6"]
    assert float(rows[0]["loss"]) == 0.5
    assert "step 2/5" in capsys.readouterr().out


def test_who_asks_is_told_of_every_checkpoint(tmp_path: Path) -> None:
    model, batch_loss = problem()
    plan = Plan(steps=7, lr=1e-3, save_every=3)
    told: list[tuple[int, int]] = []

    def saved(step: int) -> None:
        told.append((step, loop.checkpoint_step(tmp_path / "stage")))

    train_stage(Run(tmp_path, torch.device("cpu")), "stage", model, batch_loss, plan, saved=saved)
    assert told == [(3, 3), (6, 6), (7, 7)]
