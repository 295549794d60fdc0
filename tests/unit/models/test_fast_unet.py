"""The U-Net on another runtime answers as torch does, and only what is asked plainly."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.engine.alone import run_alone
from core.engine.ask import ask_fast, ask_unet
from core.engine.loaded import LoadedModel
from core.engine.request import Request
from core.engine.work import CallRow, NoiseQuery
from core.errors import ExplainerError
from core.models import fast_unet
from core.models.fast_unet import FastUNet, fast_precision, find_fast_unet
from core.models.loading import Checkpoint
from core.models.loras import Chosen

INSTALLED = importlib.util.find_spec("openvino") is not None
needs_it = pytest.mark.skipif(
    not INSTALLED, reason="OpenVINO is not installed; make test-fast installs it"
)


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    fast_precision.cache_clear()
    yield
    fast_precision.cache_clear()


def rows(checkpoint: Checkpoint, count: int, **more: Any) -> list[CallRow]:
    """So many rows of noise, each with a time and text states of its own."""
    chance = torch.Generator().manual_seed(count)
    side = checkpoint.height // checkpoint.vae_scale
    width = checkpoint.unet.config.cross_attention_dim
    return [
        CallRow(
            torch.randn(4, more.get("side", side), side, generator=chance), 999.0 * at / count,
            torch.randn(77, width, generator=chance), loras=more.get("loras", ()),
        )
        for at in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def fast(tiny_checkpoint: Checkpoint) -> FastUNet:
    built = FastUNet(tiny_checkpoint, "float32", 1)
    assert built.wait()
    return built


def put(fast: FastUNet, asked: list[CallRow]) -> Tensor | None:
    return fast.ask(
        torch.stack([row.latents for row in asked]),
        torch.tensor([row.t for row in asked], dtype=torch.float32),
        torch.stack([row.states for row in asked]),
    )


@needs_it
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("count", [1, 2, 5])
def test_it_answers_as_torch_does(tiny_checkpoint: Checkpoint, fast: FastUNet, count: int) -> None:
    asked = rows(tiny_checkpoint, count)
    torch.testing.assert_close(
        put(fast, asked), ask_unet(tiny_checkpoint, asked), atol=2e-5, rtol=1e-4
    )


@needs_it
@pytest.mark.filterwarnings("default")
def test_a_picture_of_the_built_in_model_is_the_same(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(fast_unet.SETTING, raising=False)
    built = find_fast_unet(checkpoint, 1)
    assert built is not None
    assert built.wait()
    request = Request(prompt="a red apple", steps=4)
    run, plain = run_alone(checkpoint, request, fast=built), run_alone(checkpoint, request)
    assert run.computer == "OpenVINO float32"
    assert plain.computer == "torch float32"
    np.testing.assert_allclose(run.latents, plain.latents, atol=1e-4)
    assert np.abs(run.picture.astype(int) - plain.picture).max() <= 1


@needs_it
@pytest.mark.filterwarnings("default")
def test_other_numbers_are_said(tiny_checkpoint: Checkpoint) -> None:
    built = FastUNet(tiny_checkpoint, "bfloat16", 1)
    assert built.wait()
    loaded = LoadedModel(tiny_checkpoint, 0, fast=built)
    assert loaded.computer_of(Request(model="tiny-sd")) == "OpenVINO bfloat16"
    assert "OpenVINO bfloat16" in loaded.stamp


@needs_it
@pytest.mark.filterwarnings("default")
def test_what_it_cannot_do_is_left_to_torch(tiny_checkpoint: Checkpoint, fast: FastUNet) -> None:
    assert put(fast, rows(tiny_checkpoint, 2, side=16)) is None
    broken = FastUNet(tiny_checkpoint, "float32", 1)
    assert broken.wait()
    broken._compiled = lambda given: 1 / 0
    assert put(broken, rows(tiny_checkpoint, 1)) is None
    assert not broken.ready


class Runtime(SimpleNamespace):
    """A runtime that answers with zeros, and counts."""

    said = "zeros"

    def takes(self, shape: tuple[int, ...]) -> bool:
        return shape[-1] == 8

    def ask(self, latents: Tensor, times: Tensor, states: Tensor) -> Tensor | None:
        if not self.takes(latents.shape):
            return None
        self.asked.append(len(latents))
        return torch.zeros_like(latents)


class Watched:
    """A way to ask that looks into the network."""

    def ask(self, checkpoint: Checkpoint, asked: Any) -> Tensor:
        return ask_unet(checkpoint, asked)


def test_only_what_is_asked_plainly_goes_there(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime: Any = Runtime(asked=[])
    loaded = LoadedModel(tiny_checkpoint, 0, fast=runtime)
    [row] = rows(tiny_checkpoint, 1)
    plain = NoiseQuery(row.latents[None], row.t, row.states[None])
    [zeros] = loaded.answers([plain])
    assert not zeros.any()  # type: ignore[union-attr]  # a tensor
    assert runtime.asked == [1]
    for other in (
        replace(plain, how=Watched()),
        replace(plain, latents=torch.randn(1, 4, 16, 16)),
    ):
        [answer] = loaded.answers([other])
        assert answer.any()  # type: ignore[union-attr]  # a tensor
    worn = replace(row, loras=(Chosen("a", 1.0, "0" * 64),))
    assert ask_fast(runtime, [row, worn]) is None
    assert runtime.asked == [1]
    request = Request(model="tiny-sd")
    assert loaded.computer_of(request) == "zeros"
    assert loaded.computer_of(replace(request, height=128, width=128)) == "torch float32"
    assert loaded.computer_of(replace(request, loras=worn.loras)) == "torch float32"


@pytest.mark.parametrize("said", ["", "float16", "on"])
def test_another_setting_is_refused_with_a_sentence(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fast_unet.SETTING, said)
    with pytest.raises(ExplainerError, match="GLASSBOX_FAST is"):
        fast_precision()


def test_without_the_package_or_switched_off_there_is_none(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fast_unet.SETTING, fast_unet.OFF)
    assert find_fast_unet(tiny_checkpoint, 1) is None
    fast_precision.cache_clear()
    monkeypatch.setenv(fast_unet.SETTING, "bfloat16")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert find_fast_unet(tiny_checkpoint, 1) is None


def test_a_network_that_is_too_large_or_elsewhere_stays_on_torch(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_unet, "fast_precision", lambda: "float32")
    half = replace(tiny_checkpoint, dtype=torch.float16)
    assert find_fast_unet(half, 1) is None
    monkeypatch.setattr(fast_unet, "MOST_WEIGHTS", 10)
    assert find_fast_unet(tiny_checkpoint, 1) is None
