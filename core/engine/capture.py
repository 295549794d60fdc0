"""Questions to the U-Net whose cross-attention is read while it runs, or changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from core.engine.ask import ask_unet
from core.engine.work import CallRow, NoiseQuery
from core.models.attention_layers import (
    LayerShape,
    choose_averaging,
    cross_layers,
    group_layers,
    heads_kept,
    layer_shapes,
    pooled_size,
)
from core.models.attention_seen import LayerMaps
from core.models.attention_watched import Watch, watched
from core.models.conditions import text_rows
from core.models.loading import Checkpoint

MOST_BYTES = 100_000_000  # that the maps of one run may take


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A question whose weights of the prompt's row go through a function."""

    watch: Watch

    def ask(self, checkpoint: Checkpoint, rows: Sequence[CallRow]) -> Tensor:
        """Answer as the library does, with the cross-attention in the open for this call alone."""
        if not rows[-1].last:  # memory was short, and the prompt's row has a call of its own
            return ask_unet(checkpoint, rows)
        with watched(checkpoint.unet, self.watch):
            return ask_unet(checkpoint, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """A question whose prompt looks where another row's looks: that row is asked first.

    Attributes:
        base: the row to follow.
        change: told a layer's weights (heads, N, L) of the base and the row's own; returns those to
            go on with.
    """

    base: CallRow
    change: Callable[[Tensor, Tensor], Tensor]

    def ask(self, checkpoint: Checkpoint, rows: Sequence[CallRow]) -> Tensor:
        """Ask about the base for its weights alone, then about the rows."""
        if not rows[-1].last:
            return ask_unet(checkpoint, rows)
        kept: dict[str, Tensor] = {}

        def keep(name: str, weights: Tensor) -> Tensor:
            kept[name] = weights
            return weights

        Watched(keep).ask(checkpoint, [self.base])
        return Watched(lambda name, own: self.change(kept[name], own)).ask(checkpoint, rows)


class Recorder:
    """Keeps the weights of a run call by call, pooled as they come; hands them back unchanged.

    Its ``how`` is what ``denoise`` takes.
    """

    def __init__(self, unet: Any, most: int) -> None:
        """Choose nothing yet: the first question tells what there is to keep.

        Args:
            unet: diffusers' UNet2DConditionModel; one that cannot be read is refused.
            most: bytes that all maps may take.
        """
        cross_layers(unet)
        self._unet, self._most = unet, most
        self._kept: list[np.ndarray] = []
        self._sums: dict[int, Tensor] = {}
        self._call = -1

    def how(self, query: NoiseQuery) -> Watched:
        """Watch the call that answers a run's next question; the first one decides what fits."""
        if not self._kept:
            self._make_room(query)
        self._end_call()
        self._call += 1
        return Watched(self)

    def __call__(self, name: str, weights: Tensor) -> Tensor:
        """Add a layer's weights (heads, N, L) to those of this call."""
        shape, at = self._shapes[name], self._group_of[name]
        height, width = shape.size
        if weights.shape[1] != height * width:
            raise ValueError(f"{name} has {weights.shape[1]} positions, expected {shape.size}")
        found = weights if self.averaging.heads else weights.mean(dim=0, keepdim=True)
        maps = found.transpose(1, 2).unflatten(-1, (height, width))  # (h, N, L) -> (h, L, H, W)
        if self.averaging.side is not None:
            maps = F.adaptive_avg_pool2d(maps, pooled_size(shape.size, self.averaging.side))
        maps = maps / len(self._groups[at])
        self._sums[at] = self._sums[at] + maps if at in self._sums else maps
        return weights

    def layers(self) -> tuple[LayerMaps, ...]:
        """Return what was kept."""
        self._end_call()
        return tuple(
            LayerMaps(", ".join(shape.name for shape in group), group[0].size, group[0].heads, maps)
            for group, maps in zip(self._groups, self._kept, strict=True)
        )

    def _make_room(self, query: NoiseQuery) -> None:
        height, width = query.latents.shape[-2:]
        calls, length = query.calls, text_rows(self._unet, query.states)
        shapes = layer_shapes(self._unet, (height, width))
        self.averaging = choose_averaging(shapes, calls, length, self._most)
        self._shapes = {shape.name: shape for shape in shapes}
        self._groups = group_layers(shapes, self.averaging)
        self._group_of = {
            shape.name: at for at, group in enumerate(self._groups) for shape in group
        }
        self._kept = [
            np.zeros(self._shape(group, calls, length), np.float16) for group in self._groups
        ]

    def _end_call(self) -> None:
        """Put what the last call of the U-Net gave beside that of the others."""
        for at, maps in self._sums.items():
            self._kept[at][self._call] = maps.half().cpu().numpy()
        self._sums.clear()

    def _shape(self, group: Sequence[LayerShape], calls: int, length: int) -> tuple[int, ...]:
        size = pooled_size(group[0].size, self.averaging.side)
        return calls, heads_kept(group[0], self.averaging), length, *size
