"""The weights that ship: small enough, measured, and able to draw a red apple."""

import json
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.catalog import builtin_folder
from core.models.loading import Checkpoint
from core.training.card import bars
from core.training.evaluate import fingerprints, load_pipeline


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:  # Any: a report holds what JSON holds
    return json.loads((builtin_folder() / "evaluation.json").read_text())


def test_the_folder_is_small_enough_for_a_repository() -> None:
    size = sum(file.stat().st_size for file in builtin_folder().rglob("*") if file.is_file())
    assert size <= 60_000_000


def test_the_card_tells_the_measured_figures(report: dict[str, Any]) -> None:
    card = (builtin_folder() / "MODEL_CARD.md").read_text()
    for bar in bars(report):
        assert f"| {bar.name} | {bar.wanted} | {bar.measured} |" in card


def test_what_was_measured_is_of_the_weights_that_ship(report: dict[str, Any]) -> None:
    assert len(report["weights"]) == 3
    assert report["weights"] == fingerprints(builtin_folder())


def test_plain_diffusers_draws_the_same_picture(checkpoint: Checkpoint) -> None:
    pipeline = load_pipeline(builtin_folder(), torch.device("cpu"))
    theirs = pipeline(
        "a red apple",
        num_inference_steps=8,
        guidance_scale=5.0,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
        return_dict=False,
    )[0][0]
    request = Request(prompt="a red apple", steps=8, guidance=5.0, seed=7, scheduler="ddim")
    ours = run_alone(checkpoint, request).picture
    assert np.abs(ours / 255.0 - theirs).max() <= 1.01 / 255


@pytest.mark.parametrize("seed", [0, 1])
def test_a_red_apple_is_red_in_the_middle_of_white(checkpoint: Checkpoint, seed: int) -> None:
    picture = run_alone(checkpoint, Request(prompt="a red apple", seed=seed)).picture
    red, green, blue = picture[48:80, 48:80].reshape(-1, 3).mean(0)
    assert red > green + 60
    assert red > blue + 60
    assert picture[:6, :6].mean() > 215


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_backgrounds_follow_the_prompt(checkpoint: Checkpoint, colour: str, channel: int) -> None:
    request = Request(prompt=f"a key on a {colour} background", seed=3)
    picture = run_alone(checkpoint, request).picture
    border = picture[:5].reshape(-1, 3).mean(0)
    assert border.argmax() == channel
    assert border[channel] > 1.3 * sorted(border)[1]
