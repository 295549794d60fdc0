"""Stage pixels: a diffusion model on 32 x 32 faces that learns its steps' variance as well."""

import json
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from core.ideas.bound import gather_reverse_step, measure_step_bits
from core.ideas.learned_variance import add_hybrid_loss, interpolate_log_variance
from core.models.pixel_model import (
    HELD_OUT,
    TRAIN_STEPS,
    VARIANCES,
    WEIGHTS,
    PixelModel,
    cosine_alpha_bar,
    finish,
    read_variances,
)
from core.nets.config import UNetConfig
from core.nets.unet import UNet
from core.training import export, loop, pictures
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import Placement, compose
from core.training.unet import spread_timesteps

PLAN = Plan(steps=3000, lr=1e-3, warmup=100, ema=0.995, seed=9, save_every=200)
BATCH = 32
SIDE = 32
GROUP = "smileys-emotion"
VARIANTS = 12  # of each face, differently placed
PLACEMENT = Placement(scale=(0.85, 0.97), shift=0.02, flip=0.5, jitter=0.0)
MEASURED_STEPS = (4, 10, 25, 50, 100, 1000)

# Written as config.json: a U-Net with no attention at all, noise and variance as its two outputs.
CONFIG = {
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.42.1",
    "act_fn": "silu",
    "sample_size": SIDE,
    "in_channels": 3,
    "out_channels": 6,
    "down_block_types": ["DownBlock2D"] * 4,
    "mid_block_type": None,
    "up_block_types": ["UpBlock2D"] * 4,
    "block_out_channels": [32, 64, 96, 128],
    "layers_per_block": 1,
    "norm_num_groups": 16,
    "norm_eps": 1e-5,
    "cross_attention_dim": 1,
    "attention_head_dim": 1,
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
}


def build_pixel_model() -> PixelModel:
    """A fresh model of about 2.8 million parameters."""
    return PixelModel(UNet(UNetConfig.from_config(CONFIG)), cosine_alpha_bar(), SIDE)


def make_faces(bank: PictureBank, *, held_out: bool, variants: int, seed: int) -> Tensor:
    """Faces on white, small.

    Args:
        bank: the pictures.
        held_out: those kept from training, or the others.
        variants: of each face.
        seed: of their places.

    Returns:
        (n, 3, 32, 32), each value one of k / 127.5 - 1: the likelihood is that of 8-bit pixels.
    """
    rows = bank.rows(held_out=held_out, objects_only=True)
    faces = torch.tensor([row for row in rows.tolist() if bank.emoji[row].group == GROUP])
    rows = faces.repeat_interleave(variants)
    generator = torch.Generator().manual_seed(seed)
    parts = [
        F.avg_pool2d(compose(bank, part, torch.zeros_like(part), PLACEMENT, generator), 4)
        for part in rows.split(64)
    ]
    return ((torch.cat(parts) + 1) * 127.5).round() / 127.5 - 1


def pixel_loss(model: PixelModel, faces: Tensor, device: torch.device) -> BatchLoss:
    """The loss of one step: the noise as ever, and a little of the bound for the variance.

    Source: Nichol & Dhariwal 2021 (iDDPM), eq. 16.
    """
    alpha_bar = model.alpha_bar.to(device)

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        x0 = faces[torch.randint(len(faces), (BATCH,), generator=generator)].to(device)
        eps = torch.randn(x0.shape, generator=generator).to(device)
        t = spread_timesteps(BATCH, generator, TRAIN_STEPS).to(device)
        signal = alpha_bar[t].view(-1, 1, 1, 1).float()
        xt = signal.sqrt() * x0 + (1 - signal).sqrt() * eps
        noise, output = model.predict(xt, t)
        numbers = gather_reverse_step(alpha_bar, t)
        log_variance = interpolate_log_variance(output, numbers.beta, numbers.beta_tilde)
        bits = TRAIN_STEPS * measure_step_bits(x0, xt, noise.detach(), log_variance, numbers)
        loss = add_hybrid_loss(eps, noise, bits)
        return {"loss": loss.float(), "mse": F.mse_loss(noise, eps), "bits": bits.mean().float()}

    return batch_loss


def ship(folder: Path, bank: PictureBank, target: Path) -> dict[str, object]:
    """Measure the averaged weights and write them, with what was measured, into the project.

    Args:
        folder: the stage's, with its checkpoint.
        bank: the pictures.
        target: the model's folder; what is there is replaced.

    Returns:
        Bits per dimension of held-out faces by variance and number of steps.
    """
    model = build_pixel_model()
    trained = loop.load_weights(folder, model.net, averaged=True)
    model.net.half().float().eval()  # as it ships
    faces = make_faces(bank, held_out=True, variants=4, seed=10)
    measured: dict[str, object] = {"pictures": len(faces), "trained_steps": trained}
    for count in MEASURED_STEPS:
        reading = finish(read_variances(model, faces, count))
        measured[str(count)] = {name: round(reading.total(name), 3) for name in VARIANCES}
    with export.replaced(target) as fresh:
        export.write_network(fresh, Path(WEIGHTS).stem, CONFIG, model.net.state_dict())
        _sheet(faces).save(fresh / HELD_OUT, optimize=True)
        (fresh / "evaluation.json").write_text(json.dumps(measured, indent=2) + "\n")
        shutil.copyfile(folder / "log.csv", fresh / "training.csv")
        (fresh / "MODEL_CARD.md").write_text(_card(measured, folder))
    return measured


def _sheet(faces: Tensor) -> Image.Image:
    """All faces side by side in one row, to the last bit."""
    row = faces.permute(2, 0, 3, 1).reshape(SIDE, -1, 3)
    return Image.fromarray(((row + 1) * 127.5).round().byte().numpy())


def _card(measured: dict[str, object], folder: Path) -> str:
    table = "\n".join(
        f"| {count} | " + " | ".join(f"{row[name]:.3f}" for name in VARIANCES) + " |"
        for count, row in measured.items()
        if isinstance(row, dict)
    )
    return CARD.format(
        table=table,
        steps=f"{measured['trained_steps']:,}",
        pictures=measured["pictures"],
        device=(folder / "device.txt").read_text().strip(),
        package=pictures.PICTURE_PACKAGE,
    )


CARD = """# faces32: a small diffusion model that learns its variance

Works on pixels: 32 x 32 faces on white, no text. Beside the noise it predicts at every pixel and
step where between the smallest and the largest possible variance the right one lies (Nichol &
Dhariwal 2021, Improved Denoising Diffusion Probabilistic Models). Made for one lesson. Apache-2.0.

## Measured

Bits per dimension of {pictures} pictures of held-out faces (an upper bound; fewer is better), by
the number of steps and the variance of a step back; all from the same answers of the network:

| steps | fixed small | fixed large | learned |
| --- | --- | --- | --- |
{table}

## How it was made

`python -m core.training pixels`: {steps} steps of 32 pictures, {device}. Cosine schedule of 1,000
steps, the hybrid loss with a weight of 0.001 on the bound, averaged weights, half precision.
Pictures: Microsoft's Fluent Emoji, 3D (npm `{package}`, MIT), the faces among them; one in
twenty was kept from training.

## Limits

It draws blurry faces, and is far too small and too shortly trained for figures that could be
compared with those of papers: only the differences between its own three columns say something.
"""
