"""Pictures to latents and back, and a cheap look at latents without the VAE."""

import copy
import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import ExplainerError
from core.models.gallery import gallery, open_picture
from core.models.loading import Checkpoint
from core.models.uploads import fit
from core.nets.autoencoder import Posterior
from core.words import tr

LOG = logging.getLogger(__name__)
FITTED_PICTURES = 8
LARGEST = 4  # times the area a model was trained at; beyond it pictures repeat and memory runs out
LOGVAR = (-30.0, 20.0)  # diffusers keeps the log variance within these


@dataclass(frozen=True, slots=True)
class ColorMap:
    """A linear guess of the colour under each latent: RGB = latent @ weights + bias, in [0, 1].

    Attributes:
        weights: (C, 3), float32.
        bias: (3,), float32.
    """

    weights: Tensor
    bias: Tensor


@torch.inference_mode()
def encode_picture(
    checkpoint: Checkpoint, picture: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Turn pictures into latents.

    Args:
        checkpoint: its VAE is used.
        picture: (B, 3, H, W) in [-1, 1], sides multiples of ``vae_scale``.
        generator: a CPU generator to draw from the VAE's distribution; None takes its mean.

    Returns:
        Scaled latents, (B, C, H / vae_scale, W / vae_scale), float32.

    Raises:
        ValueError: ``picture`` has another shape.
    """
    found = encode_posterior(checkpoint, picture)
    return to_unit_scale(checkpoint, found.mean if generator is None else found.sample(generator))


@torch.inference_mode()
def encode_posterior(checkpoint: Checkpoint, picture: Tensor) -> Posterior:
    """Ask the VAE what it says of pictures: one Gaussian for every latent number.

    Args:
        checkpoint: its VAE is used.
        picture: (B, 3, H, W) in [-1, 1], sides multiples of ``vae_scale``.

    Returns:
        Mean and log variance, not yet scaled, (B, C, H / vae_scale, W / vae_scale), float32.

    Raises:
        ValueError: ``picture`` has another shape.
        ExplainerError: the autoencoder gave numbers that are not finite.
    """
    scale = checkpoint.vae_scale
    if picture.ndim != 4 or picture.shape[1] != 3 or any(n % scale for n in picture.shape[2:]):
        raise ValueError(
            f"picture is {tuple(picture.shape)}, expected (B, 3, H, W) with sides times {scale}"
        )
    found = _in_range(checkpoint, lambda vae, x: vae.encode(x).latent_dist.parameters, picture)
    mean, logvar = found.chunk(2, dim=1)  # (B, 2C, h, w) -> twice (B, C, h, w)
    return Posterior(mean, logvar.clamp(*LOGVAR))


def fed(checkpoint: Checkpoint, latents: Tensor) -> Tensor:
    """Return latents with all that a U-Net wants beside them.

    The U-Net of an inpainting checkpoint also wants a mask, 1 where it is to paint, and the latents
    of the picture with that part blanked out in grey. A plain run has it paint everywhere.

    Args:
        checkpoint: its U-Net says how many channels it reads.
        latents: (B, C, h, w), on the checkpoint's device and in its number type.

    Returns:
        The latents themselves, or (B, 2 C + 1, h, w): latents, mask, masked picture.
    """
    if checkpoint.unet.config.in_channels == latents.shape[1]:
        return latents
    size = latents.shape[1:]
    if size not in checkpoint.blanks:
        grey = torch.zeros(1, 3, *(side * checkpoint.vae_scale for side in size[1:]))
        checkpoint.blanks[size] = encode_picture(checkpoint, grey)
    blank = checkpoint.blanks[size].to(latents).expand_as(latents)
    return torch.cat([latents, torch.ones_like(latents[:, :1]), blank], dim=1)


def _in_range(
    checkpoint: Checkpoint,
    work: Callable[[Any, Tensor], Tensor],  # Any: the autoencoder
    given: Tensor,
) -> Tensor:
    """Run one half of the autoencoder; what overflows in half precision is run again in float32.

    Stable Diffusion's own autoencoder stays within half precision, some trained further do not.

    Args:
        checkpoint: its VAE is used.
        work: asks one of its halves.
        given: what to ask with, (B, ...); every row is answered for itself.

    Returns:
        The answers, (B, ...), float32.

    Raises:
        ExplainerError: they are not finite in float32 either.
    """
    found = work(checkpoint.vae, given.to(checkpoint.device, checkpoint.dtype)).float()
    wrong = ~found.flatten(1).isfinite().all(dim=1)  # (B, ...) -> (B,)
    if wrong.any() and checkpoint.dtype != torch.float32:
        LOG.warning(
            "The autoencoder of %s overflows in half precision; it is asked again in float32.",
            checkpoint.id,
        )
        wide = copy.deepcopy(checkpoint.vae).float()  # others may be asking the one in memory
        found[wrong] = work(wide, given[wrong].to(checkpoint.device, torch.float32))
        wrong = ~found.flatten(1).isfinite().all(dim=1)
    if wrong.any():
        kind = str(checkpoint.dtype).removeprefix("torch.")
        raise ExplainerError(
            tr("The autoencoder of this model gave numbers that are not finite in float32.")
            if kind == "float32"
            else tr(
                "The autoencoder of this model gave numbers that are not finite in {half}, nor in "
                "float32.",
                half=kind,
            ),
            tr(
                "Its weights are damaged or do not suit this input: get the checkpoint again, or "
                "choose another model."
            ),
        )
    return found


def fit_latents(
    asked: tuple[int | None, int | None], channels: int, scale: int, own: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the shape of the latents of one picture, (1, C, H, W).

    Args:
        asked: height and width, pixels; None takes the model's own.
        channels: numbers at each position of the latents.
        scale: pixels per position, each way.
        own: height and width that the model was trained at, pixels.

    Raises:
        ExplainerError: the picture is far larger than what the model was trained at.
    """
    height, width = asked[0] or own[0], asked[1] or own[1]
    if height * width > LARGEST * own[0] * own[1]:
        raise ExplainerError(
            tr(
                "{width} × {height} pixels are too many for this model, which was trained at "
                "{own_width} × {own_height}.",
                width=width,
                height=height,
                own_width=own[1],
                own_height=own[0],
            ),
            tr(
                "Choose at most {times} times its area, for example {width} × {height}.",
                times=LARGEST,
                width=2 * own[1],
                height=2 * own[0],
            ),
        )
    if height % scale or width % scale:
        raise ExplainerError(
            tr(
                "{width} × {height} pixels do not divide into this model's latents.",
                width=width,
                height=height,
            ),
            tr("Choose sides that are multiples of {scale}.", scale=scale),
        )
    return 1, channels, height // scale, width // scale


def to_unit_scale(checkpoint: Checkpoint, latents: Tensor) -> Tensor:
    """Bring latents as the encoder gives them to about unit variance.

    Args:
        checkpoint: its config holds the factors.
        latents: not yet scaled, any shape.
    """
    return (latents - checkpoint.shift_factor) * checkpoint.scaling_factor


def picture_tensor(pixels: bytes, width: int, height: int) -> Tensor:
    """Turn the pixels of a picture into what the VAE reads.

    Args:
        pixels: red, green, blue, row by row, ``width * height * 3`` bytes.
        width: pixels.
        height: pixels.

    Returns:
        (1, 3, height, width) in [-1, 1].
    """
    rows = np.frombuffer(pixels, np.uint8).reshape(height, width, 3).astype(np.float32)
    return torch.from_numpy(rows / 127.5 - 1).permute(2, 0, 1)[None]  # (H, W, 3) -> (1, 3, H, W)


@torch.inference_mode()
def decode_latents(checkpoint: Checkpoint, latents: Tensor) -> Tensor:
    """Turn latents into pictures.

    Args:
        checkpoint: its VAE is used.
        latents: scaled latents at unit scale, (B, C, h, w).

    Returns:
        Pictures, (B, h * vae_scale, w * vae_scale, 3), uint8, on the CPU.

    Raises:
        ValueError: ``latents`` have another shape.
        ExplainerError: the latents, or the pictures, hold numbers that are not finite.
    """
    channels = checkpoint.latent_channels
    if latents.ndim != 4 or latents.shape[1] != channels:
        raise ValueError(f"latents are {tuple(latents.shape)}, expected (B, {channels}, h, w)")
    check_finite(latents)
    latents = latents.to(checkpoint.device) / checkpoint.scaling_factor + checkpoint.shift_factor
    pictures = _in_range(checkpoint, lambda vae, x: vae.decode(x).sample, latents)
    return to_bytes(pictures.permute(0, 2, 3, 1) / 2 + 0.5)  # (B, 3, H, W) -> (B, H, W, 3)


def check_finite(latents: Tensor) -> None:
    """Refuse latents that no decoder can read; raises ExplainerError."""
    if not latents.isfinite().all():
        raise ExplainerError(
            tr("The latents to decode hold numbers that are not finite."),
            tr("Lower the guidance, or change the scheduler's settings."),
        )


def fit_color_map(checkpoint: Checkpoint) -> ColorMap:
    """Fit the colour under each latent by least squares on known pictures.

    Args:
        checkpoint: its VAE encodes them.

    Returns:
        The map, on the CPU.
    """
    fitting = color_map_in_pieces(checkpoint)
    while True:
        try:
            next(fitting)
        except StopIteration as end:
            return end.value


def color_map_in_pieces(checkpoint: Checkpoint) -> Generator[tuple[int, int], None, ColorMap]:
    """Fit the colour map, yielding (pictures done, pictures in all) before every one encoded.

    Args:
        checkpoint: its VAE encodes ``FITTED_PICTURES`` pictures: scenes of the gallery, four on
            each, and coloured blobs.

    Returns:
        The map, on the CPU.
    """
    side = min(checkpoint.height, checkpoint.width, 256)
    scenes = _mosaics(side)
    drawn = blobs(FITTED_PICTURES - len(scenes), side, torch.Generator().manual_seed(0))
    pictures = torch.cat([scenes, drawn])
    found = []
    # One at a time: this comes while pictures are drawn, when there is little memory to spare.
    for done, picture in enumerate(pictures.split(1)):
        yield done, FITTED_PICTURES
        found.append(encode_picture(checkpoint, picture).cpu())
    latents = torch.cat(found)
    colors = F.avg_pool2d(pictures, checkpoint.vae_scale) / 2 + 0.5
    known = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])  # (B * h * w, C)
    wanted = colors.permute(0, 2, 3, 1).reshape(-1, 3)
    ones = torch.ones(len(known), 1)
    solved = torch.linalg.lstsq(torch.cat([known, ones], dim=1), wanted).solution  # (C + 1, 3)
    return ColorMap(weights=solved[:-1], bias=solved[-1])


