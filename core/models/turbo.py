"""The LoRA that ships beside the built-in model, and with which it draws in few calls."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from core.models.catalog import ROOT
from core.models.manifest import read_weights

if TYPE_CHECKING:
    from core.nets.lora import Pair

FOLDER = ROOT / "core" / "weights" / "turbo128"
WEIGHTS, CONFIG = "pytorch_lora_weights.safetensors", "config.json"
OF_UNET = "unet"  # in the config: the digest of the weights that it was distilled from
DOWN, UP = ".lora_A.weight", ".lora_B.weight"  # behind "unet." and a layer's name, in the file


def load_turbo(folder: Path = FOLDER) -> tuple[dict[str, "Pair"], str]:
    """Load the LoRA that ships, with the digest of the U-Net that it was distilled from.

    Args:
        folder: of the LoRA.

    Raises:
        ExplainerError: a file is missing or damaged.
    """
    from core.nets.lora import Pair

    weights = read_weights(folder, WEIGHTS)
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    names = [key.removesuffix(DOWN) for key in weights if key.endswith(DOWN)]
    pairs = {
        name.removeprefix("unet."): Pair(
            weights[name + DOWN].float(), weights[name + UP].float(), float(config["alpha"])
        )
        for name in names
    }
    return pairs, config[OF_UNET]
