"""The activation lab trains every network as if it were alone, and goes on where it stopped."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.engine.loaded import LoadedModel
from core.engine.worker import Worker
from core.errors import ExplainerError
from core.ideas.activations import ACTIVATIONS
from core.labs import activations as lab
from core.labs.activations import ROUND, ActivationLab, Round, bends
from core.models.pixel_model import finish


def train(count: int) -> list[Round]:
    rounds: list[Round] = []
    for number in range(count):
        look = ActivationLab("emoji128", number, rounds[-1].state if rounds else b"").validated()
        rounds.append(finish(look.course(None)))
    return rounds


@pytest.fixture(scope="module")
def rounds() -> list[Round]:
    return train(3)


def test_each_network_trains_as_torchs_own_layers_do(rounds: list[Round]) -> None:
    drawn = lab._start(0)
    for at in (0, 3, 7):
        layers = []
        for weight, bias in zip(drawn[::2], drawn[1::2], strict=True):
            linear = nn.Linear(weight.shape[1], weight.shape[2])
            linear.weight.data = weight[at].T.clone()
            linear.bias.data = bias[at, 0].clone()
            layers.append(linear)
        optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lab.RATE)
        losses = []
        for step in range(2 * ROUND):  # over the seam between two rounds
            x0, eps, t = lab._points(0, step)
            x = lab._inputs(x0, eps, t)
            for layer in layers[:-1]:
                x = bends()[at](layer(x))
            loss = (layers[-1](x) - eps).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        ours = np.concatenate([done.losses[at] for done in rounds[:2]])
        np.testing.assert_allclose(ours, losses, rtol=2e-3)


def test_all_begin_alike_and_learn(rounds: list[Round]) -> None:
    drawn = lab._start(0)
    assert all(torch.equal(layer[0], layer[-1]) for layer in drawn)
    first, last = (done.losses.mean(axis=1) for done in (rounds[0], rounds[-1]))
    learned = dict(zip(ACTIVATIONS, first - last, strict=True))
    assert learned["silu"] > 0.2
    assert learned["tanh"] > 0.2


def test_sigmoid_loses_its_gradient_and_relu_its_units(rounds: list[Round]) -> None:
    reach = dict(zip(ACTIVATIONS, rounds[0].reach, strict=True))
    still = dict(zip(ACTIVATIONS, rounds[-1].still, strict=True))
    assert reach["sigmoid"] < 0.01 < reach["silu"]
    assert still["relu"] > 0.05
    assert still["silu"] == 0


def test_rounds_are_the_same_for_everybody(rounds: list[Round]) -> None:
    again = train(1)[0]
    np.testing.assert_array_equal(again.losses, rounds[0].losses)


def test_round_takes_turns_in_the_engine(tiny_checkpoint: Any) -> None:
    worker = Worker(
        load=lambda _: LoadedModel(tiny_checkpoint, 0), check=lambda _: None, threaded=False
    )
    tickets = [worker.submit(ActivationLab("emoji128"), who) for who in "ab"]
    worker.tick()
    assert not tickets[0].wait(0)
    for _ in range(2 * ROUND):
        worker.tick()
    assert tickets[0].result().losses.shape == (len(ACTIVATIONS), ROUND)
    assert worker.counters().computed == 1
    worker.close()


@pytest.mark.parametrize(("number", "state"), [(0, b"x"), (1, b""), (-1, b""), (999, b"x")])
def test_round_that_cannot_be_is_refused(number: int, state: bytes) -> None:
    with pytest.raises(ExplainerError, match="cannot be"):
        ActivationLab("emoji128", number, state).validated()
