"""The weights that ship: small enough, measured, and able to draw a red apple."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_lcm import LCMScheduler

from core.engine.alone import run_alone
from core.engine.request import Request
from core.engine.works.live import in_few_calls
from core.models import turbo
from core.models.catalog import builtin_folder
from core.models.judge_names import FOLDER as JUDGE_FOLDER
from core.models.loading import Checkpoint
from core.models.lora_fitted import fitted
from core.models.loras import find_lora
from core.models.small_decoder import digest_of
from core.nets.lora import merge
from core.training import small_judge
from core.training.card import bars
from core.training.evaluate import fingerprints, load_pipeline
from core.training.turbo_shipped import write_card as write_turbo_card


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


def test_the_lora_for_few_calls_is_small_and_of_the_unet_that_ships(
    checkpoint: Checkpoint,
) -> None:
    assert (turbo.FOLDER / turbo.WEIGHTS).stat().st_size <= 4_000_000
    lora, of = turbo.load_turbo()
    assert of == digest_of(checkpoint.unet)
    offered, digest = find_lora(turbo.FOLDER.name)
    assert offered.made_for == of
    fits = fitted(checkpoint, turbo.FOLDER.name, digest)
    assert fits.unet.keys() == lora.keys()
    assert all(torch.equal(fits.unet[name].up, pair.up) for name, pair in lora.items())
    assert all(fits.unet[name].scale == pair.scale for name, pair in lora.items())


def test_its_card_tells_the_measured_figures_of_these_weights() -> None:
    found = json.loads((turbo.FOLDER / "evaluation.json").read_text())
    assert found["weights"] == fingerprints(turbo.FOLDER)
    megabytes = (turbo.FOLDER / turbo.WEIGHTS).stat().st_size / 1e6
    card = (turbo.FOLDER / "MODEL_CARD.md").read_text()
    assert card == write_turbo_card(found, megabytes)
    assert str(found["few"]["turbo"][2]["top1_percent"]) in card


def test_the_small_judge_was_measured_on_what_these_weights_draw(report: dict[str, Any]) -> None:
    found = json.loads((JUDGE_FOLDER / "evaluation.json").read_text())
    assert found["evaluation_judge"] == small_judge.told_by(report)
    size = (JUDGE_FOLDER / small_judge.WEIGHTS).stat().st_size
    assert (JUDGE_FOLDER / "MODEL_CARD.md").read_text() == small_judge.write_card(found, size)


def test_in_four_calls_ours_is_what_diffusers_draws_with_merged_weights(
    checkpoint: Checkpoint,
) -> None:
    pipeline, (lora, _) = load_pipeline(builtin_folder(), torch.device("cpu")), turbo.load_turbo()
    for name, pair in lora.items():
        layer = pipeline.unet.get_submodule(name)
        layer.weight.data = merge(layer.weight.data, pair)
    pipeline.scheduler = LCMScheduler.from_config(pipeline.scheduler.config)
    theirs = pipeline(
        "a red apple",
        num_inference_steps=4,
        guidance_scale=1.0,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
        return_dict=False,
    )[0][0]
    request = in_few_calls(Request(prompt="a red apple", seed=7))
    ours = run_alone(checkpoint, request).picture
    assert np.abs(ours / 255.0 - theirs).max() <= 2.01 / 255
    red, green, blue = ours[48:80, 48:80].reshape(-1, 3).mean(0)
    assert red > max(green, blue) + 40
