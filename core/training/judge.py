"""The judge: a classifier trained apart from the model, on real scenes only, for the evaluation."""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import COLOUR_NAMES, Placement, compose
from core.training.tower import ImageTower

PLAN = Plan(steps=2500, lr=1e-3, warmup=100, ema=0.995, seed=5, save_every=250)
BATCH = 64
SIDE = 64
PLACEMENT = Placement(scale=(0.7, 1.0), shift=0.06, flip=0.5, jitter=0.04)


class Judge(nn.Module):
    """Names the object and the background's colour of a 64 x 64 picture."""

    def __init__(self, objects: int) -> None:
        """A tower of its own with one output for each object and each colour."""
        super().__init__()
        self.objects = objects
        self.tower = ImageTower(outputs=objects + len(COLOUR_NAMES))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits over objects (B, n) and over colours (B, 10) of pictures (B, 3, 64, 64)."""
        logits = self.tower(pictures).float()
        return logits[:, : self.objects], logits[:, self.objects :]


def judge_loss(judge: Judge, bank: PictureBank, device: torch.device) -> BatchLoss:
    """Cross entropy on real scenes, some of them blurred or noisy, so that texture is no clue."""

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = torch.randint(bank.objects, (BATCH,), generator=generator)
        colours = torch.randint(len(COLOUR_NAMES), (BATCH,), generator=generator)
        scenes = compose(bank, rows, colours, PLACEMENT, generator)
        seen = roughen(F.avg_pool2d(scenes, 2), random.Random(f"judge:{step}"), generator)
        objects, backgrounds = judge(seen.to(device))
        named = F.cross_entropy(objects, rows.to(device), label_smoothing=0.05)
        coloured = F.cross_entropy(backgrounds, colours.to(device))
        right = (objects.argmax(1) == rows.to(device)).float().mean()
        return {"loss": named + 0.3 * coloured, "object": named, "right": right}

    return batch_loss


def roughen(pictures: Tensor, chance: random.Random, generator: torch.Generator) -> Tensor:
    """Blur two batches in three a little and add a little noise, as any decoder would."""
    blur = chance.choice((0, 0.25, 0.5))
    kernel = torch.tensor([blur / 2, 1 - blur, blur / 2])
    weight = (kernel[:, None] * kernel[None, :]).expand(3, 1, 3, 3)
    blurred = F.conv2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), weight, groups=3)
    return blurred + 0.03 * torch.randn(blurred.shape, generator=generator)
