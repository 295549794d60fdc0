"""Stage U-Net: learn to name the noise in a noised latent, given the time and a caption."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.ideas.schedule_config import read_alpha_bar
from core.nets.autoencoder import Autoencoder
from core.nets.config import UNetConfig
from core.nets.unet import UNet
from core.training import loop
from core.training.captions import Caption, CaptionWriter, trained_colours
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import Placement, compose
from core.training.text import WIDTH, CaptionIds, TextReader

PLAN = Plan(steps=10000, lr=8e-4, warmup=200, ema=0.999, seed=4, save_every=100)
BATCH = 32
EMPTY_CAPTIONS = 0.1  # the unconditional half of classifier-free guidance learns from these
MIN_SNR_GAMMA = 5.0
WHITE_VARIANTS, COLOUR_VARIANTS = 4, 1
# Nearly still scenes: what an object looks like is learned long before where it may stand.
PLACEMENT = Placement(scale=(0.82, 0.92), shift=0.015)
# What is drawn more often is drawn well first. After a start on everything, most pictures are of
# things that everybody knows and that look like nothing else; people look alike at 128 pixels.
START_STEPS = 2500
START_WEIGHTS = {"people-body": 0.4}
GROUP_WEIGHTS = {"animals-nature": 4.0, "food-drink": 4.0, "people-body": 0.2}

# The schedule of Stable Diffusion 1.x. A DDIM made from a config without clip_sample clips x0.
SCHEDULER_CONFIG = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.42.1",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "timestep_spacing": "leading",
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "clip_sample": False,
    "trained_betas": None,
}


# Written as the checkpoint's own config.json, and read from it, as every other checkpoint's is.
CONFIG = {
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.42.1",
    "act_fn": "silu",
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "block_out_channels": [64, 128, 256],
    "layers_per_block": 1,
    "norm_num_groups": 32,
    "norm_eps": 1e-5,
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 4,  # read as the number of heads, here as in every checkpoint
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
}


def build_unet() -> UNet:
    """A fresh U-Net on 16 x 16 x 4 latents, about 12.6 million parameters."""
    return UNet(UNetConfig.from_config(CONFIG))


@dataclass(frozen=True, slots=True)
class LatentBank:
    """Latents of scenes, encoded once.

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


@torch.no_grad()
def encode_bank(
    vae: Autoencoder,
    scaling_factor: float,
    vae_step: int,
    bank: PictureBank,
    folder: Path,
    device: torch.device,
) -> LatentBank:
    """Encode every object on every background it may have in training.

    Args:
        vae: the trained autoencoder, frozen.
        scaling_factor: brings its latents to unit variance.
        vae_step: how long its encoder was trained; latents of another one are made anew.
        bank: the pictures.
        folder: where the latents are kept.
        device: where ``vae`` is.
    """
    path = folder / "latents.safetensors"
    if not path.exists() or loop.saved_step(path) != vae_step:
        plan = [
            (row, colour)
            for row in range(bank.objects)
            for colour in trained_colours(bank.emoji[row].label)
            for _ in range(WHITE_VARIANTS if colour == 0 else COLOUR_VARIANTS)
        ]
        rows, colours = (torch.tensor(column) for column in zip(*plan, strict=True))
        parts = list(_encoded(vae, scaling_factor, bank, rows, colours, device))
        first = torch.full((bank.objects, 10), -1)
        count = torch.zeros(bank.objects, 10, dtype=torch.long)
        for index, (row, colour) in enumerate(plan):
            if first[row, colour] < 0:
                first[row, colour] = index
            count[row, colour] += 1
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"latents": torch.cat(parts), "first": first, "count": count}
        loop.save_whole(tensors, path, step=vae_step)
    tensors = load_file(path)
    return LatentBank(tensors["latents"], tensors["first"], tensors["count"])


def _encoded(
    vae: Autoencoder,
    scaling_factor: float,
    bank: PictureBank,
    rows: Tensor,
    colours: Tensor,
    device: torch.device,
) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(11)
    for start in range(0, len(rows), 64):
        end = start + 64
        scenes = compose(bank, rows[start:end], colours[start:end], PLACEMENT, generator)
        with torch.autocast(device.type, torch.bfloat16):
            latents = vae.encode(scenes.to(device)).sample(generator)
        yield (latents * scaling_factor).half().cpu()


def unet_loss(
    unet: UNet,
    reader: TextReader,
    bank: PictureBank,
    latents: LatentBank,
    ids: CaptionIds,
    device: torch.device,
) -> BatchLoss:
    """The loss of one step: mean squared error of the noise, weighted by min-SNR-5.

    Source: Ho et al. 2020 (DDPM), eq. 14; weights: Hang et al. 2023 (Min-SNR),
    which for epsilon are min(SNR, 5) / SNR.
    """
    writer = CaptionWriter(bank)
    alpha_bar = torch.from_numpy(read_alpha_bar(SCHEDULER_CONFIG)).float()
    groups = [entry.group for entry in bank.emoji[: bank.objects]]
    at_first = [START_WEIGHTS.get(group, 1.0) for group in groups]
    later = [GROUP_WEIGHTS.get(group, 1.0) for group in groups]
    reader.eval()

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        chance = random.Random(f"unet:{step}")
        weights = at_first if step < START_STEPS else later
        rows = chance.choices(range(bank.objects), weights, k=BATCH)
        captions = [writer.write(row, chance) for row in rows]
        texts = ["" if chance.random() < EMPTY_CAPTIONS else c.text for c in captions]
        x0 = latents.pick(captions, generator)
        eps = torch.randn(x0.shape, generator=generator)
        t = spread_timesteps(BATCH, generator)
        signal = alpha_bar[t].view(-1, 1, 1, 1)
        xt = (signal.sqrt() * x0 + (1 - signal).sqrt() * eps).to(device)
        with torch.no_grad():
            states = reader(ids(texts).to(device))  # (B, 77, 192)
        predicted = unet(xt, t.to(device), states).float()
        errors = ((predicted - eps.to(device)) ** 2).mean((1, 2, 3))  # (B,)
        snr = (alpha_bar[t] / (1 - alpha_bar[t])).to(device)
        weight = snr.clamp(max=MIN_SNR_GAMMA) / snr
        return {"loss": (weight * errors).mean(), "mse": errors.mean()}

    return batch_loss


def spread_timesteps(count: int, generator: torch.Generator, steps: int = 1000) -> Tensor:
    """One timestep in each of ``count`` equal stretches of [0, steps), in random order, (count,).

    Every t is as likely as before, but a batch cannot miss a whole region of the noise levels by
    chance, so its gradient is quieter.

    Source: a stratified draw, in the spirit of the low-discrepancy sampler of Kingma et al. 2021
    (Variational Diffusion Models).
    """
    stretch = torch.randperm(count, generator=generator)
    place = torch.rand(count, generator=generator)
    return ((stretch + place) * steps / count).long().clamp(max=steps - 1)
