"""Low-rank adaptation: a layer learns something more as two thin matrices beside its weights."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation


@dataclass(frozen=True, slots=True)
class Pair:
    """What one layer has learned: B A, of far fewer numbers than its weights W.

    Attributes:
        down: A, from the layer's inputs to r numbers: (r, in) of a linear layer, (r, in, k, k) of
            a convolution.
        up: B, from these to the layer's outputs: (out, r), or (out, r, 1, 1).
        alpha: strength 1 adds alpha / r times B A.
    """

    down: Tensor
    up: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        """How many numbers stand between A and B, r."""
        return len(self.down)

    @property
    def scale(self) -> float:
        """What B A is multiplied with at strength 1."""
        return self.alpha / self.rank

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the weights that it fits, (out, in) or (out, in, k, k)."""
        return (len(self.up), *self.down.shape[1:])


Lora = Mapping[str, Pair]  # by the name of the layer, as in named_modules()


@equation(
    tex=r"W' = W + s\,B A, \qquad s = \text{strength} \cdot \frac{\alpha}{r}",
    source="Hu et al. 2021 (LoRA), eq. 3 and section 4.1; a strength for everybody's hand is ours",
)
def merge(weight: Tensor, pair: Pair, strength: float = 1.0) -> Tensor:
    """Add what was learned to a layer's weights.

    Args:
        weight: W, (out, in) of a linear layer or (out, in, k, k) of a convolution.
        pair: the two thin matrices.
        strength: 0 leaves the weights as they are, 1 is what was trained.

    Returns:
        The new weights, same shape.

    Raises:
        ValueError: the pair is of another shape.
    """
    if pair.shape != weight.shape:
        raise ValueError(f"the pair fits {pair.shape}, expected {tuple(weight.shape)}")
    change = pair.up.flatten(1) @ pair.down.flatten(1)  # (out, r) (r, in k k)
    return weight + strength * pair.scale * change.view_as(weight).to(weight)


@contextmanager
def adapted(network: nn.Module, loras: Sequence[Lora], strengths: Tensor) -> Iterator[None]:
    """Let a network answer with LoRAs while the block below ``with`` runs it.

    The weights stay as they are, and each row of a batch has strengths of its own: rows with
    different LoRAs, or with none, share a call. Only calls from the same thread are changed.

    Args:
        network: any whose layers take the batch first; names are those of ``named_modules()``.
        loras: each changes the layers that it names.
        strengths: of each LoRA (n) for each row of the batch, (n, B), or (n, 1) for all rows.

    Raises:
        ValueError: a LoRA names a layer that there is not or that is of another shape or kind, or
            ``strengths`` is not one row for each LoRA; also when the network is run with another
            number of rows.
    """
    if strengths.ndim != 2 or len(strengths) != len(loras):
        raise ValueError(f"strengths are {tuple(strengths.shape)}, expected ({len(loras)}, rows)")
    chosen = [
        (lora, strength) for lora, strength in zip(loras, strengths, strict=True) if strength.any()
    ]
    layers = dict(network.named_modules())
    with ExitStack() as stack:
        for name in dict.fromkeys(name for lora, _ in chosen for name in lora):
            pairs = [(lora[name], strength) for lora, strength in chosen if name in lora]
            for pair, _ in pairs:
                _check(name, layers.get(name), pair)
            stack.callback(layers[name].register_forward_hook(_beside(pairs)).remove)
        yield


def _check(name: str, layer: nn.Module | None, pair: Pair) -> None:
    if not isinstance(layer, (nn.Linear, nn.Conv2d)):
        raise ValueError(
            f"{name} is {type(layer).__name__}, expected a linear layer or convolution"
        )
    if pair.shape != layer.weight.shape:
        raise ValueError(
            f"{name}: the pair fits {pair.shape}, expected {tuple(layer.weight.shape)}"
        )


def _beside(pairs: list[tuple[Pair, Tensor]]) -> Callable[..., Tensor]:
    """What adds s B A x to the answer W x of a layer."""
    thread = threading.get_ident()

    def add(layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        if threading.get_ident() != thread:
            return output
        x = inputs[0]
        for pair, strength in pairs:
            if len(strength) not in (1, len(x)):
                raise ValueError(f"strengths are of {len(strength)} rows, expected {len(x)}")
            if strength.all():
                output = output + _answer(layer, pair, x, strength)
            else:  # only the rows that have this LoRA pay for it
                rows = strength.nonzero()[:, 0].to(x.device)
                more = _answer(layer, pair, x[rows], strength[strength != 0])
                output = output.index_add(0, rows, more.to(output.dtype))
        return output

    return add


def _answer(layer: nn.Module, pair: Pair, x: Tensor, strength: Tensor) -> Tensor:
    """What B A x adds at each row's own s, the batch first."""
    down, up = pair.down.to(x), pair.up.to(x)
    if isinstance(layer, nn.Conv2d):
        thin = F.conv2d(x, down, None, layer.stride, layer.padding, layer.dilation)
    else:
        thin = F.linear(x, down)
    scale = (strength * pair.scale).to(thin).view(-1, *[1] * (thin.ndim - 1))
    return F.conv2d(thin * scale, up) if thin.ndim == up.ndim == 4 else F.linear(thin * scale, up)
