"""Diffusion in two dimensions: a network of four layers learns to name the noise in points.

All else is as in Stable Diffusion: its noise schedule, the squared error of the noise as the loss,
a class in place of the caption that is left out now and then for guidance, averaged weights.

The same network can learn the velocity of a flow instead, on straight mixes of points and noise,
and then make that flow straight: it draws pairs by itself, and learns these.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.ideas.flow import draw_partners, mix_straight
from core.ideas.forward import add_noise
from core.ideas.objectives import flow_loss, noise_loss
from core.labs.points_data import make_points
from core.labs.points_field import (
    ALPHA_BAR,
    CLASSES,
    CLOCK,
    NO_CLASS,
    SHARES,
    SIZES,
    Field,
    answer,
    say_place,
)
from core.labs.points_settings import NOISE, PointSettings

BATCH, RATE, AVERAGE = 512, 4e-3, 0.995
NO_CLASS_SHARE = 0.4  # of the batch is told no class: guidance needs both answers
PAIRS, PAIR_STEPS = 8_192, 40  # that a flow makes by itself, and Euler's steps for each

Layers = list[Tensor]


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class Batch:
    """What the network is shown at a training step.

    Attributes:
        x0: data, (B, 2).
        eps: noise, (B, 2).
        t: times, whole numbers, (B,).
        told: class of each, or ``NO_CLASS``, (B,).
    """

    x0: Tensor
    eps: Tensor
    t: Tensor
    told: Tensor


@dataclass(frozen=True, slots=True, eq=False)  # as above
class Pairs:
    """Pairs that a flow made: data and the noise that leads there, (n, 2); their class, (n,)."""

    x0: Tensor
    eps: Tensor
    told: Tensor


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class PointStep:
    """Where training is.

    Attributes:
        step: how many steps have been taken.
        loss: of the last one's batch.
        seconds: that were spent on training.
        field: what the averaged weights have learned so far.
        state: all that is needed to go on from here.
        pairs: that a flow is made straight with; None before.
    """

    step: int
    loss: float
    seconds: float
    layers: Layers
    averages: Layers
    optimizer: torch.optim.Adam
    pairs: Pairs | None = None

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
        return kept | ({"partners": self.pairs.x0} if self.pairs else {})


def train(settings: PointSettings, kept: dict[str, Tensor] | None = None) -> Iterator[PointStep]:
    """Train, one step at a time.

    Args:
        settings: validated.
        kept: the state of an earlier step to go on from; the steps that follow are the same as if
            nothing had come between.

    Yields:
        Where training is, after every step.
    """
    measure = noise_error if settings.goal == NOISE else flow_error
    layers, averages, adam = start(settings.seed, kept or {})
    first, spent = (int(kept["step"]), float(kept["seconds"])) if kept else (0, 0.0)
    began = time.perf_counter() - spent
    pairs = None
    for step in range(first, settings.in_all):
        if step >= settings.steps and pairs is None:  # from here on a flow is made straight
            pairs = make_pairs(settings, averages, (kept or {}).get("partners"))
        loss = measure(layers, draw_batch(settings, step, pairs))
        adam.zero_grad()
        loss.backward()
        adam.step()
        for average, layer in zip(averages, layers, strict=True):
            average.lerp_(layer.detach(), 1 - min(AVERAGE, (step + 1) / (step + 10)))
        seconds = time.perf_counter() - began
        yield PointStep(step + 1, loss.item(), seconds, layers, averages, adam, pairs)


def draw_batch(settings: PointSettings, step: int, pairs: Pairs | None = None) -> Batch:
    """Draw what the network is shown at a step, the same for the same step.

    Args:
        settings: validated.
        step: of training.
        pairs: to draw from; where None, data and noise are drawn each for itself.
    """
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    x0, label = data_of(settings)
    picked = torch.randint(len(x0 if pairs is None else pairs.x0), (BATCH,), generator=generator)
    t = torch.randint(len(CLOCK), (BATCH,), generator=generator)
    if pairs is not None:
        return Batch(pairs.x0[picked], pairs.eps[picked], t, pairs.told[picked])
    eps = torch.randn(BATCH, 2, generator=generator)
    unsaid = torch.rand(BATCH, generator=generator) < NO_CLASS_SHARE
    told = torch.where(unsaid | (not settings.classes), NO_CLASS, label[picked])
    return Batch(x0[picked], eps, t, told)


@lru_cache(maxsize=1)
def data_of(settings: PointSettings) -> tuple[Tensor, Tensor]:
    """Return the points and their classes, (n, 2) and (n,).

    Args:
        settings: validated.
    """
    x0, label = make_points(settings)
    return torch.from_numpy(x0), torch.from_numpy(label)


def noise_error(layers: Layers, batch: Batch) -> Tensor:
    """Measure how wrong the network names the noise in points of Stable Diffusion's schedule.

    Args:
        layers: of the network.
        batch: what it is shown.
    """
    alpha_bar = torch.from_numpy(ALPHA_BAR).float()[batch.t]
    xt = add_noise(batch.x0, batch.eps, alpha_bar)
    predicted = answer(layers, inputs(xt, torch.from_numpy(CLOCK)[batch.t], batch.told), F.silu)
    return noise_loss(predicted, batch.eps, torch.ones(BATCH))  # here every t counts alike


def flow_error(layers: Layers, batch: Batch) -> Tensor:
    """Measure how wrong the network names the velocity of points of the straight mix.

    Args:
        layers: of the network.
        batch: what it is shown.
    """
    z = mix_straight(batch.x0, batch.eps, torch.from_numpy(SHARES).float()[batch.t])
    predicted = answer(layers, inputs(z, torch.from_numpy(CLOCK)[batch.t], batch.told), F.silu)
    return flow_loss(predicted, batch.eps, batch.x0)


def make_pairs(settings: PointSettings, layers: Layers, partners: Tensor | None = None) -> Pairs:
    """Have a flow make pairs by itself, of every class that it will be asked for.

    Args:
        settings: validated.
        layers: what the flow has learned.
        partners: of the same noise, where they were drawn already.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    eps = torch.randn(PAIRS, 2, generator=generator)
    unsaid = torch.rand(PAIRS, generator=generator) < NO_CLASS_SHARE
    told = torch.where(unsaid | (not settings.classes), NO_CLASS, torch.arange(PAIRS) % 2)
    if partners is None:
        partners = torch.empty_like(eps)
        network = tuple(layer.detach().numpy() for layer in layers)
        for label in told.unique().tolist():
            rows = told == label
            drawn = draw_partners(Field(network, label).velocity, eps[rows].numpy(), PAIR_STEPS)
            partners[rows] = torch.from_numpy(drawn.astype(np.float32))
    return Pairs(partners, eps, told)


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
