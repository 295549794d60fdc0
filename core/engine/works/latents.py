"""What the autoencoder makes of pictures, and what it makes of latents that were changed."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from core.engine.request import MAX_SEED, SIDE_STEP, SIDES
from core.engine.work import Course, Progress, Work, within
from core.engine.works.given_picture import check_picture, open_picture
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.ideas.latent_surgery import measure_scaling_factor
from core.models.catalog import BUILT_IN
from core.models.latent_reading import Decoded, PictureReading, ScaleReading
from core.words import tr

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel

MOST_SEEDS = 8
MOST_LATENTS = 16
MOST_PICTURES = 32
MOST_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class PictureWork(Work[PictureReading]):
    """A picture encoded and decoded again.

    Attributes:
        pixels: red, green, blue, row by row.
        width: pixels.
        height: pixels.
        seeds: one sample of the posterior is drawn for each.
    """

    model: str = BUILT_IN
    pixels: bytes = b""
    width: int = 0
    height: int = 0
    seeds: tuple[int, ...] = (0, 1)

    def _checked(self) -> dict[str, Any]:
        if not isinstance(self.seeds, tuple) or len(self.seeds) > MOST_SEEDS:
            raise ExplainerError(
                tr("There are too many seeds."),
                tr("Give {most_seeds} at most.", most_seeds=MOST_SEEDS),
            )
        seeds = tuple(check_whole(seed, tr("seed"), 0, MAX_SEED) for seed in self.seeds)
        return {**check_picture(self.width, self.height, self.pixels), "seeds": seeds}

    def course(self, loaded: "LoadedModel") -> "Course[PictureReading]":
        """Encode, decode, and fit the colours once for this model, with which they stay."""
        import torch

        from core.models import latents as vae

        checkpoint = loaded.checkpoint
        picture = open_picture(checkpoint, self.pixels, self.width, self.height)
        total = 2 + (vae.FITTED_PICTURES if loaded.colors is None else 0)
        yield Progress(0, total)
        started = time.perf_counter()
        found = vae.encode_posterior(checkpoint, picture)
        mean = vae.to_unit_scale(checkpoint, found.mean)
        drawn = [
            vae.to_unit_scale(checkpoint, found.sample(torch.Generator().manual_seed(seed)))
            for seed in self.seeds
        ]
        encode_s = time.perf_counter() - started
        yield Progress(1, total)
        started = time.perf_counter()
        [decoded] = loaded.vae.run([mean[0]])  # in this piece alone, as it is timed
        if isinstance(decoded, Exception):
            raise decoded
        back = decoded.numpy()
        decode_s = time.perf_counter() - started
        colors = loaded.colors
        if colors is None:
            fitting = vae.color_map_in_pieces(checkpoint)
            colors = loaded.colors = yield from within(fitting, 2, total)
        return PictureReading(
            mean=mean[0].cpu().numpy(),
            std=(found.std[0] * checkpoint.scaling_factor).cpu().numpy(),
            kl=found.kl()[0].cpu().numpy(),
            samples=torch.stack([one[0].cpu() for one in drawn]).numpy() if drawn
            else np.empty((0, *mean.shape[1:]), np.float32),
            back=back,
            colour_weights=colors.weights.numpy(),
            colour_bias=colors.bias.numpy(),
            encode_s=encode_s,
            decode_s=decode_s,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DecodeWork(Work[Decoded]):
    """Latents decoded, whatever was done to them before.

    Attributes:
        latents: at unit scale, float32 in the machine's order, of shape ``shape``.
        shape: (n, C, h, w).
    """

    model: str = BUILT_IN
    latents: bytes = b""
    shape: tuple[int, int, int, int] = (0, 0, 0, 0)

    @classmethod
    def of(cls, model: str, latents: np.ndarray) -> Self:
        """Return the work for an array of latents at unit scale, (n, C, h, w)."""
        whole = np.ascontiguousarray(latents, np.float32)
        return cls(model, whole.tobytes(), whole.shape)  # type: ignore[arg-type]  # checked below

    def _checked(self) -> dict[str, Any]:
        wrong = ExplainerError(
            tr("These latents have another shape."), tr("Encode a picture again.")
        )
        if len(self.shape) != 4:
            raise wrong
        n, channels, height, width = self.shape
        check_whole(n, tr("number of latents"), 1, MOST_LATENTS)
        check_whole(channels, tr("number of channels"), 1, MOST_CHANNELS)
        for side in (height, width):
            check_whole(side, tr("side of the latents"), 1, SIDES[1] // SIDE_STEP)
        if len(self.latents) != 4 * n * channels * height * width:
            raise wrong
        if not np.isfinite(np.frombuffer(self.latents, np.float32)).all():
            raise ExplainerError(
                tr("These latents hold numbers that are not finite."), tr("Start again.")
            )
        return {}

    def course(self, loaded: "LoadedModel") -> "Course[Decoded]":
        """Decode one after the other, each timed."""
        import torch

        checkpoint = loaded.checkpoint
        if self.shape[1] != checkpoint.latent_channels:
            raise ExplainerError(
                tr(
                    "These latents have {channels} channels; {model} has {others}.",
                    channels=self.shape[1],
                    model=checkpoint.id,
                    others=checkpoint.latent_channels,
                ),
                tr("Encode the picture with this model."),
            )
        whole = torch.from_numpy(np.frombuffer(self.latents, np.float32).reshape(self.shape).copy())
        pictures, seconds = [], []
        for index, one in enumerate(whole.split(1)):
            yield Progress(index, len(whole))
            started = time.perf_counter()
            [picture] = loaded.vae.run([one[0]])
            if isinstance(picture, Exception):
                raise picture
            pictures.append(picture.numpy())
            seconds.append(time.perf_counter() - started)
        return Decoded(np.stack(pictures), tuple(seconds), _preview_seconds(loaded, whole[:1]))


@dataclass(frozen=True, slots=True)
class ScaleWork(Work[ScaleReading]):
    """How far latents spread: the scaling factor, measured on pictures.

    Attributes:
        pictures: red, green, blue, row by row, one entry a picture.
        width: pixels.
        height: pixels.
        seed: of the samples that are measured.
    """

    model: str = BUILT_IN
    pictures: tuple[bytes, ...] = ()
    width: int = 0
    height: int = 0
    seed: int = 0

    def _checked(self) -> dict[str, Any]:
        check_whole(len(self.pictures), tr("number of pictures"), 1, MOST_PICTURES)
        given = check_picture(self.width, self.height, *self.pictures)
        return {
            "width": given["width"],
            "height": given["height"],
            "seed": check_whole(self.seed, tr("seed"), 0, MAX_SEED),
        }

    def course(self, loaded: "LoadedModel") -> "Course[ScaleReading]":
        """Encode one picture after the other, and measure what came of them all."""
        import torch

        from core.models import latents as vae

        checkpoint = loaded.checkpoint
        generator = torch.Generator().manual_seed(self.seed)
        found = []
        for index, pixels in enumerate(self.pictures):
            yield Progress(index, len(self.pictures))
            picture = open_picture(checkpoint, pixels, self.width, self.height)
            found.append(vae.encode_posterior(checkpoint, picture).sample(generator).cpu())
        raw = torch.cat(found)  # (n, C, h, w), before scaling
        scaled = vae.to_unit_scale(checkpoint, raw).permute(1, 0, 2, 3).flatten(1)  # (C, n * h * w)
        return ScaleReading(
            means=scaled.mean(1).numpy(),
            stds=scaled.std(1).numpy(),
            measured=measure_scaling_factor(raw.numpy()),
            configured=checkpoint.scaling_factor,
            pictures=len(found),
        )


def _preview_seconds(loaded: "LoadedModel", latents: "object") -> float:
    """Time the linear guess; 0 where no colours have been fitted."""
    from core.models.latents import preview

    if loaded.colors is None:
        return 0.0
    started = time.perf_counter()
    preview(latents, loaded.colors)  # type: ignore[arg-type]  # a tensor; naming it imports torch
    return time.perf_counter() - started
