"""What was seen inside a running U-Net, as plain arrays; imports no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Numbers

Half = NDArray[np.float16]  # finer than any colour


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class BoxSeen:
    """What one box put out in one call.

    Attributes:
        seconds: it took, the shortest of the calls.
        shape: of its output for one picture.
        mean: of all its numbers.
        std: their standard deviation.
        low: the smallest.
        high: the largest.
        negative: share of them below 0.
        picked: numbers of the channels that vary most, the first the most.
        channels: those channels, (len(picked), H, W); of a vector the whole of it, (1, 1, D).
        components: the output along its principal components, (3, H, W); None for a vector.
        shares: how much of the variance each component holds.
    """

    seconds: float
    shape: tuple[int, ...]
    mean: float
    std: float
    low: float
    high: float
    negative: float
    picked: tuple[int, ...]
    channels: Half
    components: Half | None = None
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class BlocksSeen:
    """One call of the U-Net for the prompt's half, box by box.

    Attributes:
        boxes: by name, in the order in which they ran.
        noise: the U-Net's answer to it, (C, H, W); noise, or what it was trained to predict.
    """

    boxes: dict[str, BoxSeen]
    noise: Numbers

    @property
    def bytes(self) -> int:
        """Memory that the arrays take."""
        arrays = [seen.channels for seen in self.boxes.values()]
        arrays += [seen.components for seen in self.boxes.values() if seen.components is not None]
        return sum(array.nbytes for array in arrays)


@dataclass(frozen=True, slots=True, eq=False)
class OffAtCall:
    """The network asked twice about the same latents: as it is, and with something switched off.

    Attributes:
        noise: guided, as it is, (C, H, W).
        noise_off: guided, with something off.
        picture: the estimate of the clean latents as it is, decoded, (height, width, 3).
        picture_off: with something off.
    """

    noise: Numbers
    noise_off: Numbers
    picture: NDArray[np.uint8]
    picture_off: NDArray[np.uint8]

    @property
    def change(self) -> float:
        """How far the noise moved: root mean square of the difference to that of the noise."""
        whole = float(np.sqrt(np.mean(np.square(self.noise))))
        return float(np.sqrt(np.mean(np.square(self.noise_off - self.noise)))) / max(whole, 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Looking:
    """Where one position of one layer looks: its row of the self-attention weights.

    Attributes:
        name: of the attention, such as "mid_block.attentions.0.transformer_blocks.0.attn1".
        position: of the query in this layer's feature map, (row, column).
        weights: one map a head, (h, H, W); each sums to 1.
    """

    name: str
    position: tuple[int, int]
    weights: Numbers
