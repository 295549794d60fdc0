"""One training loop for every stage: seeded, resumable at any step, with a log that ships."""

import csv
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.errors import ExplainerError

Losses = dict[str, Tensor]
BatchLoss = Callable[[int, torch.Generator], Losses]

CHECKPOINT = "checkpoint.safetensors"
_CPU_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")  # of x86, of x86, of ARM


@dataclass(frozen=True, slots=True)
class Plan:
    """How a stage is trained.

    Attributes:
        steps: optimizer steps in all; raise it to go on from the last checkpoint.
        lr: peak learning rate of AdamW, reached after ``warmup`` steps, then a cosine to 2 %.
        warmup: steps of linear warm-up.
        weight_decay: AdamW's decoupled weight decay.
        ema: decay of the averaged weights that are kept for use; 0 keeps none.
        seed: seed of every random draw; step k draws the same numbers after a restart.
        save_every: steps between checkpoints.
        again: where the training goes on with a rate of its own, in rising order.
    """

    steps: int
    lr: float
    warmup: int = 100
    weight_decay: float = 0.01
    ema: float = 0.0
    seed: int = 0
    save_every: int = 100
    again: "tuple[Again, ...]" = ()

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is written once ``step`` steps are done."""
        return step % self.save_every == 0 or step == self.steps

    def rate(self, step: int) -> float:
        """The learning rate at ``step``, counted from 0."""
        begin, lr, warmup = self.begin(step), self.lr, self.warmup
        for again in self.again:
            if again.step == begin:
                lr, warmup = again.lr, again.warmup
        end = min([self.steps, *(again.step for again in self.again if again.step > step)])
        if step - begin < warmup:
            return lr * (step - begin + 1) / warmup
        done = min(1.0, (step - begin - warmup) / max(1, end - begin - warmup))
        return lr * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))

    def begin(self, step: int) -> int:
        """The step that the stretch of ``step`` begins with."""
        return max([0, *(again.step for again in self.again if again.step <= step)])


@dataclass(frozen=True, slots=True)
class Again:
    """Where settled weights are trained further: a rate of their own, and a new average.

    Attributes:
        step: the first that is trained so.
        lr: peak of the rate, a cosine from there to the next such step, or the plan's last.
        warmup: steps of linear warm-up.
    """

    step: int
    lr: float
    warmup: int = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """One optimizer step that was made: its index, the learning rate and every loss."""

    step: int
    rate: float
    losses: dict[str, float]


def train(model: nn.Module, batch_loss: BatchLoss, plan: Plan, folder: Path) -> Iterator[Progress]:
    """Train ``model`` in place, from the last checkpoint in ``folder`` if there is one.

    Args:
        model: the network; only parameters that require gradients are trained.
        batch_loss: maps (step, generator) to named losses; ``"loss"`` is minimised.
        plan: steps, rate and the rest.
        folder: where checkpoint and log are written.

    Yields:
        One :class:`Progress` a step.

    Raises:
        ExplainerError: the loss or its gradient is infinite or no number; nothing is saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(
        trained.values(), lr=plan.lr, weight_decay=plan.weight_decay, betas=(0.9, 0.99)
    )
    averages = {name: p.detach().clone() for name, p in trained.items()} if plan.ema else {}
    start = load_checkpoint(folder, model, trained, optimizer, averages)
    device = next(iter(trained.values())).device
    # Weights that shipped come without the optimizer's state, which must be gathered gently.
    gathers_from = start - _steps_gathered(optimizer)
    gentle = plan.warmup if gathers_from and not plan.begin(gathers_from) else 0
    for step in range(start, plan.steps):
        generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + step)
        rate = plan.rate(step) * min(1.0, (step - gathers_from + 1) / max(1, gentle))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with fast_precision(device):
            losses = batch_loss(step, generator)
        losses["loss"].backward()
        norm = nn.utils.clip_grad_norm_(trained.values(), 1.0)
        if not (torch.isfinite(losses["loss"]) and torch.isfinite(norm)):
            raise ExplainerError(
                f"The loss or its gradient is no number any more at step {step + 1}.",
                "The last checkpoint is untouched; go on from it with a lower learning rate.",
            )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        # The average starts fast and settles: early weights are worth forgetting.
        settled = step - plan.begin(step)
        decay = min(plan.ema, (settled + 1) / (settled + 10))
        for name, average in averages.items():
            average.lerp_(trained[name].detach(), 1 - decay)
        numbers = {name: float(value.detach()) for name, value in losses.items()}
        if plan.saves(step + 1):
            save_checkpoint(folder, step + 1, model, trained, optimizer, averages)
        yield Progress(step, rate, numbers)


