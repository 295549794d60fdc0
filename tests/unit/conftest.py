"""A run made of known numbers, small enough to check by hand."""

import numpy as np
import pytest

from core.engine.request import Request
from core.ideas.guidance import guide
from core.views.run import Run


@pytest.fixture
def run() -> Run:
    """Three calls on latents of 4 channels, 2 x 3, and a picture of 16 x 24 pixels."""
    draw = np.random.default_rng(0)
    path = draw.normal(size=(4, 4, 2, 3)).astype(np.float32)
    alpha_bars = np.array([0.01, 0.4, 0.9])
    uncond, cond = draw.normal(size=(2, 3, 4, 2, 3)).astype(np.float32)
    return Run(
        request=Request(prompt="a red apple", steps=3),
        steps=np.arange(3),
        timesteps=np.array([951.0, 501.0, 1.0]),
        sigmas=np.sqrt((1 - alpha_bars) / alpha_bars),
        alpha_bars=alpha_bars,
        path=path,
        eps=guide(uncond, cond, 5.0),
        eps_uncond=uncond,
        eps_cond=cond,
        x0=draw.normal(size=(3, 4, 2, 3)).astype(np.float32),
        picture=draw.integers(0, 256, (16, 24, 3), dtype=np.uint8),
        seconds=0.5,
        fingerprint="0" * 64,
    )
