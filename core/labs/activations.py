"""The same tiny network trained with every activation: small enough to watch.

It is a diffusion model in small: points on a ring of arcs are noised, and the network is to tell
the noise from the noisy point and its time. All networks start from the same weights, see the same
points in the same order and have the same learning rate; the activation is all that differs. They
run side by side in one batched product, and in rounds, so that whoever watches can stop.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from core.engine.work import Course, Progress, Work
from core.errors import ExplainerError
from core.ideas.activations import ACTIVATIONS
from core.ideas.arrays import Numbers
from core.models.catalog import find_entry
from core.words import tr

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WIDTH, HIDDEN, WAVES = 32, 6, 8  # numbers a layer; hidden layers; cosines and as many sines of time
BATCH, RATE = 128, 2e-3
ROUNDS, ROUND, PIECE = 20, 20, 5  # rounds of so many steps, in pieces of so many
STILL = 0.01  # a unit whose slope stays below this for every point learns nothing

Layers = list["Tensor"]  # weights (A, in, out) and biases (A, 1, out), by turns


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Round:
    """One round of training, all networks side by side in the order of ``ACTIVATIONS``.

    Attributes:
        losses: mean squared error of the noise at every step, (A, ROUND).
        reach: how much of the gradient reaches the first layer: its root mean square there over
            that at the last hidden layer, in the first step of the round, (A,).
        still: share of hidden units that learn nothing any more, (A,).
        state: weights and what the optimiser keeps, to go on from.
    """

    losses: Numbers
    reach: Numbers
    still: Numbers
    state: bytes


@dataclass(frozen=True, slots=True)
class ActivationLab(Work["Round"]):
    """One round of training in the engine's thread, so that it takes turns with pictures.

    Equal rounds of several visitors are computed once.

    Attributes:
        model: any checkpoint's id; it is not used.
        number: of the round, 0 first.
        state: from the round before, b"" for the first.
        seed: of the first weights and of all points.
    """

    weights: ClassVar[bool] = False

    model: str
    number: int = 0
    state: bytes = b""
    seed: int = 0

    def validated(self) -> Self:
        """Return the look with every field checked."""
        if not 0 <= self.number < ROUNDS or bool(self.number) != bool(self.state):
            raise ExplainerError(
                tr("This round of training cannot be."), tr("Start the training again.")
            )
        return type(self)(find_entry(self.model).id, self.number, self.state, self.seed)

    def course(self, loaded: object) -> "Course[Round]":
        """Train for one round, a few steps a piece."""
        import torch

        yield Progress(0, ROUND)
        layers, optimizer = _resume(self.state, self.seed)
        losses, reach = [], None
        for step in range(ROUND):
            if step and step % PIECE == 0:
                yield Progress(step, ROUND)
            optimizer.zero_grad()
            with torch.enable_grad():
                found = denoising_losses(layers, *_points(self.seed, ROUND * self.number + step))
                found.sum().backward()  # each network's weights feel its own loss alone
            reach = _reach(layers) if reach is None else reach
            optimizer.step()
            losses.append(found.detach())
        assert reach is not None
        still = _still(layers, *_points(self.seed, 0))
        state = _save(layers, optimizer)
        return Round(torch.stack(losses, dim=1).numpy(), reach.numpy(), still.numpy(), state)


def denoising_losses(layers: Layers, x0: "Tensor", eps: "Tensor", t: "Tensor") -> "Tensor":
    """Noise points and compare what every network takes for the noise with the noise itself.

    Args:
        layers: of all networks.
        x0: clean points, (B, 2).
        eps: noise, (B, 2).
        t: time of each point, (B,), in [0, 1].

    Returns:
        Mean squared error of each network, (A,).
    """
    return (_predict(layers, _inputs(x0, eps, t))[0] - eps).square().mean(dim=(1, 2))


def bends() -> list[Callable[["Tensor"], "Tensor"]]:
    """Return torch's own activations, in the order of ``ACTIVATIONS``."""
    import torch
    import torch.nn.functional as F

    named = {
        "relu": F.relu, "leaky_relu": F.leaky_relu, "elu": F.elu, "gelu": F.gelu, "silu": F.silu,
        "mish": F.mish, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    }  # fmt: skip
    return [named[name] for name in ACTIVATIONS]