def fast_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the device computes with it; elsewhere float32, which is then far quicker."""
    known = torch.cpu.get_capabilities()
    computes = device.type != "cpu" or any(known.get(name) for name in _CPU_BFLOAT16)
    return torch.autocast(device.type, torch.bfloat16, enabled=computes)


def save_checkpoint(
    folder: Path,
    step: int,
    model: nn.Module,
    trained: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    averages: dict[str, Tensor],
) -> None:
    """Write weights, averages, optimizer state and step in one file, whole or not at all."""
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"ema/{name}": value for name, value in averages.items()}
    for name, parameter in trained.items():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer/{key}/{name}"] = torch.as_tensor(value)
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    save_whole(tensors, folder / CHECKPOINT, step=step)


def save_whole(tensors: dict[str, Tensor], path: Path, step: int = 0) -> None:
    """Write a safetensors file beside its place and move it there: whole or not at all."""
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata={"step": json.dumps(step)})
    temporary.replace(path)


def load_checkpoint(
    folder: Path,
    model: nn.Module,
    trained: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    averages: dict[str, Tensor],
) -> int:
    """Restore what :func:`save_checkpoint` wrote and return the step to go on with (0 if none)."""
    path = folder / CHECKPOINT
    if not path.exists():
        return 0
    tensors = load_file(path)
    model.load_state_dict(_below(tensors, "model/"))
    averaged = _below(tensors, "ema/")
    for name, average in averages.items():  # weights that shipped are averages themselves
        average.copy_(averaged.get(name, trained[name].detach()))
    for name, parameter in trained.items():
        state = {
            key: tensors[f"optimizer/{key}/{name}"]
            for key in ("step", "exp_avg", "exp_avg_sq")
            if f"optimizer/{key}/{name}" in tensors
        }
        moved = {k: v if k == "step" else v.to(parameter.device) for k, v in state.items()}
        optimizer.state[parameter] = moved
    return checkpoint_step(folder)


def _steps_gathered(optimizer: torch.optim.Optimizer) -> int:
    """How many steps the optimizer's averages have behind them."""
    return max((int(state["step"]) for state in optimizer.state.values() if state), default=0)


def checkpoint_step(folder: Path) -> int:
    """How many steps the checkpoint in ``folder`` has behind it; 0 where there is none."""
    return saved_step(folder / CHECKPOINT)


def saved_step(path: Path) -> int:
    """The step that :func:`save_whole` wrote into ``path``; 0 where there is no such file."""
    if not path.exists():
        return 0
    with safe_open(path, "pt") as file:
        return int(json.loads(file.metadata()["step"]))


def load_weights(folder: Path, model: nn.Module, *, averaged: bool) -> int:
    """Load a checkpoint's weights (the averaged ones where asked) and return its step.

    Raises:
        FileNotFoundError: there is no checkpoint in ``folder``.
    """
    tensors = load_file(folder / CHECKPOINT)
    state = _below(tensors, "model/")
    if averaged:
        state |= _below(tensors, "ema/")
    model.load_state_dict(state)
    return checkpoint_step(folder)


def report(steps: Iterator[Progress], plan: Plan, folder: Path, every: int = 20) -> None:
    """Run a stage to its end: one progress line on the terminal, one row a window in the log."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    window: list[Progress] = []
    for progress in steps:
        window.append(progress)
        if (progress.step + 1) % every and progress.step + 1 != plan.steps:
            continue
        names = list(window[0].losses)
        means = {n: sum(p.losses[n] for p in window) / len(window) for n in names}
        seconds = time.monotonic() - began
        _log(folder / "log.csv", progress.step + 1, progress.rate, means, seconds)
        pace = seconds / len(window)
        left = (plan.steps - progress.step - 1) * pace
        shown = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        print(
            f"step {progress.step + 1}/{plan.steps}  {shown}  "
            f"{pace:.2f} s/step  {left / 60:.0f} min left",
            flush=True,
        )
        window, began = [], time.monotonic()


def _log(path: Path, step: int, rate: float, means: dict[str, float], seconds: float) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        rows = csv.writer(file)
        if new:
            rows.writerow(["step", "rate", *means, "seconds"])
        rows.writerow(
            [step, f"{rate:.3g}", *(f"{v:.5f}" for v in means.values()), f"{seconds:.1f}"]
        )


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
