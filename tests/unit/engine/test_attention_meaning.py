"""The built-in model's maps mean something: a word is heard where what it names was drawn.

The built-in model hardly ever draws two objects that can be told, so the second thing is the colour
behind the first.
Object and background are told apart by colour alone, and each word by its map alone.
"""

from typing import Any

import numpy as np
import pytest

from core.engine.alone import run_alone
from core.engine.request import Request, validated
from core.engine.works.attention import AttentionWork
from core.models.attention_seen import AttentionSeen
from core.models.text import read_prompt

APART = 60  # of 255, by which a colour differs from the background's
EDGE = 8  # pixels that are background in every picture
SEEDS = (0, 1, 2)


def object_cells(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Share of each cell that differs from the colour at the picture's edge, (rows, columns)."""
    pixels = picture.astype(float)
    sides = (pixels[:EDGE], pixels[-EDGE:], pixels[:, :EDGE], pixels[:, -EDGE:])
    behind = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    differs = np.abs(pixels - behind).max(axis=-1) > APART
    height, width = len(picture) // rows, picture.shape[1] // columns
    return differs.reshape(rows, height, columns, width).mean(axis=(1, 3))


def heard(seen: AttentionSeen, size: tuple[int, int]) -> np.ndarray:
    """The maps of all positions in the layers of one size, mean over calls, layers and heads."""
    return seen.mean([at for at, layer in enumerate(seen.layers) if layer.own == size])


def run(checkpoint: Any, prompt: str, seed: int) -> tuple[AttentionSeen, dict[str, int]]:
    request = validated(Request(prompt=prompt, seed=seed, steps=6))
    texts = read_prompt(checkpoint, prompt).texts
    seen = run_alone(checkpoint, AttentionWork(request.model, request))
    return seen, {text: at for at, text in enumerate(texts) if text}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("prompt", "thing", "colour"),
    [
        ("a red apple on a blue background", "apple", "blue"),
        ("a cactus on a pink background", "cactus", "pink"),
    ],
)
def test_each_word_peaks_on_what_it_names(
    checkpoint: Any, prompt: str, thing: str, colour: str, seed: int
) -> None:
    seen, words = run(checkpoint, prompt, seed)
    maps = heard(seen, (8, 8))
    share = object_cells(seen.picture, 8, 8)
    inside, outside = share > 0.6, share < 0.1
    assert inside.sum() >= 6
    assert outside.sum() >= 6
    on_thing, on_colour = maps[words[thing]], maps[words[colour]]
    assert on_thing[inside].mean() > 1.5 * on_thing[outside].mean()
    assert on_colour[outside].mean() > 1.5 * on_colour[inside].mean()
    assert share.flat[on_thing.argmax()] > 0.5  # the very peak
    assert share.flat[on_colour.argmax()] < 0.5


@pytest.mark.parametrize("prompt", ["a lion", "a panda on a green background"])
def test_object_is_heard_more_inside_it_than_outside(checkpoint: Any, prompt: str) -> None:
    for seed in SEEDS[:2]:
        seen, words = run(checkpoint, prompt, seed)
        share = object_cells(seen.picture, 8, 8)
        found = heard(seen, (8, 8))[words[prompt.split()[1]]]
        assert found[share > 0.6].mean() > 1.5 * found[share < 0.1].mean()
