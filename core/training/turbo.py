"""Stage turbo: a LoRA of the U-Net that ships learns to say in few calls where its run would end.

The U-Net itself is the teacher: with guidance it goes one step on from noised latents of real
scenes, once, before the training. The student is the same U-Net with the LoRA, and without
guidance.
"""

import json
import random
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from core.ideas.consistency import consistency_loss, jump_to_the_end, step_of_teacher
from core.ideas.forward import add_noise
from core.ideas.guidance import guide
from core.ideas.schedule_config import read_alpha_bar
from core.nets.lora import Lora, Pair, adapted
from core.nets.unet import UNet
from core.training import latents, loop
from core.training.evaluate import GUIDANCE
from core.training.history import read_report
from core.training.loop import Again, BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.restore import Shipped
from core.training.text import CaptionIds
from core.training.unet import (
    BATCH,
    PAIRS_FROM,
    SAID,
    SAID_FROM,
    SCHEDULER_CONFIG,
    Lessons,
    said_weights,
    spread_timesteps,
)

FRESH = 2_000  # steps from nothing; from then on, for a U-Net that was trained further, gently
PLAN = Plan(
    steps=FRESH,
    lr=4e-4,
    warmup=50,
    weight_decay=0.0,
    ema=0.99,
    seed=14,
    save_every=100,
    again=(Again(step=FRESH, lr=2e-4),),
)
RANK = 20
LEFT_OUT = ("conv_out",)  # what it says is the prediction itself, at full precision
GRID = 50  # timesteps that the teacher's runs know, those of the schedulers LCM and TCD
JUMP = 3  # of them in one step of the teacher
PARTS, TIMES, AGAIN = 25, 4, 4  # so many files; of TIMES batches of scenes; each with AGAIN noises
AT_ONCE = 64  # rows of the teacher, twice


class Student(nn.Module):
    """The two thin matrices of every layer of a U-Net that a LoRA changes, to be trained."""

    def __init__(
        self,
        network: nn.Module,
        rank: int = RANK,
        ends: tuple[str, ...] = ("",),
        generator: torch.Generator | None = None,
    ) -> None:
        """Draw A, and begin with a B that changes nothing.

        Args:
            network: whose linear layers and convolutions are changed.
            rank: numbers between the two matrices.
            ends: of the names of the layers that are changed; all by default.
            generator: of A; torch's own where None.
        """
        super().__init__()
        layers = {
            name: part.weight
            for name, part in network.named_modules()
            if isinstance(part, nn.Linear | nn.Conv2d)
            and name not in LEFT_OUT
            and name.endswith(ends)
        }
        self.names = tuple(layers)
        self.rank = rank
        self.down = nn.ParameterList(
            torch.randn(rank, *weight.shape[1:], generator=generator) / rank
            for weight in layers.values()
        )
        self.up = nn.ParameterList(
            torch.zeros(len(weight), rank, *[1] * (weight.ndim - 2)) for weight in layers.values()
        )

    def take(self, lora: Lora) -> None:
        """Begin with what a LoRA of the same layers and rank has learned."""
        with torch.no_grad():
            for name, down, up in zip(self.names, self.down, self.up, strict=True):
                down.copy_(lora[name].down)
                up.copy_(lora[name].up)

    def lora(self) -> Lora:
        """The LoRA as it is by now; at strength 1 it adds B A itself."""
        return {
            name: Pair(down, up, alpha=float(self.rank))
            for name, down, up in zip(self.names, self.down, self.up, strict=True)
        }


def lessons_of(
    model: Path, shipped: Shipped, bank: PictureBank, folder: Path, device: torch.device
) -> Lessons:
    """What the U-Net that ships last learned from: scenes, their captions and latents.

    Args:
        model: the folder that ships.
        shipped: its networks; they come to the device.
        bank: the pictures.
        folder: where latents are kept.
        device: of the networks.
    """
    config = json.loads((model / "vae" / "config.json").read_text())
    autoencoder = shipped.autoencoder.to(device).eval().requires_grad_(False)
    reader = shipped.reader.to(device).eval().requires_grad_(False)
    step = read_report(model)["trained_steps"]["vae"]
    encoder = latents.Encoder(autoencoder, config["scaling_factor"], step, device)
    return Lessons(
        bank,
        latents.single_latents(encoder, bank, folder),
        None,
        latents.paired_latents(encoder, bank, folder),
        CaptionIds(model),
        reader,
        reader,
    )