def preview(latents: Tensor, color_map: ColorMap) -> Tensor:
    """Show latents as a small picture without the VAE.

    Args:
        latents: scaled latents at unit scale, (B, C, h, w).
        color_map: from ``fit_color_map``.

    Returns:
        Pictures, (B, h, w, 3), uint8; one pixel a latent position.
    """
    flat = latents.detach().cpu().float().permute(0, 2, 3, 1)  # (B, C, h, w) -> (B, h, w, C)
    return to_bytes(flat @ color_map.weights + color_map.bias)


def blobs(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Draw pictures of soft coloured discs on plain grounds.

    Args:
        count: how many pictures.
        side: pixels each way.
        generator: a CPU generator.

    Returns:
        (count, 3, side, side) in [-1, 1].
    """
    grounds = torch.rand(count, 3, 1, 1, generator=generator)
    pictures = grounds.expand(count, 3, side, side).clone()
    line = torch.linspace(0, 1, side)
    for _ in range(12):
        x, y, radius = torch.rand(3, count, 1, 1, 1, generator=generator)
        color = torch.rand(count, 3, 1, 1, generator=generator)
        distance = (
            (line.view(1, 1, 1, side) - x) ** 2 + (line.view(1, 1, side, 1) - y) ** 2
        ).sqrt()
        cover = torch.sigmoid((0.05 + 0.2 * radius - distance) * side / 2)
        pictures = pictures * (1 - cover) + color * cover
    return pictures * 2 - 1


def _mosaics(side: int) -> Tensor:
    """Return the gallery's pictures, four on each, (n, 3, side, side) in [-1, 1]."""
    half = side // 2
    small = [
        picture_tensor(fit(open_picture(one.name), half, half).tobytes(), half, half)
        for one in gallery()
    ]
    rows = [torch.cat(small[at : at + 2], dim=3) for at in range(0, len(small) - 1, 2)]
    pairs = [torch.cat(rows[at : at + 2], dim=2) for at in range(0, len(rows) - 1, 2)]
    return torch.cat(pairs)


def to_bytes(pictures: Tensor) -> Tensor:
    """Bring [0, 1] to uint8, nearest value, on the CPU."""
    return (pictures.clamp(0, 1) * 255).round().to("cpu", torch.uint8)
