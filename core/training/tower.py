"""The image tower: put pictures where their captions are (contrastive, the text side locked).

It learns against the frozen text encoder, and does not ship: it shows how well the encoder's states
tell pictures apart.
"""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.image_tower import ImageTower
from core.training.captions import WORDINGS, Caption, CaptionWriter, fill, spoken
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import CENTRED, COLOUR_NAMES, compose
from core.training.text import SHARED, SHORT, WIDTH, CaptionIds, TextReader, pooled_states

PLAN = Plan(steps=2500, lr=1e-3, warmup=100, seed=3, save_every=250)
BATCH = 64


class Towers(nn.Module):
    """Image tower and text projection, trained together against the frozen text encoder."""

    def __init__(self) -> None:
        """A fresh tower, a fresh projection, and the temperature that CLIP starts with."""
        super().__init__()
        self.image = ImageTower(outputs=SHARED)
        self.text_projection = nn.Linear(WIDTH, SHARED)
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # 1 / 0.07

    @torch.no_grad()
    def whiten(self, pooled: Tensor) -> None:
        """Start the text projection where captions (n, 192) lie as far apart as they can.

        Raw states share most of their length: all captions look alike, and nothing is learned.
        """
        mean = pooled.mean(0)
        variances, axes = torch.linalg.eigh((pooled - mean).T.cov())  # rising; axes are columns
        widest = (variances + 1e-4 * variances[-1]).sqrt()[-SHARED:]
        weight = (axes[:, -SHARED:] / widest).T  # (128, 192)
        self.text_projection.weight.copy_(weight)
        self.text_projection.bias.copy_(-weight @ mean)

    def picture(self, pictures: Tensor) -> Tensor:
        """Vectors of length 1, (B, 128), of pictures (B, 3, 64, 64) in [-1, 1]."""
        return F.normalize(self.image(pictures).float(), dim=-1)

    def text(self, pooled: Tensor) -> Tensor:
        """Vectors of length 1, (B, 128), of pooled text states (B, 192)."""
        return F.normalize(self.text_projection(pooled).float(), dim=-1)


def tower_loss(
    towers: Towers,
    reader: TextReader,
    bank: PictureBank,
    ids: CaptionIds,
    device: torch.device,
) -> BatchLoss:
    """The loss of one step: each picture must find its caption, and each caption its picture.

    In the batch this is CLIP's symmetric loss. There the background's colour is the easy answer,
    so every picture must also be told from all other objects on its own background.
    """
    writer = CaptionWriter(bank)
    reader.eval()
    rivals = every_object_on_every_colour(reader, bank, ids, device)  # (10, objects, 192)
    towers.whiten(rivals.flatten(0, 1))

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        chance = random.Random(f"towers:{step}")
        rows = chance.sample(range(bank.objects), min(BATCH, bank.objects))
        captions = [writer.write(row, chance) for row in rows]
        scenes = caption_scenes(bank, captions, generator)
        small = F.avg_pool2d(scenes, 2).to(device)  # (B, 3, 64, 64)
        pooled = pooled_states(reader, ids([c.text for c in captions], SHORT).to(device))
        pictures, texts = towers.picture(small), towers.text(pooled)
        scale = towers.log_scale.exp().clamp(max=100)
        logits = scale * pictures @ texts.T  # (B, B)
        target = torch.arange(len(captions), device=device)
        alike = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        colours = torch.tensor([caption.colour for caption in captions], device=device)
        others = towers.text(rivals)[colours]  # (B, objects, 128)
        hard = scale * torch.einsum("bd,bod->bo", pictures, others)
        wanted = torch.tensor(rows, device=device)
        named = F.cross_entropy(hard, wanted)
        right = (hard.argmax(1) == wanted).float().mean()
        return {"loss": alike + named, "alike": alike, "object": named, "right": right}

    return batch_loss


def every_object_on_every_colour(
    reader: TextReader, bank: PictureBank, ids: CaptionIds, device: torch.device
) -> Tensor:
    """Pooled states of one caption of every object on every background, (10, n, 192).

    Also of the pairs kept for the evaluation: here they are words alone, and wrong answers.
    """
    chance = random.Random("rivals")
    names = [spoken(entry.label) for entry in bank.emoji[: bank.objects]]
    colours = []
    for colour in COLOUR_NAMES:
        texts = [fill(chance.choice(WORDINGS), name, colour) for name in names]
        parts = [
            pooled_states(reader, ids(texts[start : start + 128], SHORT).to(device))
            for start in range(0, len(texts), 128)
        ]
        colours.append(torch.cat(parts))
    return torch.stack(colours)


def caption_scenes(
    bank: PictureBank, captions: list[Caption], generator: torch.Generator
) -> Tensor:
    """The scene of each caption, (B, 3, 128, 128), in [-1, 1]."""
    rows = torch.tensor([caption.row for caption in captions])
    colours = torch.tensor([caption.colour for caption in captions])
    return compose(bank, rows, colours, CENTRED, generator)