def make_pairs(
    teacher: UNet, lessons: Lessons, folder: Path, device: torch.device, parts: int = PARTS
) -> dict[str, Tensor]:
    """Noised latents beside what the teacher makes of them; parts that are there are kept.

    Args:
        teacher: the U-Net that ships.
        lessons: scenes with their captions.
        folder: where parts are kept.
        device: of the teacher.
        parts: how many.

    Returns:
        "xt": noised latents, (n, 4, 16, 16), and "after": one step of the teacher later, both
        float16; "t" and "t_after": their timesteps, (n,); "states": of the captions, (m, 77, D),
        float16; "caption": which of them is a pair's, (n,).
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Tensor]] = []
    for number in range(parts):
        file = folder / f"{number:03}.safetensors"
        if not file.exists():
            loop.save_whole(_make_part(teacher, lessons, number, device), file)
            print(f"part {number + 1} of {parts}", flush=True)
        found.append(load_file(file))
    captions = 0
    for part in found:
        part["caption"] += captions
        captions += len(part["states"])
    return {name: torch.cat([part[name] for part in found]) for name in found[0]}


@torch.no_grad()
def _make_part(
    teacher: UNet, lessons: Lessons, number: int, device: torch.device
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(PLAN.seed * 1_000_003 + number)
    chance, weights = random.Random(f"turbo:{number}"), said_weights(lessons.bank, SAID[SAID_FROM])
    captions, x0 = lessons.draw(PAIRS_FROM, TIMES, weights, chance, generator)
    with loop.fast_precision(device):
        read = lessons.read(["", *(caption.text for caption in captions)], PAIRS_FROM, device)
    states = read[1:].float()
    caption = torch.arange(len(captions)).repeat(AGAIN)
    place = spread_timesteps(len(caption), generator, GRID)
    t, t_after = timestep(place), timestep(place - JUMP)
    alpha_bar = torch.from_numpy(read_alpha_bar(SCHEDULER_CONFIG)).float()
    x0 = x0[caption]
    xt = add_noise(x0, torch.randn(x0.shape, generator=generator), alpha_bar[t])
    eps = torch.cat(
        [
            _guided(teacher, some.to(device), times.to(device), states[of], read[:1])
            for some, times, of in zip(
                xt.split(AT_ONCE), t.split(AT_ONCE), caption.split(AT_ONCE), strict=True
            )
        ]
    )
    after = step_of_teacher(xt, eps, alpha_bar[t], alpha_bar[t_after])
    return {
        **{"xt": xt.half(), "after": after.half(), "t": t, "t_after": t_after},
        **{"states": states.half().cpu(), "caption": caption},
    }


def _guided(teacher: UNet, xt: Tensor, t: Tensor, states: Tensor, empty: Tensor) -> Tensor:
    """The noise that the teacher names with guidance, (B, 4, 16, 16), on the CPU."""
    both = torch.cat([empty.to(states).expand_as(states), states])
    with loop.fast_precision(xt.device):
        out = teacher(torch.cat([xt, xt]), torch.cat([t, t]), both).float().cpu()
    without, asked = out.chunk(2)
    return guide(without, asked, GUIDANCE)


def timestep(place: Tensor) -> Tensor:
    """The timestep at a place of the grid, 19 at place 0 and 999 at the last; 0 below."""
    return ((place + 1) * (1000 // GRID) - 1).clamp(min=0)


def turbo_loss(
    network: UNet, student: Student, pairs: dict[str, Tensor], device: torch.device
) -> BatchLoss:
    """The loss of one step: from both places of a pair the student must name the same end.

    Args:
        network: the U-Net that ships, frozen.
        student: learns.
        pairs: from ``make_pairs``.
        device: of both.
    """
    alpha_bar = torch.from_numpy(read_alpha_bar(SCHEDULER_CONFIG)).float().to(device)
    always = torch.ones(1, 1)

    def end(x: Tensor, t: Tensor, states: Tensor) -> Tensor:
        x, t = x.to(device).float(), t.to(device)
        return jump_to_the_end(x, network(x, t, states).float(), alpha_bar[t], t)

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        some = torch.randperm(len(pairs["t"]), generator=generator)[:BATCH]
        states = pairs["states"][pairs["caption"][some]].to(device).float()
        with adapted(network, [student.lora()], always):
            with torch.no_grad():
                later = end(pairs["after"][some], pairs["t_after"][some], states)
            here = end(pairs["xt"][some], pairs["t"][some], states)
        return {"loss": consistency_loss(here, later)}

    return batch_loss
