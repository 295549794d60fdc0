"""Diffusion in two dimensions: a network of four layers learns to name the noise in points.

All else is as in Stable Diffusion: its noise schedule, the squared error of the noise as the loss,
a class in place of the caption that is left out now and then for guidance, averaged weights.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.ideas.forward import add_noise
from core.ideas.objectives import noise_loss
from core.labs.points_data import make_points
from core.labs.points_field import (
    ALPHA_BAR,
    CLASSES,
    CLOCK,
    NO_CLASS,
    SIZES,
    Field,
    answer,
    say_place,
)
from core.labs.points_settings import PointSettings

BATCH, RATE, AVERAGE = 512, 4e-3, 0.995
NO_CLASS_SHARE = 0.4  # of the batch is told no class: guidance needs both answers

Layers = list[Tensor]


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class PointStep:
    """Where training is.

    Attributes:
        step: how many steps have been taken.
        loss: of the last one's batch.
        seconds: that were spent on training.
        field: what the averaged weights have learned so far.
        state: all that is needed to go on from here.
    """

    step: int
    loss: float
    seconds: float
    layers: Layers
    averages: Layers
    optimizer: torch.optim.Adam

    @property
    def field(self) -> Field:
        """The averaged network, for use without torch."""
        return Field(tuple(layer.numpy().copy() for layer in self.averages))

    @property
    def state(self) -> dict[str, Tensor]:
        """All that is needed to go on from here."""
        kept = {"step": torch.tensor(self.step), "seconds": torch.tensor(self.seconds)}
        for at, (layer, average) in enumerate(zip(self.layers, self.averages, strict=True)):
            kept |= {f"layer.{at}": layer, f"average.{at}": average}
            kept |= {f"{name}.{at}": value for name, value in self.optimizer.state[layer].items()}
        return kept


def train(settings: PointSettings, kept: dict[str, Tensor] | None = None) -> Iterator[PointStep]:
    """Train, one step at a time.

    Args:
        settings: validated.
        kept: the state of an earlier step to go on from; the steps that follow are the same as if
            nothing had come between.

    Yields:
        Where training is, after every step.
    """
    x0, label = (torch.from_numpy(part) for part in make_points(settings))
    alpha_bar, clock = torch.from_numpy(ALPHA_BAR).float(), torch.from_numpy(CLOCK)
    layers, averages, adam = start(settings.seed, kept or {})
    first, spent = (int(kept["step"]), float(kept["seconds"])) if kept else (0, 0.0)
    began = time.perf_counter() - spent
    for step in range(first, settings.steps):
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        picked = torch.randint(len(x0), (BATCH,), generator=generator)
        t = torch.randint(len(alpha_bar), (BATCH,), generator=generator)
        eps = torch.randn(BATCH, 2, generator=generator)
        unsaid = torch.rand(BATCH, generator=generator) < NO_CLASS_SHARE
        told = torch.where(unsaid, NO_CLASS, label[picked]) if settings.classes else NO_CLASS

        xt = add_noise(x0[picked], eps, alpha_bar[t])
        predicted = answer(layers, inputs(xt, clock[t], torch.as_tensor(told)), F.silu)
        loss = noise_loss(predicted, eps, torch.ones(BATCH))  # here every t counts alike

        adam.zero_grad()
        loss.backward()
        adam.step()
        for average, layer in zip(averages, layers, strict=True):
            average.lerp_(layer.detach(), 1 - min(AVERAGE, (step + 1) / (step + 10)))
        seconds = time.perf_counter() - began
        yield PointStep(step + 1, loss.item(), seconds, layers, averages, adam)


def inputs(xt: Tensor, clock: Tensor, told: Tensor) -> Tensor:
    """Put together what the network reads.

    Args:
        xt: noisy points, (B, 2).
        clock: their time as cosines and sines, (B, TIME).
        told: their class, (B,), or one for all.

    Returns:
        (B, PLACE + TIME + CLASSES).
    """
    said = F.one_hot(told.expand(len(xt)), CLASSES).float()
    return torch.cat([*say_place(xt, torch.cos, torch.sin), clock, said], dim=1)


def start(seed: int, kept: dict[str, Tensor]) -> tuple[Layers, Layers, torch.optim.Adam]:
    """Return weights, their averages and the optimiser: fresh ones, or as they were kept.

    Args:
        seed: of fresh weights.
        kept: from ``PointStep.state``, or nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    layers: Layers = []
    for before, after in itertools.pairwise(SIZES):
        layers.append(torch.randn(before, after, generator=generator) / np.sqrt(before))
        layers.append(torch.zeros(after))
    layers = [kept.get(f"layer.{at}", layer) for at, layer in enumerate(layers)]
    averages = [kept.get(f"average.{at}", layer).clone() for at, layer in enumerate(layers)]
    for layer in layers:
        layer.requires_grad_(True)
    adam = torch.optim.Adam(layers, lr=RATE)
    if kept:
        for at, layer in enumerate(layers):
            names = ("step", "exp_avg", "exp_avg_sq")
            adam.state[layer] = {name: kept[f"{name}.{at}"] for name in names}
    return layers, averages, adam
