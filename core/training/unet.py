"""Stage U-Net: learn to name the noise in a noised latent, given the time and a caption."""

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from core.ideas.schedule_config import read_alpha_bar
from core.nets.attention import Attention
from core.nets.config import UNetConfig
from core.nets.unet import UNet
from core.training.arranged import PAIRED, PAIRS
from core.training.captions import Caption, CaptionWriter
from core.training.latents import ArrangedLatents, LatentBank
from core.training.loop import Again, BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.text import WIDTH, CaptionIds, TextReader

SAID_FROM = 17_000  # the step from which what people say most often is drawn most often
PAIRS_FROM = (
    18_900  # the step from which half of the scenes are of few objects, most of them of two
)
ALL_FROM = 24_400  # the step from which single objects are drawn by kind more than by what is said
SHOWN_FROM = 31_200  # the step from which what the app's own prompts name is drawn oftener
PLAN = Plan(
    steps=18_000,
    lr=8e-4,
    warmup=200,
    ema=0.999,
    seed=4,
    save_every=50,
    again=(
        Again(step=SAID_FROM, lr=2e-4),
        Again(step=PAIRS_FROM, lr=4e-4),
        Again(step=ALL_FROM, lr=4e-4),
        Again(step=SHOWN_FROM, lr=2e-4),
    ),
)
BATCH = 32
EMPTY_CAPTIONS = 0.1  # the unconditional half of classifier-free guidance learns from these
MIN_SNR_GAMMA = 5.0
ARRANGED_FROM = 10_000  # the step from which some scenes have places, sizes, two objects
ARRANGED = {
    0: 0,
    ARRANGED_FROM: 14,
    SAID_FROM: 6,
    PAIRS_FROM: 16,
    ALL_FROM: 14,
}  # of BATCH, by the step where it begins
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
# From then on a share of the single objects are drawn by how often films say their label, tempered:
# else one word in three would be "man". A class types people first, and they are the hardest.
SAID = {SAID_FROM: 0.55, ALL_FROM: 0.3}
TEMPER, PEOPLE = 1 / 3, 3.0
# What everybody meets first, for the app begins with it: these share so much of the single objects.
SHOWN = frozenset((
    "red apple", "green apple", "cat", "dog", "parrot", "whale", "hamburger", "rocket", "automobile"
))  # fmt: skip
SHOWN_SHARE = {SAID_FROM: 0.0, SHOWN_FROM: 0.15}
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
    2_500: "mostly animals, plants and food",
    ARRANGED_FROM: (
        f"{ARRANGED[ARRANGED_FROM]} of {BATCH} scenes have a place, a size or two objects "
        f"({round(100 * PAIRS)} % of these), mostly animals, plants and food, and the text encoder "
        "is the one that can tell them; the other scenes show mostly things and places"
    ),
    SAID_FROM: (
        f"{round(100 * SAID[SAID_FROM])} % of the single objects by how often films say their "
        "name, people three times as often, the others by kind, so that things that look alike "
        "share; "
        f"{ARRANGED[SAID_FROM]} of {BATCH} scenes are arranged; the rate begins anew, lower"
    ),
    PAIRS_FROM: (
        f"{ARRANGED[PAIRS_FROM]} of {BATCH} scenes are arranged, of the {len(PAIRED)} words that "
        f"were drawn best by then ({round(100 * PAIRS)} % show two objects), each beside the same "
        "things at each other's places; the rate begins anew"
    ),
    ALL_FROM: (
        f"{round(100 * SAID[ALL_FROM])} % of the single objects by how often films say their name, "
        f"the others by kind; {ARRANGED[ALL_FROM]} of {BATCH} scenes are arranged, of the same "
        "words as before; the rate begins anew"
    ),
    SHOWN_FROM: (
        f"{round(100 * SHOWN_SHARE[SHOWN_FROM])} % of the single objects are what the app's own "
        "prompts name; nothing is called by another thing's name any more (an astronaut had been "
        'called "a rocket" at times); the rate begins anew, lower'
    ),
}

