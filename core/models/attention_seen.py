"""What cross-attention did in a whole run, as plain arrays; imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Numbers
from core.ideas.attention_maps import mean_map

Half = NDArray[np.float16]
Size = tuple[int, int]  # height and width, in positions


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class LayerMaps:
    """The cross-attention of one layer, or the mean over several of one size.

    Attributes:
        name: of the layer, such as "mid_block.attentions.0.transformer_blocks.0.attn2"; of a mean
            the names joined by a comma and a space.
        own: height and width that the network has there.
        heads: that the network has there.
        maps: weights, (calls, heads kept, positions of the text, height, width); over the text's
            positions they sum to 1. One head kept is the mean over all.
    """

    name: str
    own: Size
    heads: int
    maps: Half

    @property
    def size(self) -> Size:
        """Height and width of the maps that were kept."""
        return self.maps.shape[-2], self.maps.shape[-1]

    @property
    def kept_heads(self) -> int:
        """Heads that can be told apart."""
        return self.maps.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class AttentionSeen:
    """A whole run with the cross-attention of the prompt's half.

    Attributes:
        timesteps: what the network was told at each call, (calls,).
        layers: in the order in which they run.
        picture: the result, uint8 (H, W, 3).
        pooled: what was averaged to fit into memory, in words; empty where nothing was.
    """

    timesteps: Numbers
    layers: tuple[LayerMaps, ...]
    picture: NDArray[np.uint8]
    pooled: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Memory that the maps take."""
        return sum(layer.maps.nbytes for layer in self.layers)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Heights and widths that there are, the largest first."""
        return tuple(sorted({layer.size for layer in self.layers}, reverse=True))

    def mean(self, layers: Sequence[int] | None = None, call: int | None = None) -> Numbers:
        """Return the mean map of every position of the text, over all heads.

        Args:
            layers: which; None for all. Smaller maps are enlarged first, each position repeated.
            call: of the U-Net, 0 is the first; None for the mean over all.

        Returns:
            (positions of the text, height, width), of the largest size among the layers.
        """
        chosen = self.layers if layers is None else [self.layers[at] for at in layers]
        calls = slice(None) if call is None else slice(call, call + 1)
        return mean_map([layer.maps[calls] for layer in chosen])

    def over_time(self) -> Numbers:
        """Return how much of the softmax each position of the text gets at each call.

        Returns:
            (calls, positions of the text), rows summing to 1: the mean over the layers of the mean
            over heads and places.
        """
        means = [layer.maps.mean(axis=(1, 3, 4), dtype=np.float32) for layer in self.layers]
        return np.mean(np.stack(means), axis=0)
