"""What a checkpoint's own files say of its U-Net: its boxes in order, their shapes, their weights.

Read from config.json and the headers of the weight files; imports no torch.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from core.errors import ExplainerError
from core.models.config_files import own_size, read_config, vae_scale
from core.models.weight_files import find_weights
from core.nets.config import UNetConfig
from core.words import tr

Kind = Literal["time", "convolution", "norm", "residual", "attention", "halve", "double"]
Side = Literal["top", "down", "middle", "up"]
Size = tuple[int, int]  # latent height and width
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """One part of the diagram.

    Attributes:
        name: as in the network's ``named_modules`` and in the weight files.
        kind: what it does; residual blocks read the time, attention reads the text.
        side: where it stands in the U.
        level: 0 has the full latent size.
        shape: of what it puts out for one picture, (C, H, W); the time vector's is (D,).
        weights: numbers that training set.
    """

    name: str
    kind: Kind
    side: Side
    level: int
    shape: Shape
    weights: int = 0


@dataclass(frozen=True, slots=True)
class Skip:
    """One skip connection.

    Attributes:
        number: place on the stack, 0 is put there first and taken last.
        source: name of the box whose output is kept.
        target: name of the residual block that reads it.
        shape: of what is kept, (C, H, W).
    """

    number: int
    source: str
    target: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class UNetFacts:
    """A U-Net as its files describe it.

    Attributes:
        boxes: in the order in which they run.
        skips: in the order in which they are put on the stack.
        text: what attention reads, (L, D_text).
        channels: of the latents.
        size: of the latents.
    """

    boxes: tuple[Box, ...]
    skips: tuple[Skip, ...]
    text: tuple[int, int]
    channels: int
    size: Size

    @property
    def weights(self) -> int:
        """All numbers that training set."""
        return sum(box.weights for box in self.boxes)

    def box(self, name: str) -> Box | None:
        """Return the box of a name, None where there is none."""
        return next((box for box in self.boxes if box.name == name), None)


def read_unet_facts(folder: Path, pixels: tuple[int | None, int | None]) -> UNetFacts:
    """Read the files of a checkpoint folder.

    Args:
        folder: in diffusers format.
        pixels: height and width of the picture; None for the model's own.

    Raises:
        ExplainerError: a file is missing or damaged, or the network is of another family.
    """
    raw = read_config(folder, "unet")
    config, vae = UNetConfig.from_config(raw), read_config(folder, "vae")
    length = read_config(folder, "text_encoder").get("max_position_embeddings", 77)
    height, width = (
        asked // vae_scale(vae) if asked else own
        for asked, own in zip(pixels, own_size(raw, vae), strict=True)
    )
    try:
        boxes, skips = draw_plan(config, (height, width))
    except (TypeError, IndexError, ValueError) as error:
        raise ExplainerError(
            tr("The U-Net in {folder}/unet/config.json cannot be drawn.", folder=folder.name),
            tr("Put unet/config.json back as it was, or choose another model."),
        ) from error
    shapes = find_weights(folder / "unet").shapes
    numbers = {name: math.prod(shape) for name, shape in shapes.items()}
    counted = tuple(replace(box, weights=_count(numbers, box.name)) for box in boxes)
    text = (length, config.cross_attention_dim)
    return UNetFacts(counted, skips, text, config.in_channels, (height, width))


def draw_plan(config: UNetConfig, size: Size) -> tuple[tuple[Box, ...], tuple[Skip, ...]]:
    """Return every box and every skip connection of a U-Net.

    Args:
        config: its sizes.
        size: of the latents.
    """
    walk = _Walk(config, size)
    walk.add("time_embedding", "time", "top", 0, (config.time_width,))
    walk.add_map("conv_in", "convolution", "down", 0)
    walk.keep()
    for level in range(config.last + 1):
        walk.go_down(level)
    if config.mid_block_type:
        walk.add_map("mid_block.resnets.0", "residual", "middle", config.last)
        walk.add_map("mid_block.attentions.0", "attention", "middle", config.last)
        walk.add_map("mid_block.resnets.1", "residual", "middle", config.last)
    for number, level in enumerate(reversed(range(config.last + 1))):
        walk.go_up(number, level)
    walk.add_map("conv_norm_out", "norm", "up", 0)
    walk.add("conv_out", "convolution", "up", 0, (config.out_channels, *size))
    return tuple(walk.boxes), tuple(sorted(walk.skips, key=lambda skip: skip.number))


class _Walk:
    """The walk through the network, noting each box and what is on the stack of skips."""

    def __init__(self, config: UNetConfig, size: Size) -> None:
        self.config = config
        self.sizes = [size]
        for _ in range(config.last):
            self.sizes.append(_halved(self.sizes[-1], config.downsample_padding))
        self.boxes: list[Box] = []
        self.stack: list[Box] = []
        self.skips: list[Skip] = []

    def add(self, name: str, kind: Kind, side: Side, level: int, shape: Shape) -> None:
        self.boxes.append(Box(name, kind, side, level, shape))

    def add_map(
        self, name: str, kind: Kind, side: Side, level: int, width: int | None = None
    ) -> None:
        channels = self.config.block_out_channels[level] if width is None else width
        self.add(name, kind, side, level, (channels, *self.sizes[level]))

    def keep(self) -> None:
        self.stack.append(self.boxes[-1])

    def go_down(self, level: int) -> None:
        block, config = f"down_blocks.{level}", self.config
        for layer in range(config.layers_per_block):
            self.add_map(f"{block}.resnets.{layer}", "residual", "down", level)
            if config.attends_down(level):
                self.add_map(f"{block}.attentions.{layer}", "attention", "down", level)
            self.keep()
        if level < config.last:  # what it puts out has the next level's size already
            width = config.block_out_channels[level]
            self.add_map(f"{block}.downsamplers.0", "halve", "down", level + 1, width)
            self.keep()

    def go_up(self, number: int, level: int) -> None:
        block, config = f"up_blocks.{number}", self.config
        for layer in range(config.layers_per_block + 1):
            name = f"{block}.resnets.{layer}"
            kept = self.stack.pop()
            self.skips.append(Skip(len(self.stack), kept.name, name, kept.shape))
            self.add_map(name, "residual", "up", level)
            if config.attends_up(level):
                self.add_map(f"{block}.attentions.{layer}", "attention", "up", level)
        if level > 0:
            width = config.block_out_channels[level]
            self.add_map(f"{block}.upsamplers.0", "double", "up", level - 1, width)


def _halved(size: Size, padding: int) -> Size:
    """Size after a 3 x 3 convolution of stride 2, zeros at each edge or at two of them."""
    up = 1 if padding else 0  # odd sides are rounded up, or down
    return (size[0] + up) // 2, (size[1] + up) // 2


def _count(numbers: dict[str, int], box: str) -> int:
    return sum(number for name, number in numbers.items() if name.startswith(f"{box}."))
