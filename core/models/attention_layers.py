"""Which layers of a U-Net read the text, how large their maps are, and what of them fits."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ExplainerError
from core.models.attention_seen import Size
from core.words import tr, tr_later

KNOWN = ("AttnProcessor", "AttnProcessor2_0")  # plain attention, which is what we write out


def cross_layers(unet: Any) -> dict[str, Any]:  # Any: the library's U-Net and Attention
    """Return the layers that read the text, by name, in the order in which they run.

    Args:
        unet: diffusers' UNet2DConditionModel.

    Raises:
        ExplainerError: there are none, or they do more than plain attention.
    """
    found = {name: part for name, part in unet.named_modules() if name.endswith(".attn2")}
    plain = all(
        type(layer.processor).__name__ in KNOWN
        and layer.is_cross_attention
        and not any(
            getattr(layer, extra, None) is not None
            for extra in ("group_norm", "spatial_norm", "norm_q", "norm_k", "added_kv_proj_dim")
        )
        and not layer.norm_cross
        and not layer.residual_connection
        for layer in found.values()
    )
    if not found or not plain:
        raise ExplainerError(
            tr("This model has no cross-attention of the kind that can be read here."),
            tr("Choose a model of the Stable Diffusion 1 or 2 family, or the built-in one."),
        )
    sides = {"down_blocks": 0, "mid_block": 1, "up_blocks": 2}
    return dict(sorted(found.items(), key=lambda item: sides.get(item[0].split(".")[0], 3)))


@dataclass(frozen=True, slots=True)
class Averaging:
    """What is averaged away so that the maps of a run fit into memory.

    Attributes:
        side: longest side of a map, positions; None keeps every position.
        heads: whether heads are kept apart.
        layers: whether layers of one size are kept apart.
    """

    side: int | None = None
    heads: bool = True
    layers: bool = True

    def say(self, say: Callable[..., str] = tr) -> tuple[str, ...]:
        """Say what is averaged, in words: the reader's, or English to keep."""
        said = []
        if self.side is not None:
            said.append(say(tr_later("places, to at most {side} × {side}"), side=self.side))
        if not self.heads:
            said.append(say(tr_later("heads")))
        if not self.layers:
            said.append(say(tr_later("layers of one size")))
        return tuple(said)


# From what keeps most to what keeps least.
AVERAGINGS = (
    Averaging(),
    Averaging(side=32),
    Averaging(side=16),
    Averaging(side=32, heads=False),
    Averaging(side=32, heads=False, layers=False),
    Averaging(side=16, heads=False, layers=False),
    Averaging(side=8, heads=False, layers=False),
)


@dataclass(frozen=True, slots=True)
class LayerShape:
    """Name, size and heads of one layer."""

    name: str
    size: Size
    heads: int


def choose_averaging(shapes: Sequence[LayerShape], calls: int, length: int, most: int) -> Averaging:
    """Choose the averaging that keeps most within a budget.

    Args:
        shapes: of all layers.
        calls: of the U-Net in the run.
        length: positions of the text, L.
        most: bytes.
    """
    for averaging in AVERAGINGS:
        groups = group_layers(shapes, averaging)
        numbers = sum(
            math.prod(pooled_size(group[0].size, averaging.side)) * heads_kept(group[0], averaging)
            for group in groups
        )
        if 2 * numbers * calls * length <= most:
            return averaging
    return AVERAGINGS[-1]


def pooled_size(size: Size, side: int | None) -> Size:
    """Return height and width of a map whose longer side must not pass a limit.

    Args:
        size: of the map.
        side: the limit; None for none.
    """
    times = 1 if side is None else max(1, math.ceil(max(size) / side))
    return math.ceil(size[0] / times), math.ceil(size[1] / times)


def layer_shapes(unet: Any, latent: Size) -> tuple[LayerShape, ...]:
    """Return the layers that read the text, each with the size that it has in a picture.

    Args:
        unet: diffusers' UNet2DConditionModel.
        latent: height and width of the latents.

    Raises:
        ExplainerError: there is no cross-attention of the kind that can be read.
    """
    up = 1 if unet.config.downsample_padding else 0  # odd sides are rounded up, or down
    sizes = [latent]
    for _ in unet.config.block_out_channels[1:]:
        sizes.append(((sizes[-1][0] + up) // 2, (sizes[-1][1] + up) // 2))
    return tuple(
        LayerShape(name, sizes[_level(name, len(sizes))], int(layer.heads))
        for name, layer in cross_layers(unet).items()
    )


def _level(name: str, levels: int) -> int:
    side, number, *_ = name.split(".")
    if side == "mid_block":
        return levels - 1
    return int(number) if side == "down_blocks" else levels - 1 - int(number)


def group_layers(
    shapes: Sequence[LayerShape], averaging: Averaging
) -> list[tuple[LayerShape, ...]]:
    """Put together the layers that one map is the mean of."""
    if averaging.layers:
        return [(shape,) for shape in shapes]
    found: dict[Size, list[LayerShape]] = {}
    for shape in shapes:
        found.setdefault(shape.size, []).append(shape)
    return [tuple(group) for group in found.values()]


def heads_kept(shape: LayerShape, averaging: Averaging) -> int:
    """Return how many maps of a layer's heads are kept apart."""
    return shape.heads if averaging.heads else 1
