"""Noising through the engine: the model's own latents, the run's own noise."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.engine import Engine
from core.engine.works.noising import NoiseWork
from core.errors import ExplainerError
from core.models import latents as vae

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8).tobytes()
LOOK = NoiseWork(pixels=PIXELS, width=64, height=64, levels=(1.0, 0.5, 0.0), seed=5)


def answer(worker: Engine, look: NoiseWork) -> Any:
    ticket = worker.submit(look)
    for _ in range(50):
        if not worker.busy:
            return ticket.result()
        worker.tick()
    raise AssertionError("still busy after 50 ticks")


def test_levels_are_mixed_from_the_posteriors_mean_and_the_seeds_noise(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any
) -> None:
    found = answer(make_worker(), LOOK)
    picture = vae.picture_tensor(PIXELS, 64, 64)
    clean = vae.to_unit_scale(tiny_checkpoint, vae.encode_posterior(tiny_checkpoint, picture).mean)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(5))
    np.testing.assert_allclose(found.clean, clean[0], atol=1e-5)
    np.testing.assert_array_equal(found.noise, noise[0])
    for shown, mixed in zip(
        found.pictures, (clean, 0.5**0.5 * (clean + noise), noise), strict=True
    ):
        expected = vae.decode_latents(tiny_checkpoint, mixed.float())[0].numpy()
        assert np.abs(shown.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "bad",
    [{"pixels": b"x"}, {"width": 7}, {"levels": ()}, {"levels": (1.5,)}, {"levels": (0.5,) * 161},
     {"levels": (float("nan"),)}, {"seed": -1}, {"model": "../x"}],
    ids=str,
)  # fmt: skip
def test_bad_wishes_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ExplainerError):
        replace(LOOK, **bad).validated()


def test_picture_that_does_not_fit_the_model_ends_in_a_sentence(
    make_worker: Callable[..., Engine],
) -> None:
    odd = replace(LOOK, pixels=bytes(65 * 64 * 3), width=65)
    with pytest.raises(ExplainerError, match="multiples of"):
        answer(make_worker(), odd)
