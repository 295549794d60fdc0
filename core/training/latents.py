"""Latents of the scenes that the U-Net learns from, each encoded once, when it is first drawn."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.nets.autoencoder import Autoencoder
from core.training import loop
from core.training.arranged import (
    ARRANGEMENTS,
    PAIRED,
    Arranged,
    compose_arranged,
    draw_arranged,
    other_order,
)
from core.training.captions import Caption
from core.training.held_out import trained_colours
from core.training.pictures import PictureBank
from core.training.scenes import Placement, compose

WHITE_VARIANTS, COLOUR_VARIANTS = 4, 1
# Nearly still scenes: what an object looks like is learned long before where it may stand.
PLACEMENT = Placement(scale=(0.82, 0.92), shift=0.015)
ARRANGED_SCENES = 12_000
AT_ONCE = 64

ComposeScene = Callable[[int, torch.Generator], Tensor]


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

    def encodes(self, scene: ComposeScene, seed: int) -> Callable[[list[int]], Tensor]:
        """What makes latents of numbered scenes.

        Args:
            scene: composes one, (1, 3, 128, 128), of its number and a source of chance.
            seed: of their chance; each has its own, so none depends on what is encoded beside it.

        Returns:
            From n numbers to samples of their latents, (n, 4, 16, 16), float16, unit variance.
        """

        @torch.no_grad()
        def encode(numbers: list[int]) -> Tensor:
            chances = [torch.Generator().manual_seed(seed * 1_000_003 + n) for n in numbers]
            scenes = [scene(n, chance) for n, chance in zip(numbers, chances, strict=True)]
            with loop.fast_precision(self.device):
                posterior = self.vae.encode(torch.cat(scenes).to(self.device))
            noise = torch.cat([torch.randn(1, 4, 16, 16, generator=chance) for chance in chances])
            latents = posterior.mean + posterior.std * noise.to(posterior.mean)
            return (latents * self.scaling_factor).half().cpu()

        return encode


@dataclass(frozen=True, slots=True)
class Latents:
    """Latents of numbered scenes, each encoded when it is first asked for, and then known.

    Attributes:
        values: (n, 4, 16, 16), float16, unit variance; zeros where not known.
        known: which of them are, (n,) bool.
        encode: makes the latents of some numbers, (k, 4, 16, 16), float16.
    """

    values: Tensor
    known: Tensor
    encode: Callable[[list[int]], Tensor]

    def pick(self, index: Tensor) -> Tensor:
        """The latents of some scenes, (B, 4, 16, 16), float32."""
        missing = index[~self.known[index]].unique().tolist()
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            self.values[part] = self.encode(part)
            self.known[part] = True
        return self.values[index].float()


@dataclass(frozen=True, slots=True)
class Kept:
    """Where latents are kept between runs.

    Attributes:
        path: the file.
        facts: what is on each scene, one row each, (n, k), int64; kept beside the latents, so that
            neither can be taken for another's.
        step: how long their encoder was trained.
    """

    path: Path
    facts: Tensor
    step: int

    def read(self, encode: Callable[[list[int]], Tensor]) -> Latents:
        """What is kept of these scenes by this encoder; nothing is known where that is none."""
        if self.path.exists() and loop.saved_step(self.path) == self.step:
            tensors = load_file(self.path)
            if torch.equal(tensors["facts"], self.facts):
                return Latents(tensors["latents"], tensors["known"], encode)
        count = len(self.facts)
        empty = torch.zeros(count, 4, 16, 16, dtype=torch.float16)
        return Latents(empty, torch.zeros(count, dtype=torch.bool), encode)

    def write(self, latents: Latents) -> None:
        """Write what is known by now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {"latents": latents.values, "known": latents.known, "facts": self.facts}
        loop.save_whole(tensors, self.path, step=self.step)


