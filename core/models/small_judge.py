"""The small judge that ships: what it takes a picture for, among the objects that it knows."""

import json
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from core.ideas.recognition import share_belief
from core.models.judge_names import FOLDER
from core.models.manifest import read_weights
from core.nets.image_tower import SIDE, ImageTower

NAME, CONFIG = "small_judge", "config.json"
WEIGHTS = f"{NAME}.safetensors"


@cache
def load_small_judge(folder: Path = FOLDER) -> ImageTower:
    """Load the small judge, once; ``judge_names`` says what its outputs stand for.

    Raises:
        ExplainerError: a file is missing or damaged.
    """
    weights = read_weights(folder, WEIGHTS)
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    judge = ImageTower(config["objects"], config["width"], config["hidden"])
    judge.load_state_dict(weights)
    return judge.eval().requires_grad_(False)


@torch.inference_mode()
def judge_pictures(judge: ImageTower, pictures: Tensor) -> Tensor:
    """Return the share of each object in what the judge takes pictures for.

    Args:
        judge: from ``load_small_judge``.
        pictures: uint8, (B, H, W, 3); they are made as small as it reads them.

    Returns:
        (B, objects), float32; each row adds up to 1.
    """
    seen = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1  # (B, H, W, 3) -> (B, 3, H, W)
    return share_belief(judge(F.interpolate(seen, (SIDE, SIDE), mode="area")))
