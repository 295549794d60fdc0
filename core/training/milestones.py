"""The same prompts and noise drawn by the U-Net at several points of its training.

Each point is one small sheet of pictures; ``milestones.json`` beside the sheets says what they
show. Reading them imports no torch.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import ExplainerError
from core.words import tr

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )

INDEX = "milestones.json"
MOST_BYTES = 30_000  # of one sheet
QUALITIES = (90, 85, 80, 70, 60, 50, 40, 30, 20)  # of WebP, the first that fits is taken
STEPS, GUIDANCE = 20, 5.0


@dataclass(frozen=True, slots=True)
class Milestones:
    """What ships of them.

    Attributes:
        prompts: one a picture, in the order of every sheet.
        seed: of the noise that every picture starts from.
        steps: of the training, rising; one sheet each.
        sheets: encoded WebP, all pictures side by side.
        note: what else must be known of them, one sentence, or "".
    """

    prompts: tuple[str, ...]
    seed: int
    steps: tuple[int, ...]
    sheets: tuple[bytes, ...]
    note: str = ""


def draw_milestone(
    pipeline: "StableDiffusionPipeline",
    prompts: Sequence[str],
    seed: int,
    folder: Path,
    step: int,
) -> Path:
    """Draw every prompt from the same noise and keep the pictures as one sheet.

    A step that is there already is drawn anew.

    Args:
        pipeline: plain diffusers' with the weights of this step, as ``evaluate.load_pipeline``
            gives it.
        prompts: the same at every step of a folder.
        seed: of the noise, the same at every step of a folder.
        folder: where sheets and index are kept.
        step: of the training.

    Returns:
        The sheet.

    Raises:
        ValueError: the folder holds other prompts or another seed.
    """
    index = _index(folder) or {"prompts": list(prompts), "seed": seed, "steps": []}
    if index["prompts"] != list(prompts) or index["seed"] != seed:
        raise ValueError(
            f"prompts and seed are {list(prompts)}, {seed}, expected {index['prompts']}, "
            f"{index['seed']} as at the other steps"
        )
    picture = np.concatenate(_draw(pipeline, prompts, seed), axis=1)
    return keep_sheet(picture, index, folder, step)


def keep_sheet(
    picture: NDArray[np.uint8],
    index: dict[str, Any],  # Any: what JSON holds
    folder: Path,
    step: int,
) -> Path:
    """Write a sheet and add its step to the index.

    Args:
        picture: all pictures side by side, (H, n * W, 3).
        index: prompts, seed and the steps so far.
        folder: where both are kept.
        step: of the training.

    Raises:
        ValueError: the pictures are too large for a sheet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sheet = folder / sheet_name(step)
    sheet.write_bytes(_encode(picture))
    steps = sorted({*index["steps"], step})
    (folder / INDEX).write_text(json.dumps({**index, "steps": steps}, indent=2) + "\n")
    return sheet


def read_milestones(folder: Path) -> Milestones | None:
    """Read what was kept.

    Args:
        folder: with the sheets and their index.

    Returns:
        None where there are none.

    Raises:
        ExplainerError: the index or a sheet is missing or damaged.
    """
    try:
        index = _index(folder)
        if index is None or not index["steps"]:
            return None
        steps = tuple(int(step) for step in index["steps"])
        prompts = tuple(str(prompt) for prompt in index["prompts"])
        sheets = tuple((folder / sheet_name(step)).read_bytes() for step in steps)
        for sheet in sheets:
            with Image.open(io.BytesIO(sheet)) as opened:
                if opened.width != opened.height * len(prompts):
                    raise ValueError(f"a sheet is {opened.size}, expected {len(prompts)} squares")
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ExplainerError(
            tr("The pictures of the training's milestones are damaged."),
            tr("Put the model's folder back as it was shipped: git checkout core/weights."),
        ) from error
    return Milestones(prompts, int(index["seed"]), steps, sheets, str(index.get("note", "")))


def sheet_name(step: int) -> str:
    """Return the file of a step's sheet."""
    return f"step-{step:06d}.webp"


def _draw(
    pipeline: "StableDiffusionPipeline", prompts: Sequence[str], seed: int
) -> list[NDArray[np.uint8]]:
    import torch

    pictures = []
    for prompt in prompts:  # one at a time: a picture does not depend on what is drawn beside it
        drawn = pipeline(
            prompt,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=torch.Generator().manual_seed(seed),
            output_type="np",
            return_dict=False,
        )[0]
        pictures.append((np.asarray(drawn)[0] * 255).round().astype(np.uint8))
    return pictures


def _encode(picture: NDArray[np.uint8]) -> bytes:
    for quality in QUALITIES:
        written = io.BytesIO()
        Image.fromarray(picture).save(written, "WEBP", quality=quality, method=6)
        if len(written.getvalue()) <= MOST_BYTES:
            return written.getvalue()
    raise ValueError(
        f"a sheet of {picture.shape[1]} x {picture.shape[0]} pixels takes "
        f"{len(written.getvalue())} bytes, expected {MOST_BYTES} at most: draw fewer prompts"
    )


def _index(folder: Path) -> dict[str, Any] | None:  # Any: what JSON holds
    path = folder / INDEX
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
