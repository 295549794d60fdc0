"""Latents of the scenes that the U-Net learns from, encoded once and kept."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.nets.autoencoder import Autoencoder
from core.training import loop
from core.training.arranged import ARRANGEMENTS, Arranged, compose_arranged, draw_arranged
from core.training.captions import Caption
from core.training.held_out import trained_colours
from core.training.pictures import PictureBank
from core.training.scenes import Placement, compose

WHITE_VARIANTS, COLOUR_VARIANTS = 4, 1
# Nearly still scenes: what an object looks like is learned long before where it may stand.
PLACEMENT = Placement(scale=(0.82, 0.92), shift=0.015)
ARRANGED_SCENES = 12_000
AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Encoder:
    """What turns scenes into latents.

    Attributes:
        vae: the trained autoencoder, frozen.
        scaling_factor: brings its latents to unit variance.
        step: how long its encoder was trained; latents of another one are made anew.
        device: where ``vae`` is.
    """

    vae: Autoencoder
    scaling_factor: float
    step: int
    device: torch.device

    @torch.no_grad()
    def encode(self, scenes: Tensor, generator: torch.Generator) -> Tensor:
        """A sample of each scene's latents, (B, 4, 16, 16), float16, unit variance."""
        with torch.autocast(self.device.type, torch.bfloat16):
            latents = self.vae.encode(scenes.to(self.device)).sample(generator)
        return (latents * self.scaling_factor).half().cpu()


@dataclass(frozen=True, slots=True)
class LatentBank:
    """Latents of single objects in the middle.

    Attributes:
        latents: (n, 4, 16, 16), float16, unit variance.
        first: index of the first latent of each (object, colour), -1 where there is none.
        count: how many latents each (object, colour) has.
    """

    latents: Tensor
    first: Tensor
    count: Tensor

    def pick(self, captions: list[Caption], generator: torch.Generator) -> Tensor:
        """One latent for each caption, (B, 4, 16, 16), float32."""
        rows = torch.tensor([caption.row for caption in captions])
        colours = torch.tensor([caption.colour for caption in captions])
        draw = torch.rand(len(captions), generator=generator)
        index = self.first[rows, colours] + (draw * self.count[rows, colours]).long()
        return self.latents[index].float()


@dataclass(frozen=True, slots=True)
class ArrangedLatents:
    """Latents of arranged scenes.

    Attributes:
        scenes: what is on each.
        latents: (n, 4, 16, 16), float16, unit variance, in the same order.
    """

    scenes: tuple[Arranged, ...]
    latents: Tensor


def encode_bank(encoder: Encoder, bank: PictureBank, folder: Path) -> LatentBank:
    """Encode every object on every background it may have in training.

    Args:
        encoder: makes the latents.
        bank: the pictures.
        folder: where the latents are kept.
    """
    path = folder / "latents.safetensors"
    if not path.exists() or loop.saved_step(path) != encoder.step:
        plan = [
            (row, colour)
            for row in range(bank.objects)
            for colour in trained_colours(bank.emoji[row].label)
            for _ in range(WHITE_VARIANTS if colour == 0 else COLOUR_VARIANTS)
        ]
        rows, colours = (torch.tensor(column) for column in zip(*plan, strict=True))
        parts = list(_encode_singles(encoder, bank, rows, colours))
        first = torch.full((bank.objects, 10), -1)
        count = torch.zeros(bank.objects, 10, dtype=torch.long)
        for index, (row, colour) in enumerate(plan):
            if first[row, colour] < 0:
                first[row, colour] = index
            count[row, colour] += 1
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"latents": torch.cat(parts), "first": first, "count": count}
        loop.save_whole(tensors, path, step=encoder.step)
    tensors = load_file(path)
    return LatentBank(tensors["latents"], tensors["first"], tensors["count"])


def _encode_singles(
    encoder: Encoder, bank: PictureBank, rows: Tensor, colours: Tensor
) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(11)
    for start in range(0, len(rows), AT_ONCE):
        end = start + AT_ONCE
        scenes = compose(bank, rows[start:end], colours[start:end], PLACEMENT, generator)
        yield encoder.encode(scenes, generator)


def encode_arranged(
    encoder: Encoder,
    bank: PictureBank,
    weights: Sequence[float],
    folder: Path,
    count: int = ARRANGED_SCENES,
) -> ArrangedLatents:
    """Encode arranged scenes drawn by chance, the same ones every time.

    Args:
        encoder: makes the latents.
        bank: the pictures.
        weights: how often each object is drawn, one number an object.
        folder: where the latents are kept.
        count: how many scenes.
    """
    chance = random.Random("arranged scenes")
    scenes = tuple(draw_arranged(bank, weights, chance) for _ in range(count))
    # What is on each scene is kept beside its latents, so that neither can be taken for another's.
    hows = list(ARRANGEMENTS)
    facts = torch.tensor(
        [(s.row, s.colour, hows.index(s.how), -1 if s.other is None else s.other) for s in scenes]
    )
    path = folder / "arranged.safetensors"
    kept = load_file(path) if path.exists() and loop.saved_step(path) == encoder.step else {}
    if not kept or not torch.equal(kept["facts"], facts):
        generator = torch.Generator().manual_seed(12)
        parts = [
            encoder.encode(
                compose_arranged(bank, scenes[start : start + AT_ONCE], generator), generator
            )
            for start in range(0, count, AT_ONCE)
        ]
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"latents": torch.cat(parts), "facts": facts}
        loop.save_whole(kept, path, step=encoder.step)
    return ArrangedLatents(scenes, kept["latents"])
