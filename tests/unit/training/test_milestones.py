"""Milestones are small, complete, and made from the same noise."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.training.milestones import (
    GUIDANCE,
    INDEX,
    MOST_BYTES,
    STEPS,
    draw_milestone,
    keep_sheet,
    read_milestones,
)

PROMPTS = ("a red apple", "a lion")


class Pipeline:
    """Draws the noise that it is given, larger each time its training has gone on."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, float]] = []

    def __call__(self, prompt: str, **how: Any) -> tuple[np.ndarray]:
        self.asked.append((prompt, how["num_inference_steps"], how["guidance_scale"]))
        noise = torch.rand(1, 64, 64, 1, generator=how["generator"])
        return (noise.expand(1, 64, 64, 3).numpy(),)


def test_what_is_drawn_is_read_again(tmp_path: Path) -> None:
    assert read_milestones(tmp_path / "none") is None
    pipeline = Pipeline()
    for step in (2000, 1000, 2000):
        sheet = draw_milestone(pipeline, PROMPTS, 7, tmp_path / "m", step)  # type: ignore[arg-type]  # draws as one does
        assert sheet.stat().st_size <= MOST_BYTES
    found = read_milestones(tmp_path / "m")
    assert found is not None
    assert (found.prompts, found.seed, found.steps) == (PROMPTS, 7, (1000, 2000))
    assert found.sheets[0] == found.sheets[1]  # the same noise at every step
    with Image.open(io.BytesIO(found.sheets[0])) as sheet:
        assert sheet.size == (128, 64)
        halves = np.asarray(sheet).astype(int)
    assert np.abs(halves[:, :64] - halves[:, 64:]).mean() < 40  # and for every prompt
    assert pipeline.asked[:2] == [(prompt, STEPS, GUIDANCE) for prompt in PROMPTS]


def test_other_prompts_or_noise_are_refused(tmp_path: Path) -> None:
    draw_milestone(Pipeline(), PROMPTS, 7, tmp_path, 1)  # type: ignore[arg-type]  # as above
    for prompts, seed in (((*PROMPTS, "a cat"), 7), (PROMPTS, 8)):
        with pytest.raises(ValueError, match=r"expected .*'a red apple', 'a lion'.* 7"):
            draw_milestone(Pipeline(), prompts, seed, tmp_path, 2)  # type: ignore[arg-type]  # as above


def test_sheet_that_cannot_be_small_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 2048, 3), np.uint8)
    with pytest.raises(ValueError, match="draw fewer prompts"):
        keep_sheet(noise, {"prompts": ["a"], "seed": 0, "steps": []}, tmp_path, 1)


@pytest.mark.parametrize(
    "text", ["[", "[]", '{"prompts": ["a"], "seed": 0, "steps": [3]}', '{"steps": [1000]}']
)
def test_damaged_milestones_are_told(tmp_path: Path, text: str) -> None:
    draw_milestone(Pipeline(), PROMPTS, 7, tmp_path, 1000)  # type: ignore[arg-type]  # as above
    (tmp_path / INDEX).write_text(text)
    with pytest.raises(ExplainerError, match="milestones are damaged"):
        read_milestones(tmp_path)


def test_sheet_of_another_shape_is_told(tmp_path: Path) -> None:
    draw_milestone(Pipeline(), PROMPTS, 7, tmp_path, 1000)  # type: ignore[arg-type]  # as above
    index = json.loads((tmp_path / INDEX).read_text())
    (tmp_path / INDEX).write_text(json.dumps({**index, "prompts": ["a"]}))
    with pytest.raises(ExplainerError, match="milestones are damaged"):
        read_milestones(tmp_path)


def test_what_ships_can_be_shown() -> None:
    found = read_milestones(builtin_folder() / "training" / "milestones")
    assert found is None or all(len(sheet) <= MOST_BYTES for sheet in found.sheets)


def test_a_note_is_kept_when_a_step_is_added(tmp_path: Path) -> None:
    sheet = np.zeros((8, 16, 3), np.uint8)
    index = {"prompts": list(PROMPTS), "seed": 3, "steps": [], "note": "Begun twice."}
    keep_sheet(sheet, index, tmp_path, 100)
    draw_milestone(Pipeline(), PROMPTS, 3, tmp_path, 200)  # type: ignore[arg-type]  # a double
    found = read_milestones(tmp_path)
    assert found is not None
    assert found.steps == (100, 200)
    assert found.note == "Begun twice."