T = TypeVar("T")

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
class Lessons:
    """What the U-Net learns from.

    Attributes:
        bank: the pictures.
        singles: latents of one object in the middle.
        arranged: latents of arranged scenes; None where the training ends before they come in.
        paired: of scenes of few objects, each followed by its other order; None likewise.
        ids: makes token ids of captions.
        reader: the text encoder, frozen, before arranged scenes come in.
        arranged_reader: from then on, frozen: the one that can tell them.
    """

    bank: PictureBank
    singles: LatentBank
    arranged: ArrangedLatents | None
    paired: ArrangedLatents | None
    ids: CaptionIds
    reader: TextReader
    arranged_reader: TextReader

    def draw(
        self,
        step: int,
        times: int,
        weights: list[float],
        chance: random.Random,
        generator: torch.Generator,
    ) -> tuple[list[Caption], Tensor]:
        """The captions of one batch, and its latents, (times BATCH, 4, 16, 16).

        Args:
            step: of the training, in steps of BATCH.
            times: how many times as large the batch is.
            weights: how often each object is drawn where it is alone.
            chance: chooses objects, words and arranged scenes.
            generator: chooses among the latents of one object.
        """
        writer = CaptionWriter(self.bank)
        scenes = times * newest(ARRANGED, step)
        rows = chance.choices(range(self.bank.objects), weights, k=times * BATCH - scenes)
        captions = [writer.write(row, chance) for row in rows]
        x0 = self.singles.pick(captions, generator)
        if not scenes:
            return captions, x0
        known = self.paired if step >= PAIRS_FROM else self.arranged
        if known is None:
            raise ValueError(f"no arranged scenes at step {step}, expected from {ARRANGED_FROM} on")
        if step >= PAIRS_FROM:
            first = chance.sample(range(0, len(known.scenes), 2), scenes // 2)
            picked = [number for pair in first for number in (pair, pair + 1)]
        else:
            picked = chance.sample(range(len(known.scenes)), scenes)
        captions += [writer.describe(known.scenes[i], chance) for i in picked]
        return captions, torch.cat([x0, known.latents.pick(torch.tensor(picked))])

    @torch.no_grad()
    def read(self, texts: list[str], step: int, device: torch.device) -> Tensor:
        """Hidden states of texts, (B, 77, 192), by the reader of this step."""
        reader = self.reader if step < ARRANGED_FROM else self.arranged_reader
        return reader(self.ids(texts).to(device))


def unet_loss(unet: UNet, lessons: Lessons, device: torch.device, times: int = 1) -> BatchLoss:
    """The loss of one step: mean squared error of the noise, weighted by min-SNR-5.

    Source: Ho et al. 2020 (DDPM), eq. 14; weights: Hang et al. 2023 (Min-SNR),
    which for epsilon are min(SNR, 5) / SNR.

    Args:
        unet: learns.
        lessons: what it learns from.
        device: of ``unet``.
        times: how many times as large as BATCH a batch is; the turns come so many times as early.
    """
    alpha_bar = torch.from_numpy(read_alpha_bar(SCHEDULER_CONFIG)).float()
    weights = {begin: object_weights(lessons.bank, of) for begin, of in GROUP_WEIGHTS.items()} | {
        begin: said_weights(lessons.bank, newest(SAID, begin), newest(SHOWN_SHARE, begin))
        for begin in sorted(SAID | SHOWN_SHARE)
    }

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        chance, seen = random.Random(f"unet:{step}"), step * times
        captions, x0 = lessons.draw(seen, times, newest(weights, seen), chance, generator)
        texts = ["" if chance.random() < EMPTY_CAPTIONS else c.text for c in captions]
        eps = torch.randn(x0.shape, generator=generator)
        t = spread_timesteps(times * BATCH, generator)
        signal = alpha_bar[t].view(-1, 1, 1, 1)
        xt = (signal.sqrt() * x0 + (1 - signal).sqrt() * eps).to(device)
        states = lessons.read(texts, seen, device)  # (B, 77, 192)
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


def said_weights(bank: PictureBank, share: float, shown: float = 0.0) -> list[float]:
    """How often each object is drawn once what people say counts; the weights add up to 1.

    ``share`` of them goes by how often the label is said, the rest by kind: each object weighs one
    over the square root of how many are of its kind, so twelve clock faces weigh less than twelve
    things that look like nothing else.

    Args:
        bank: the pictures.
        share: of what people say, in 0 to 1.
        shown: of what the app's own prompts name, in 0 to 1, taken from all of these alike; a bank
            with none of it leaves them as they are.

    Raises:
        ValueError: no label is said as a word.
    """
    objects = bank.emoji[: bank.objects]
    said = [e.said**TEMPER * (PEOPLE if e.group == "people-body" else 1.0) for e in objects]
    if not any(said):
        raise ValueError("no label is said as a word, expected counts from the data stage")
    kinds = Counter(e.kind for e in objects)
    rest = [kinds[e.kind] ** -0.5 for e in objects]
    all_said, all_rest = sum(said), sum(rest)
    app = [float(e.label in SHOWN) for e in objects]
    shown, all_app = shown * any(app), max(1.0, sum(app))
    return [
        (1 - shown) * (share * by_word / all_said + (1 - share) * by_kind / all_rest)
        + shown * of_app / all_app
        for by_word, by_kind, of_app in zip(said, rest, app, strict=True)
    ]


def newest(values: Mapping[int, T], step: int) -> T:
    """The value that holds at ``step``, of values by the step where they begin."""
    return values[max(begin for begin in values if begin <= step)]


def quicken(unet: UNet) -> UNet:
    """Let attention be computed in one piece, without its weights, which training never reads."""
    for part in unet.modules():
        if isinstance(part, Attention):
            part.attend = _attend_at_once
    return unet


def _attend_at_once(
    q: Tensor, k: Tensor, v: Tensor, heads: int, readable: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As :func:`core.nets.attention.attend`, with nothing for the weights."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    if (
        q.device.type == "cpu"
        and q.dtype == torch.bfloat16
        and q.requires_grad
        and readable is None
    ):
        # There the way back through one piece takes two to seven times as long as through three.
        mixed = (q / math.sqrt(q.shape[-1]) @ k.transpose(-1, -2)).softmax(dim=-1) @ v
    else:
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=readable)
    return mixed.transpose(1, 2).flatten(2), q.new_empty(0)


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