def _predict(layers: Layers, x: "Tensor") -> tuple["Tensor", list["Tensor"]]:
    """Run all networks; returns their answers, (A, B, 2), and what each bend was given."""
    import torch

    x = x.expand(len(ACTIVATIONS), -1, -1)
    given = []
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        before = x @ weight + bias  # (A, B, WIDTH)
        given.append(before)
        x = torch.stack([bend(row) for bend, row in zip(bends(), before, strict=True)])
    return x @ layers[-2] + layers[-1], given


def _inputs(x0: "Tensor", eps: "Tensor", t: "Tensor") -> "Tensor":
    """Return noisy points with the waves of their time, (B, 2 + 2 WAVES)."""
    import torch

    signal = torch.cos(0.5 * math.pi * t)[:, None]  # alpha_bar = cos^2, Nichol & Dhariwal 2021
    xt = signal * x0 + (1 - signal.square()).sqrt() * eps
    angle = t[:, None] * 2.0 ** torch.arange(WAVES)  # (B,) -> (B, WAVES)
    return torch.cat([xt, angle.cos(), angle.sin()], dim=1)


def _points(seed: int, step: int) -> tuple["Tensor", "Tensor", "Tensor"]:
    """Draw the points, noise and times of one step: the same for every network."""
    import torch

    generator = torch.Generator().manual_seed(1_000_003 * seed + step + 1)
    angle = 2 * math.pi * torch.rand(BATCH, generator=generator)
    radius = 1 + 0.4 * torch.sign(torch.sin(3 * angle))  # six arcs, by turns near and far
    x0 = radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    eps = torch.randn(BATCH, 2, generator=generator)
    return x0, eps, torch.rand(BATCH, generator=generator)


def _resume(state: bytes, seed: int) -> tuple[Layers, "torch.optim.Adam"]:
    """Build the networks and their optimiser as the last round left them."""
    import safetensors.torch
    import torch

    kept = safetensors.torch.load(state) if state else {}
    layers = [kept[f"layer.{at}"] for at in range(2 * HIDDEN + 2)] if kept else _start(seed)
    for layer in layers:
        layer.requires_grad_(True)
    optimizer = torch.optim.Adam(layers, lr=RATE)
    if kept:
        for at, layer in enumerate(layers):
            names = ("step", "exp_avg", "exp_avg_sq")
            optimizer.state[layer] = {name: kept[f"{name}.{at}"] for name in names}
    return layers, optimizer


def _start(seed: int) -> Layers:
    """Draw one network's first weights, as torch's linear layers do, and give them to all."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    sizes = [2 + 2 * WAVES, *[WIDTH] * HIDDEN, 2]
    layers: Layers = []
    for before, after in itertools.pairwise(sizes):
        reach = 1 / math.sqrt(before)
        for shape in ((before, after), (1, after)):
            drawn = (2 * torch.rand(shape, generator=generator) - 1) * reach
            layers.append(drawn.expand(len(ACTIVATIONS), -1, -1).clone())
    return layers


def _save(layers: Layers, optimizer: "torch.optim.Adam") -> bytes:
    import safetensors.torch

    kept = {f"layer.{at}": layer.detach() for at, layer in enumerate(layers)}
    for at, layer in enumerate(layers):
        kept |= {f"{name}.{at}": value for name, value in optimizer.state[layer].items()}
    return safetensors.torch.save(kept)


def _reach(layers: Layers) -> "Tensor":
    """Compare the gradients of the first and the last hidden layer, (A,)."""
    import torch

    first, last = (layers[at].grad for at in (0, 2 * HIDDEN - 2))
    assert isinstance(first, torch.Tensor)
    assert isinstance(last, torch.Tensor)
    sizes = [grad.square().mean(dim=(1, 2)).sqrt() for grad in (first, last)]
    return sizes[0] / sizes[1].clamp(min=1e-30)


def _still(layers: Layers, x0: "Tensor", eps: "Tensor", t: "Tensor") -> "Tensor":
    """Count hidden units whose slope is next to nothing whatever they are shown, (A,)."""
    import torch

    with torch.no_grad():
        _, given = _predict(layers, _inputs(x0, eps, t))
    whole = torch.stack(given).transpose(0, 1).numpy().astype(np.float64)  # (A, HIDDEN, B, WIDTH)
    slopes = [act.slope(x) for act, x in zip(ACTIVATIONS.values(), whole, strict=True)]
    return torch.tensor(
        [float((np.abs(slope) < STILL).all(axis=1).mean()) for slope in slopes],
        dtype=torch.float32,
    )
