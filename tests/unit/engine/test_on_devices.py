"""The engine on each device that there may be: a GPU computes in half precision what a CPU does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.catalog import offer
from core.models.hardware import Device, Hardware
from core.models.loading import Checkpoint, load_checkpoint
from tests.single_file import build, save

DEVICES = (
    "cpu",
    pytest.param(
        "cuda",
        marks=(
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
        ),
    ),
)
NEAR = 3.0  # of 255, the mean difference that half precision may make in a picture


def on(device: Device, model: str = "emoji128") -> Checkpoint:
    dtype = "float16" if device == "cuda" else "float32"
    return load_checkpoint(model, Hardware(device, dtype, device, 0, 1))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scheduler", ["ddim", "dpmpp-2m", "euler-a"])
def test_a_picture_is_the_same_on_every_device(device: Device, scheduler: str) -> None:
    checkpoint, request = on(device), Request(prompt="a red apple", steps=6, scheduler=scheduler)
    trace = run_alone(checkpoint, request)
    assert checkpoint.device.type == device
    assert all(step.x_prev.device.type == "cpu" for step in trace.steps)
    expected = run_alone(load_checkpoint(), request).picture
    assert np.abs(trace.picture.astype(float) - expected).mean() < NEAR


@pytest.mark.parametrize("device", DEVICES)
def test_a_model_in_the_shape_of_stable_diffusion_draws(device: Device, tmp_path: Path) -> None:
    model = offer(save(build("sd1"), tmp_path / "random.safetensors")).id
    checkpoint = on(device, model)
    side = 8 * checkpoint.vae_scale
    trace = run_alone(checkpoint, Request(model=model, steps=2, height=side, width=side))
    assert trace.picture.shape == (side, side, 3)
    assert all(torch.isfinite(torch.as_tensor(step.x_prev)).all() for step in trace.steps)
