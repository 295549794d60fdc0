"""Traces: everything that was written comes back, and what is no trace is refused."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from core.engine.alone import run_alone
from core.engine.request import Request
from core.engine.trace import Trace, from_bytes, from_tensors
from core.models.loading import Checkpoint

CAT = Request(prompt="a red cat \u202e", steps=3, scheduler="heun", seed=2)


def assert_same(first: Trace, second: Trace) -> None:
    assert (first.request, first.fingerprint) == (second.request, second.fingerprint)
    assert first.seconds == second.seconds
    assert first.calls == second.calls
    np.testing.assert_array_equal(first.picture, second.picture)
    for ours, theirs in zip(first.steps, second.steps, strict=True):
        for name in ours.__dataclass_fields__:
            one, other = getattr(ours, name), getattr(theirs, name)
            same = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
            assert same, name
            assert type(one) is type(other), name


@pytest.mark.parametrize("guidance", [5.0, 1.0])
def test_a_trace_comes_back_from_its_bytes(guidance: float, tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, guidance=guidance))
    again = from_bytes(trace.to_bytes())
    assert_same(trace, again)
    assert again.picture.dtype == np.uint8


def test_the_file_is_plain_safetensors_with_one_row_a_call(tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, CAT)
    tensors = safetensors.torch.load(trace.to_bytes())
    assert set(tensors) >= {"xt", "eps_uncond", "eps_cond", "eps", "x0", "timesteps", "sigmas"}
    assert tensors["xt"].shape == (5, 4, 8, 8)
    assert tensors["timesteps"].tolist() == list(trace.timesteps)
    assert tensors["sigmas"].tolist() == list(trace.sigmas)
    assert "eps_uncond" not in run_alone(tiny_checkpoint, replace(CAT, guidance=1.0)).to_tensors()


def test_the_path_ends_at_the_decoded_latents(tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, CAT)
    assert trace.path.shape == (6, 4, 8, 8)
    assert torch.equal(trace.path[-1], trace.latents)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 7, b"\xff" * 100, b"\x02" + b"\0" * 7 + b"{}", b"x" * 5000]
)
def test_bytes_that_are_no_trace_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no trace"):
        from_bytes(content)


def test_a_trace_of_a_request_that_is_no_longer_valid_is_refused(
    tiny_checkpoint: Checkpoint,
) -> None:
    trace = run_alone(tiny_checkpoint, CAT)
    content = trace.to_bytes().replace(b'\\"seed\\":2', b'\\"sxed\\":2')
    with pytest.raises(ValueError, match="sxed"):
        from_bytes(content)


def test_tensors_that_lack_a_row_are_refused(tiny_checkpoint: Checkpoint) -> None:
    tensors = run_alone(tiny_checkpoint, CAT).to_tensors()
    with pytest.raises(ValueError, match="rows"):
        from_tensors({**tensors, "x0": tensors["x0"][:-1]}, CAT, "f", 1.0)
    with pytest.raises(ValueError, match="x0"):
        from_tensors({k: v for k, v in tensors.items() if k != "x0"}, CAT, "f", 1.0)
