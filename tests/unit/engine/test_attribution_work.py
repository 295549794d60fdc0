"""Which token moved the noise: shares add up, and what nobody reads has none."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.request import Request, validated
from core.engine.works.attribution import Attribution, AttributionWork
from core.errors import ExplainerError

REQUEST = validated(Request(prompt="a red apple", steps=4, seed=2))


def shared(checkpoint: Any, request: Request = REQUEST, call: int = 1) -> Attribution:
    return run_alone(checkpoint, AttributionWork(request.model, request, call))


@pytest.mark.parametrize("guidance", [5.0, 1.0])
def test_shares_add_up_to_the_whole_push(tiny_checkpoint: Any, guidance: float) -> None:
    found = shared(tiny_checkpoint, replace(REQUEST, guidance=guidance))
    assert found.shares.shape == (77,)
    assert found.shares.sum() == pytest.approx(1, abs=0.02)
    assert found.shares[0] == pytest.approx(0, abs=1e-6)  # start is the same in both prompts


def test_shares_of_the_built_in_model_add_up_too(checkpoint: Any) -> None:
    found = shared(checkpoint, call=2)
    assert found.shares.sum() == pytest.approx(1, abs=0.1)
    assert np.isfinite(found.shares).all()


def test_weights_keep_no_gradient(tiny_checkpoint: Any) -> None:
    shared(tiny_checkpoint)
    assert all(weight.grad is None for weight in tiny_checkpoint.unet.parameters())
    assert torch.is_grad_enabled()


def test_engine_answers_it(make_worker: Any) -> None:
    worker = make_worker()
    ticket = worker.submit(AttributionWork(REQUEST.model, REQUEST, 0))
    while worker.busy:
        worker.tick()
    assert ticket.result().shares.sum() == pytest.approx(1, abs=0.02)


def test_what_cannot_be_shared_out_is_told_in_a_sentence(tiny_checkpoint: Any) -> None:
    with pytest.raises(ExplainerError, match="no U-Net call 5"):
        shared(tiny_checkpoint, call=4)
    with pytest.raises(ExplainerError, match="ask for the same"):
        shared(tiny_checkpoint, replace(REQUEST, prompt="", negative=""))
    with pytest.raises(ExplainerError, match="call"):
        AttributionWork(REQUEST.model, REQUEST, -1).validated()
