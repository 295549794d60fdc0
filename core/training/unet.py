"""Stage U-Net: learn to name the noise in a noised latent, given the time and a caption."""

import random
from collections.abc import Mapping

import torch
from torch import Tensor

from core.ideas.schedule_config import read_alpha_bar
from core.nets.config import UNetConfig
from core.nets.unet import UNet
from core.training.captions import CaptionWriter
from core.training.latents import ArrangedLatents, LatentBank
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.text import WIDTH, CaptionIds, TextReader

PLAN = Plan(steps=18000, lr=8e-4, warmup=200, ema=0.999, seed=4, save_every=100)
BATCH = 32
EMPTY_CAPTIONS = 0.1  # the unconditional half of classifier-free guidance learns from these
MIN_SNR_GAMMA = 5.0
ARRANGED_FROM = 10_000  # the step from which some scenes have places, sizes, two objects
ARRANGED = 14  # of BATCH; two of three show two objects
# What is drawn more often is drawn well first: after a start on everything come things that
# everybody knows and that look like nothing else, then those that still lag. People look alike.
# A group's weight, from the step where it begins; groups that are not named weigh 1.
GROUP_WEIGHTS: dict[int, dict[str, float]] = {
    0: {"people-body": 0.4},
    2_500: {"animals-nature": 4.0, "food-drink": 4.0, "people-body": 0.2},
    10_000: {
        "objects": 2.5,
        "travel-places": 2.5,
        "activities": 1.5,
        "people-body": 0.2,
    },
}
# In arranged scenes mostly what is drawn well by then: two things to learn at once is one too many.
ARRANGED_WEIGHTS = {
    "animals-nature": 4.0,
    "food-drink": 4.0,
    "activities": 0.3,
    "smileys-emotion": 0.3,
    "people-body": 0.3,
}

# What changed on the way, by step, as a sentence goes on after "from this step on".
TURNS = {
    2_500: "mostly animals and food, no longer every group of objects",
    10_000: "all groups again, most of them objects and places; scenes of two objects too",
}

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


def unet_loss(
    unet: UNet,
    reader: TextReader,
    bank: PictureBank,
    latents: LatentBank,
    arranged: ArrangedLatents,
    ids: CaptionIds,
    device: torch.device,
) -> BatchLoss:
    """The loss of one step: mean squared error of the noise, weighted by min-SNR-5.

    Source: Ho et al. 2020 (DDPM), eq. 14; weights: Hang et al. 2023 (Min-SNR),
    which for epsilon are min(SNR, 5) / SNR.
    """
    writer = CaptionWriter(bank)
    alpha_bar = torch.from_numpy(read_alpha_bar(SCHEDULER_CONFIG)).float()
    weights = {begin: object_weights(bank, of) for begin, of in GROUP_WEIGHTS.items()}
    reader.eval()

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        chance = random.Random(f"unet:{step}")
        newest = max(begin for begin in weights if begin <= step)
        scenes = ARRANGED if step >= ARRANGED_FROM else 0
        rows = chance.choices(range(bank.objects), weights[newest], k=BATCH - scenes)
        captions = [writer.write(row, chance) for row in rows]
        x0 = latents.pick(captions, generator)
        if scenes:
            picked = chance.sample(range(len(arranged.scenes)), scenes)
            captions += [writer.describe(arranged.scenes[i], chance) for i in picked]
            x0 = torch.cat([x0, arranged.latents[torch.tensor(picked)].float()])
        texts = ["" if chance.random() < EMPTY_CAPTIONS else c.text for c in captions]
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


def object_weights(bank: PictureBank, of_group: Mapping[str, float]) -> list[float]:
    """How often each object is drawn.

    Args:
        bank: the pictures.
        of_group: weights of groups; those that are not named weigh 1.
    """
    return [of_group.get(entry.group, 1.0) for entry in bank.emoji[: bank.objects]]


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
