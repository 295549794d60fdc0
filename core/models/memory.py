"""How much memory a model takes, told from its files before any of it is loaded; imports no torch.

A model's own weights are counted. What it needs while it draws is estimated by two lines that were
fitted to measurements (``benchmarks/memory.py`` measures again): the U-Net's grows with rows,
positions and first-level channels, the autoencoder's with the pixels of the picture.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.models.config_files import own_size, read_config, read_json, vae_scale
from core.models.folders import find_checkpoint, parts_of
from core.models.single_files import read_single
from core.models.weight_files import find_weights, read_rows

UNET_COPIES = 26  # of (rows, first-level channels, positions) that are alive at the U-Net's peak
VAE_COPIES = (1.7, 4.2)  # of (channels before and on the last level, pixels) at the autoencoder's
ALWAYS = 155_000_000  # bytes besides: tokenizers, converters, and the first calls of all
ROWS = 2  # one picture with guidance


@dataclass(frozen=True, slots=True)
class Need:
    """What a model takes of memory.

    Attributes:
        weights: numbers of all networks.
        largest: numbers of the largest tensor, which is laid out anew as it is used.
        channels: first-level channels of the U-Net.
        vae_channels: channels of the autoencoder, level by level.
        scale: pixels per latent position, each way.
        own: height and width that the model was trained at, pixels.
    """

    weights: int
    largest: int
    channels: int
    vae_channels: tuple[int, ...]
    scale: int
    own: tuple[int, int]

    def drawing(
        self, height: int, width: int, itemsize: int, rows: int = ROWS, tiles: bool = False
    ) -> int:
        """Return the bytes at the peak of a run, beside the weights.

        Args:
            height: of the picture, pixels.
            width: likewise.
            itemsize: bytes of one number.
            rows: of a call of the U-Net.
            tiles: whether the autoencoder decodes a quarter of the pixels at a time.
        """
        pixels = height * width
        unet = UNET_COPIES * rows * self.channels * pixels // self.scale**2 + self.largest
        vae = decoding(self.vae_channels) * (pixels // 4 if tiles else pixels)
        return int(max(unet, vae) * itemsize) + ALWAYS

    def total(
        self, height: int, width: int, itemsize: int, rows: int = ROWS, tiles: bool = False
    ) -> int:
        """Return the bytes of weights and drawing together; arguments as for ``drawing``."""
        return self.weights * itemsize + self.drawing(height, width, itemsize, rows, tiles)


def decoding(channels: Sequence[int]) -> float:
    """Return the numbers for each pixel that are alive at an autoencoder's peak.

    Args:
        channels: its ``block_out_channels``.
    """
    return VAE_COPIES[0] * channels[:2][-1] + VAE_COPIES[1] * channels[0]


def need_of(model: str) -> Need:
    """Return what a model takes; its files are looked over once while they stay as they are.

    Args:
        model: its id in the catalog.

    Raises:
        ExplainerError: it is not on this machine, or damaged.
    """
    entry, folder = find_checkpoint(model)
    file = Path(entry.source) if entry.kind == "file" else None
    looked = [file] if file else [folder, *sorted(folder.glob("[!.]*/*"))]
    stamps = tuple((str(one), one.stat().st_size, one.stat().st_mtime_ns) for one in looked if one)
    return _need(folder, file, stamps)


@functools.lru_cache(maxsize=64)
def _need(folder: Path, file: Path | None, _: object) -> Need:
    index = read_json(folder / "model_index.json")
    shapes: dict[str, tuple[int, ...]] = {}
    for part in parts_of(folder, index):
        if file is None:
            found, begins = find_weights(folder / part).shapes, ""
        else:
            source = read_single(file).sources[part]
            rows, begins = read_rows(source.file)[0], source.prefix
            found = {name: tuple(row["shape"]) for name, row in rows.items()}
        shapes |= {f"{part} {n}": shape for n, shape in found.items() if n.startswith(begins)}
    sizes = [math.prod(shape) for name, shape in shapes.items() if "embed" not in name]
    return _of(sum(map(math.prod, shapes.values())), max(sizes), folder)


def _of(weights: int, largest: int, folder: Path) -> Need:
    unet, vae = read_config(folder, "unet"), read_config(folder, "vae")
    scale, channels = vae_scale(vae), tuple(vae.get("block_out_channels", (64,)))
    height, width = (side * scale for side in own_size(unet, vae))
    first = unet.get("block_out_channels", (320,))[0]
    return Need(weights, largest, first, channels, scale, (height, width))