@dataclass(frozen=True, slots=True)
class LatentBank:
    """Latents of single objects in the middle.

    Attributes:
        latents: all of them.
        first: number of the first latent of each (object, colour), -1 where there is none.
        count: how many latents each (object, colour) has.
        kept: where they are kept; None where they are not.
    """

    latents: Latents
    first: Tensor
    count: Tensor
    kept: Kept | None = None

    def pick(self, captions: list[Caption], generator: torch.Generator) -> Tensor:
        """One latent for each caption, (B, 4, 16, 16), float32."""
        rows = torch.tensor([caption.row for caption in captions])
        colours = torch.tensor([caption.colour for caption in captions])
        draw = torch.rand(len(captions), generator=generator)
        index = self.first[rows, colours] + (draw * self.count[rows, colours]).long()
        return self.latents.pick(index)


@dataclass(frozen=True, slots=True)
class ArrangedLatents:
    """Latents of arranged scenes.

    Attributes:
        scenes: what is on each.
        latents: of each, in the same order.
        kept: where they are kept; None where they are not.
    """

    scenes: tuple[Arranged, ...]
    latents: Latents
    kept: Kept | None = None


def single_latents(encoder: Encoder, bank: PictureBank, folder: Path) -> LatentBank:
    """Every object on every background that it may have in training.

    Args:
        encoder: makes the latents.
        bank: the pictures.
        folder: where the latents are kept.
    """
    plan = [
        (row, colour)
        for row in range(bank.objects)
        for colour in trained_colours(bank.emoji[row].label)
        for _ in range(WHITE_VARIANTS if colour == 0 else COLOUR_VARIANTS)
    ]
    first = torch.full((bank.objects, 10), -1)
    count = torch.zeros(bank.objects, 10, dtype=torch.long)
    for index, (row, colour) in enumerate(plan):
        if first[row, colour] < 0:
            first[row, colour] = index
        count[row, colour] += 1

    def scene(number: int, generator: torch.Generator) -> Tensor:
        row, colour = kept.facts[number : number + 1].unbind(1)
        return compose(bank, row, colour, PLACEMENT, generator)

    kept = Kept(folder / "latents.safetensors", torch.tensor(plan), encoder.step)
    return LatentBank(kept.read(encoder.encodes(scene, seed=11)), first, count, kept)


def arranged_latents(
    encoder: Encoder,
    bank: PictureBank,
    weights: Sequence[float],
    folder: Path,
    count: int = ARRANGED_SCENES,
) -> ArrangedLatents:
    """Arranged scenes drawn by chance, the same ones every time.

    Args:
        encoder: makes the latents.
        bank: the pictures.
        weights: how often each object is drawn, one number an object.
        folder: where the latents are kept.
        count: how many scenes.
    """
    chance = random.Random("arranged scenes")
    scenes = tuple(draw_arranged(bank, weights, chance) for _ in range(count))
    return _latents_of(scenes, encoder, bank, folder / "arranged.safetensors", seed=12)


def paired_latents(
    encoder: Encoder, bank: PictureBank, folder: Path, count: int = ARRANGED_SCENES
) -> ArrangedLatents:
    """Arranged scenes of the objects in ``PAIRED``, each followed by its other order.

    Where the bank has hardly any of these, all of its objects are drawn.

    Args:
        encoder: makes the latents.
        bank: the pictures.
        folder: where the latents are kept.
        count: how many scenes, an even number.
    """
    chance, scenes = random.Random("paired scenes"), list[Arranged]()
    paired = [entry.label in PAIRED for entry in bank.emoji[: bank.objects]]
    hardly = sum(paired) < 3
    weights = [float(one or hardly) for one in paired]
    for _ in range(count // 2):
        scene = draw_arranged(bank, weights, chance)
        scenes += [scene, other_order(scene)]
    return _latents_of(tuple(scenes), encoder, bank, folder / "paired.safetensors", seed=13)


def _latents_of(
    scenes: tuple[Arranged, ...], encoder: Encoder, bank: PictureBank, file: Path, seed: int
) -> ArrangedLatents:
    hows = list(ARRANGEMENTS)
    facts = torch.tensor(
        [(s.row, s.colour, hows.index(s.how), -1 if s.other is None else s.other) for s in scenes]
    )

    def scene(number: int, generator: torch.Generator) -> Tensor:
        return compose_arranged(bank, scenes[number : number + 1], generator)

    kept = Kept(file, facts, encoder.step)
    return ArrangedLatents(scenes, kept.read(encoder.encodes(scene, seed)), kept)
