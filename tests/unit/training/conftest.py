"""A bank of a few painted shapes, so that no test needs the training's packages."""

import shutil
from pathlib import Path

import pytest
import torch

from core.models.catalog import builtin_folder
from core.training.pictures import Emoji, PictureBank

NAMES = ("red apple", "parrot", "sun", "whale", "man: beard", "cactus", "key", "rocket")
SAID = {"parrot": 300, "sun": 4_000, "whale": 900, "cactus": 40, "key": 5_000, "rocket": 600}


@pytest.fixture(scope="session")
def bank() -> PictureBank:
    """Eight objects and two symbols: discs of different size and colour, premultiplied."""
    side = torch.arange(128) - 63.5
    distance = (side[:, None] ** 2 + side[None, :] ** 2).sqrt()
    rgba = torch.zeros(10, 4, 128, 128, dtype=torch.uint8)
    for row in range(10):
        inside = (distance < 25 + 4 * row).to(torch.uint8)
        for channel in range(3):
            rgba[row, channel] = inside * (220 * ((row >> channel) & 1))
        rgba[row, 3] = inside * 255
    group = ("food-drink", "animals-nature")
    emoji = [
        Emoji(
            name, (f"{name} tag", "shared", "thing"), group[i % 2], i == 3, said=SAID.get(name, 0)
        )
        for i, name in enumerate(NAMES)
    ]
    emoji += [Emoji(name, (), "other", held_out=False) for name in ("flag", "sign")]
    return PictureBank(tuple(emoji), rgba, objects=8)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """A data folder that has the tokenizer already."""
    shutil.copytree(builtin_folder() / "tokenizer", tmp_path / "data" / "tokenizer")
    return tmp_path / "data"
