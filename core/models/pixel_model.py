"""A small diffusion model that works on pixels and says how sure each step may be.

It is there for one question: which variance should a step back have? Beside the noise it predicts,
at every pixel, where between the smallest and the largest possible variance the right one lies.
"""

import json
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.ideas.bound import ReverseStep, gather_reverse_step, measure_step_bits
from core.ideas.learned_variance import count_bits, interpolate_log_variance, measure_prior_gap
from core.ideas.schedules import accumulate_alpha_bar, make_cosine_betas
from core.models.catalog import ROOT
from core.models.manifest import read_weights
from core.nets.config import UNetConfig
from core.nets.unet import UNet

FOLDER = ROOT / "core" / "weights" / "faces32"
WEIGHTS, HELD_OUT = "diffusion_pytorch_model.safetensors", "held_out.png"
TRAIN_STEPS = 1000

Variance = Literal["fixed small", "fixed large", "learned"]
VARIANCES: tuple[Variance, ...] = ("fixed small", "fixed large", "learned")
Progress = tuple[int, int]  # pieces done, pieces in all
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)  # modules have no plain ==
class PixelModel:
    """A network on 8-bit pixels in [-1, 1], and the schedule it was trained on.

    Attributes:
        net: from (B, 3, S, S) to (B, 6, S, S): the noise, then its word on the variance.
        alpha_bar: signal power left at every timestep, (1000,), float64.
        side: S, pixels.
    """

    net: UNet
    alpha_bar: Tensor
    side: int

    def predict(self, xt: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Ask the network.

        Args:
            xt: noisy pictures, (B, 3, S, S).
            t: their timesteps, (B,).

        Returns:
            The noise it sees and its second output (about -1 to 1), both (B, 3, S, S), float32.
        """
        nothing_to_read = xt.new_zeros(len(xt), 0, 1)  # the network has no attention
        noise, output = self.net(xt, t, nothing_to_read).float().chunk(2, dim=1)
        return noise, output


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class VarianceReading:
    """What the three variances give with a number of steps.

    Attributes:
        timesteps: visited, rising, (N,).
        beta: largest variance that each step back can have, (N,).
        beta_tilde: smallest one, (N,); the first is lifted to the second.
        v: the network's mean choice between them at each step, 0 is beta tilde, 1 is beta, (N,).
        bits: for each variance, bits per dimension of every step, (N,).
        prior: bits per dimension that the end of the noising still costs; the same for all.
    """

    timesteps: np.ndarray
    beta: np.ndarray
    beta_tilde: np.ndarray
    v: np.ndarray
    bits: dict[Variance, np.ndarray]
    prior: float

    def total(self, variance: Variance) -> float:
        """Bits per dimension of whole pictures: an upper bound of what their code would take."""
        return float(self.bits[variance].sum()) + self.prior


def cosine_alpha_bar() -> Tensor:
    """The schedule of the model, (1000,), float64: iDDPM's cosine."""
    return torch.from_numpy(accumulate_alpha_bar(make_cosine_betas(TRAIN_STEPS)))


@cache
def load_pixel_model(folder: Path = FOLDER) -> PixelModel:
    """Load the model that ships, once.

    Args:
        folder: with config, weights and manifest.

    Raises:
        ExplainerError: a file is missing or damaged.
    """
    weights = read_weights(folder, WEIGHTS)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    net = UNet(UNetConfig.from_config(config))
    net.load_state_dict(weights)
    return PixelModel(
        net.eval().requires_grad_(False), cosine_alpha_bar(), int(config["sample_size"])
    )


def finish(pieces: Generator[Any, None, Result]) -> Result:
    """Go through all pieces, and return what comes of them.

    Args:
        pieces: from ``read_variances`` or ``draw_with_variances``.
    """
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value


def load_held_out(folder: Path = FOLDER) -> Tensor:
    """Load pictures that the model never saw.

    Args:
        folder: of the model.

    Returns:
        (n, 3, S, S), each value one of k / 127.5 - 1.
    """
    sheet = np.asarray(Image.open(folder / HELD_OUT).convert("RGB"))
    side = sheet.shape[0]  # one row of square pictures
    pictures = torch.from_numpy(sheet.copy()).reshape(side, -1, side, 3).permute(1, 3, 0, 2)
    return pictures.float() / 127.5 - 1


def spread_steps(count: int) -> Tensor:
    """Timesteps of a walk of ``count`` steps, rising, both ends included, (count,), int64.

    Args:
        count: 2 to 1000.

    Raises:
        ValueError: there are fewer than two, or more than the model has.
    """
    if not 2 <= count <= TRAIN_STEPS:
        raise ValueError(f"count is {count}, expected 2 to {TRAIN_STEPS}")
    return torch.linspace(0, TRAIN_STEPS - 1, count, dtype=torch.float64).round().long()


def log_variances(numbers: ReverseStep, output: Tensor, variance: Variance) -> Tensor:
    """The log variance of a step back.

    The last step of all, to the picture, has beta tilde = 0; there both fixed choices take that of
    the step before, as Nichol & Dhariwal's code does, since it scores better.

    Args:
        numbers: of each sample's step.
        output: the network's second output, (B, C, H, W).
        variance: which of the three.

    Returns:
        (B, 1, 1, 1), or (B, C, H, W) where it is learned.
    """
    if variance == "learned":
        return interpolate_log_variance(output, numbers.beta, numbers.beta_tilde)
    large = torch.where(numbers.is_last, numbers.beta_tilde, numbers.beta)
    chosen = numbers.beta_tilde if variance == "fixed small" else large
    return chosen.log().reshape(-1, 1, 1, 1)


@torch.inference_mode()
def read_variances(
    model: PixelModel, pictures: Tensor, count: int, seed: int = 0
) -> Generator[Progress, None, VarianceReading]:
    """Measure what every step of a walk costs, with each of the three variances.

    All three share the network's one answer, and the same noise.

    Args:
        model: the pixel model.
        pictures: clean, (n, 3, S, S), each value one of k / 127.5 - 1.
        count: steps of the walk.
        seed: of the noise.

    Yields:
        Steps done, before each.

    Returns:
        The reading, averaged over the pictures.
    """
    steps = spread_steps(count)
    alpha_bar = model.alpha_bar[steps]
    generator = torch.Generator().manual_seed(seed)
    bits: dict[Variance, list[float]] = {variance: [] for variance in VARIANCES}
    choices, betas, betas_tilde = [], [], []
    for index, t in enumerate(steps):
        yield index, count
        numbers = gather_reverse_step(alpha_bar, torch.full((len(pictures),), index))
        eps = torch.randn(pictures.shape, generator=generator)
        level = float(alpha_bar[index])
        xt = level**0.5 * pictures + (1 - level) ** 0.5 * eps
        noise, output = model.predict(xt, t.expand(len(xt)))
        for variance in VARIANCES:
            log_variance = log_variances(numbers, output.double(), variance)
            step = measure_step_bits(
                pictures.double(), xt.double(), noise.double(), log_variance, numbers, clip=True
            )
            bits[variance].append(float(step.mean()))
        choices.append(float((output.mean() + 1) / 2))
        betas.append(float(numbers.beta[0]))
        betas_tilde.append(float(numbers.beta_tilde[0]))
    prior = count_bits(measure_prior_gap(pictures.double(), alpha_bar[-1])).mean()
    return VarianceReading(
        timesteps=steps.numpy(),
        beta=np.array(betas),
        beta_tilde=np.array(betas_tilde),
        v=np.array(choices),
        bits={variance: np.array(found) for variance, found in bits.items()},
        prior=float(prior),
    )


@torch.inference_mode()
def draw_with_variances(
    model: PixelModel, count: int, each: int = 6, seed: int = 0
) -> Generator[Progress, None, np.ndarray]:
    """Draw pictures with each of the three variances, from the same noise.

    Args:
        model: the pixel model.
        count: steps of the walk.
        each: pictures for each variance.
        seed: of all noise.

    Yields:
        Steps done, before each.

    Returns:
        uint8, (3, each, S, S, 3), in the order of ``VARIANCES``.
    """
    steps = spread_steps(count)
    alpha_bar = model.alpha_bar[steps]
    generator = torch.Generator().manual_seed(seed)
    shape = each, 3, model.side, model.side
    x = torch.randn(shape, generator=generator).repeat(len(VARIANCES), 1, 1, 1)
    for index in reversed(range(count)):
        yield count - 1 - index, count
        numbers = gather_reverse_step(alpha_bar, torch.full((len(x),), index))
        noise, output = model.predict(x, steps[index].expand(len(x)))
        level = float(alpha_bar[index])
        x0 = ((x - (1 - level) ** 0.5 * noise) / level**0.5).clamp(-1, 1)  # pixels have ends
        per_sample = (-1, 1, 1, 1)
        x = (
            numbers.x0_weight.reshape(per_sample) * x0 + numbers.xt_weight.reshape(per_sample) * x
        ).float()
        if index:
            fresh = torch.randn(shape, generator=generator)
            x = torch.cat(
                [
                    part + (0.5 * log_variances(own, out.double(), variance)).exp().float() * fresh
                    for variance, part, out, own in zip(
                        VARIANCES,
                        x.split(each),
                        output.split(each),
                        [gather_reverse_step(alpha_bar, torch.full((each,), index))] * 3,
                        strict=True,
                    )
                ]
            )
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1)
    return pixels.reshape(len(VARIANCES), each, model.side, model.side, 3).numpy()
