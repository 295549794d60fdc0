"""Is it memory? How near the model's pictures are to the pictures that it was trained on."""

from statistics import fmean, median

import torch
import torch.nn.functional as F
from torch import Tensor

from core.training.evaluate import SEED, Drawn
from core.training.latents import PLACEMENT
from core.training.pictures import PictureBank
from core.training.scenes import COLOUR_NAMES, Placement, compose

_MIDDLE = fmean(PLACEMENT.scale)
# In the middle of how large the pictures were in training, neither moved nor tinted.
STILL = Placement(scale=(_MIDDLE, _MIDDLE), shift=0.0, jitter=0.0)
SIDE = 32  # pixels: a picture that moved by one or two of its 128 is still the same picture


@torch.inference_mode()
def measure_nearest(drawn: Drawn, bank: PictureBank) -> tuple[dict[str, object], Tensor]:
    """Find the training picture that is nearest to each drawn one.

    Each is compared with every object on the background that was asked for, by the root mean square
    of the differences. The yardstick is the same distance between the training pictures: from each
    object that was asked for to the nearest other one.

    Args:
        drawn: what the model drew.
        bank: what it was trained on.

    Returns:
        The figures, and the nearest training picture of each drawn one, (n, 3, 128, 128).
    """
    generator = torch.Generator().manual_seed(SEED + 2)
    rows = torch.arange(bank.objects)
    small = _small(drawn.pictures)
    apart, between, right = [], [], []
    pictures = torch.empty_like(drawn.pictures)
    for colour in range(len(COLOUR_NAMES)):
        asked = [i for i, caption in enumerate(drawn.captions) if caption.colour == colour]
        if not asked:
            continue
        parts = [
            compose(bank, part, torch.full_like(part, colour), STILL, generator)
            for part in rows.split(256)
        ]
        scenes = torch.cat(parts)
        trained = _small(scenes)
        wanted = torch.tensor([drawn.captions[i].row for i in asked])
        found = _distances(small[asked], trained)  # (asked, objects)
        near = found.min(1)
        pictures[asked] = scenes[near.indices]
        apart += near.values.tolist()
        right += (near.indices == wanted).float().tolist()
        others = _distances(trained[wanted], trained)
        others[torch.arange(len(asked)), wanted] = torch.inf
        between += others.min(1).values.tolist()
    figures: dict[str, object] = {
        "pictures": len(apart),
        "nearest_rms": round(median(apart), 4),
        "between_training_pictures_rms": round(median(between), 4),
        "nearest_is_what_was_asked_percent": round(100 * fmean(right), 1),
    }
    return figures, pictures


def _small(pictures: Tensor) -> Tensor:
    """Pictures in [-1, 1] as rows of a few numbers in [0, 1], (B, 3 * SIDE * SIDE)."""
    return (F.adaptive_avg_pool2d(pictures, SIDE).flatten(1) + 1) / 2


def _distances(first: Tensor, second: Tensor) -> Tensor:
    """Root mean square of the differences of every pair, (n, m)."""
    return torch.cdist(first, second) / first.shape[1] ** 0.5
