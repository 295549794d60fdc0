"""Two autoencoders small enough to train in front of a class: a plain one and a variational one.

Both squeeze 32 x 32 pictures into two numbers, so that all they know fits on a plane.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.labs.autoencoder_settings import LabSettings
from core.models.gallery import lab_objects
from core.nets.autoencoder import kl_to_unit_gaussian, reparameterise
from core.training.pictures import Emoji, PictureBank
from core.training.scenes import Placement, compose

LATENTS = 2
WIDTHS = (12, 16, 24)  # channels at 16 x 16, 8 x 8 and 4 x 4
HIDDEN = 96
SMALLEST = 4  # positions each way where the picture becomes a plain list of numbers
BATCH = 32
RATE = 4e-3  # of Adam, falling to 0 along a cosine
COPIES = 40  # of every object, each a little larger or smaller and off the middle
PLACED = Placement(scale=(0.72, 1.0), shift=0.06, flip=0.0, jitter=0.0)


class SmallEncoder(nn.Module):
    """Half the size three times, then a list of numbers."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        befores = (3, *WIDTHS[:-1])
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1)
            for before, after in zip(befores, WIDTHS, strict=True)
        )
        self.hidden = nn.Linear(WIDTHS[-1] * SMALLEST**2, HIDDEN)
        self.out = nn.Linear(HIDDEN, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, 3, 32, 32) in [0, 1] to numbers (B, outputs)."""
        for conv in self.convs:
            x = F.silu(conv(x))
        return self.out(F.silu(self.hidden(x.flatten(1))))


class SmallDecoder(nn.Module):
    """The way back: a list of numbers, then twice the size three times."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(LATENTS, HIDDEN)
        self.spread = nn.Linear(HIDDEN, WIDTHS[-1] * SMALLEST**2)
        befores, afters = WIDTHS[::-1], (*WIDTHS[-2::-1], 3)
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in zip(befores, afters, strict=True)
        )

    def forward(self, z: Tensor) -> Tensor:
        """Map latents (B, 2) to pictures (B, 3, 32, 32) in [0, 1]."""
        x = F.silu(self.spread(F.silu(self.hidden(z))))
        x = x.view(-1, WIDTHS[-1], SMALLEST, SMALLEST)
        for conv in self.convs[:-1]:
            x = F.silu(conv(F.interpolate(x, scale_factor=2.0)))
        return self.convs[-1](F.interpolate(x, scale_factor=2.0)).sigmoid()


class PlainAutoencoder(nn.Module):
    """A picture becomes one point. Nothing says where points may lie, or what lies between."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = SmallEncoder(LATENTS), SmallDecoder()

    def place(self, picture: Tensor) -> Tensor:
        """Return the point of each picture, (B, 2)."""
        return self.encoder(picture)

    def loss(self, picture: Tensor) -> Tensor:
        """Return the mean squared error of what comes back."""
        return F.mse_loss(self.decoder(self.encoder(picture)), picture)


class VariationalAutoencoder(nn.Module):
    """A picture becomes a small cloud. The KL term pulls all clouds towards one: N(0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = SmallEncoder(2 * LATENTS), SmallDecoder()

    def place(self, picture: Tensor) -> Tensor:
        """Return the middle of each picture's cloud, (B, 2)."""
        return self.encoder(picture).chunk(2, dim=1)[0]

    def losses(self, picture: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """Return the error of what comes back from one draw, and the KL of a picture in nats."""
        mean, logvar = self.encoder(picture).chunk(2, dim=1)
        decoded = self.decoder(reparameterise(mean, logvar, eps))
        return F.mse_loss(decoded, picture), kl_to_unit_gaussian(mean, logvar).sum(1).mean()


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class LabStep:
    """Where training is.

    Attributes:
        step: how many steps have been taken.
        plain_error: mean squared error of the plain one on this batch.
        error: the same of the variational one.
        kl: its KL in nats a picture.
        seconds: since the start.
        plain: the plain one, which goes on changing.
        variational: the other.
    """

    step: int
    plain_error: float
    error: float
    kl: float
    seconds: float
    plain: PlainAutoencoder
    variational: VariationalAutoencoder


def train(settings: LabSettings, pictures: Tensor) -> Iterator[LabStep]:
    """Train both on the same batches, one step at a time.

    Args:
        settings: what was chosen.
        pictures: (N, 3, 32, 32) in [0, 1].

    Yields:
        Where training is, after every step.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    plain, variational = PlainAutoencoder(), VariationalAutoencoder()
    for net in (plain, variational):
        initialise(net, generator)
    adam = torch.optim.Adam([*plain.parameters(), *variational.parameters()], lr=RATE, fused=True)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings.steps)
    started = time.perf_counter()
    for step in range(1, settings.steps + 1):
        batch = pictures[torch.randint(len(pictures), (BATCH,), generator=generator)]
        eps = torch.randn(BATCH, LATENTS, generator=generator)
        plain_error = plain.loss(batch)
        error, kl = variational.losses(batch, eps)
        adam.zero_grad()
        (plain_error + error + settings.kl_weight * kl).backward()  # no weight is in both
        adam.step()
        slower.step()
        seconds = time.perf_counter() - started
        told = plain_error.item(), error.item(), kl.item()
        yield LabStep(step, *told, seconds, plain, variational)


def initialise(net: nn.Module, generator: torch.Generator) -> None:
    """Draw weights whose size keeps the signal's, from a seed alone; biases begin at 0.

    Args:
        net: changed in place.
        generator: a CPU generator.
    """
    for name, weight in net.named_parameters():
        with torch.no_grad():
            if name.endswith("bias"):
                weight.zero_()
            else:
                fan_in = weight[0].numel()
                weight.copy_(torch.randn(weight.shape, generator=generator) * (2 / fan_in) ** 0.5)


def lab_pictures(seed: int) -> tuple[Tensor, Tensor]:
    """Place every object many times on white.

    Args:
        seed: of sizes and places.

    Returns:
        Pictures (N, 3, 32, 32) in [0, 1], and which object each one is, (N,).
    """
    objects = lab_objects()
    rgba = torch.from_numpy(objects.pictures).permute(0, 3, 1, 2).float()
    rgba[:, :3] *= rgba[:, 3:] / 255  # colour multiplied by alpha, as the scenes want it
    emoji = tuple(Emoji(name, (), "food-drink", False) for name in objects.names)
    bank = PictureBank(emoji, rgba.round().to(torch.uint8), len(emoji))
    rows = torch.arange(len(emoji)).repeat_interleave(COPIES)
    generator = torch.Generator().manual_seed(seed)
    scenes = compose(bank, rows, torch.zeros_like(rows), PLACED, generator)
    return scenes / 2 + 0.5, rows
