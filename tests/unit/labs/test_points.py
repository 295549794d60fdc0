"""The lab of points learns where the data lies, goes on where it stopped, and disturbs nobody."""

import base64
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.errors import ExplainerError
from core.labs import points as lab_points
from core.labs.bench import Bench, Training
from core.labs.points import inputs, start, train
from core.labs.points_data import COUNT, make_points
from core.labs.points_field import (
    ALPHA_BAR,
    CLOCK,
    NO_CLASS,
    SAMPLERS,
    Field,
    answer,
    nearest,
    sample,
)
from core.labs.points_settings import DRAWN, EDGE, MOST_DRAWN, SHAPES, PointSettings
from core.labs.points_worker import events, start_from
from core.labs.process import unpack

ROOT = Path(__file__).resolve().parents[3]
SHORT = PointSettings(steps=60)
NOISE = np.random.default_rng(5).standard_normal((200, 2)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as the worker has; more would only make these small products wait
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained() -> tuple[Field, ...]:
    """The fields before the first step and after some training."""
    settings = PointSettings(steps=700)
    layers, _, _ = start(settings.seed, {})
    *_, last = train(settings)
    return Field(tuple(layer.detach().numpy() for layer in layers)), last.field


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def wait_for(training: Training, count: int = 10**9, most: float = 120) -> Training:
    deadline = time.monotonic() + most
    while len(training.events) < count and not training.ended:
        assert time.monotonic() < deadline
        training.wait(len(training.events), 1.0)
    return training


def timeless(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [event for event in told if event["kind"] != "saved"]
    return [{name: value for name, value in e.items() if name != "seconds"} for e in kept]


@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_shapes_fill_the_plane_and_have_two_classes(shape: str) -> None:
    points, labels = make_points(PointSettings(shape))
    assert points.shape == (COUNT, 2)
    assert np.bincount(labels).tolist() == [COUNT // 2] * 2
    assert np.abs(points).max() <= EDGE
    assert 0.4 < points.std() < 1.3  # the schedule is made for about unit variance
    apart = nearest(points[labels == 0], points[labels == 1])
    assert apart.mean() > 0.25
    np.testing.assert_array_equal(points, make_points(PointSettings(shape))[0])
    assert not np.array_equal(points, make_points(PointSettings(shape, seed=1))[0])


def test_drawn_points_are_learned_with_a_little_blur() -> None:
    drawn = tuple((x / 4, 1.0, x % 2) for x in range(-5, 5))
    points, labels = make_points(PointSettings(DRAWN, points=drawn).validated())
    places = np.array(drawn)
    assert nearest(points, places[:, :2]).mean() < 0.1
    assert set(labels) == {0, 1}


def test_trained_network_draws_near_the_data_and_an_untrained_one_far_off(
    trained: tuple[Field, ...],
) -> None:
    data, labels = make_points(PointSettings())
    before, after = (nearest(sample(f, "DDIM", 20, NOISE)[-1], data).mean() for f in trained)
    assert after < 0.2
    assert before > 3 * after
    for label in (0, 1):
        guided = sample(Field(trained[1].layers, label, 2.0), "DDIM", 20, NOISE)[-1]
        own, other = (nearest(guided, data[labels == at]).mean() for at in (label, 1 - label))
        assert own < 0.12
        assert own < other / 3


def test_samplers_end_alike_and_euler_walks_as_ddim_does(trained: tuple[Field, ...]) -> None:
    walks = {name: sample(trained[1], name, 12, NOISE) for name in SAMPLERS}
    assert {walk.shape for walk in walks.values()} == {(13, 200, 2)}
    for walk in walks.values():
        np.testing.assert_allclose(walk[0], NOISE, atol=1e-5)
    np.testing.assert_allclose(walks["Euler"], walks["DDIM"], atol=2e-3)
    assert np.abs(walks["Heun"][-1] - walks["DDIM"][-1]).max() > 1e-2
    fine = sample(trained[1], "DDIM", 200, NOISE)[-1]
    off = {name: np.abs(walks[name][-1] - fine).mean() for name in ("DDIM", "Heun")}
    assert off["Heun"] < off["DDIM"]  # two calls a step, and closer to the true path
    again = sample(trained[1], "DDPM", 12, NOISE)
    np.testing.assert_array_equal(again, walks["DDPM"])
    assert not np.array_equal(sample(trained[1], "DDPM", 12, NOISE, seed=1), again)


def test_fresh_noise_of_ddpm_is_not_the_noise_it_starts_from() -> None:
    silent = Field(tuple(np.zeros(layer.shape, np.float32) for layer in start(0, {})[0]))
    noise = np.random.default_rng(7).standard_normal((4000, 2)).astype(np.float32)
    walk = sample(silent, "DDPM", 4, noise, seed=7)
    # It names no noise, so a step only scales what is there; what it adds must be of its own.
    scaled = (walk[1] * noise).mean() / (noise**2).mean()
    assert ((walk[1] - scaled * noise) ** 2).mean() > 0.05
    assert sample(silent, "DDPM", 4, noise, seed=8)[1].std() == pytest.approx(
        float(walk[1].std()), rel=0.03
    )


def test_network_is_the_same_in_numpy_and_in_torch() -> None:
    layers, _, _ = start(3, {})
    for label in (0, 1, NO_CLASS):
        clock = torch.from_numpy(CLOCK)[700].expand(len(NOISE), -1)
        read = inputs(torch.from_numpy(NOISE), clock, torch.tensor(label))
        ours = Field(tuple(layer.detach().numpy() for layer in layers), label)
        expected = answer(layers, read, F.silu).detach().numpy()
        np.testing.assert_allclose(ours.eps(NOISE, 700), expected, atol=1e-5)
        np.testing.assert_allclose(ours.predict(NOISE, float(ALPHA_BAR[700])), expected, atol=1e-5)


def test_loss_is_ddpms(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple] = []
    real = lab_points.add_noise
    monkeypatch.setattr(lab_points, "add_noise", lambda *a: asked.append(a) or real(*a))
    first = next(iter(train(SHORT)))
    ((x0, eps, alpha_bar),) = asked
    layers, _, _ = start(SHORT.seed, {})
    xt = alpha_bar.sqrt()[:, None] * x0 + (1 - alpha_bar).sqrt()[:, None] * eps
    t = torch.from_numpy(np.abs(ALPHA_BAR[None] - alpha_bar.double().numpy()[:, None]).argmin(1))
    data, labels = make_points(SHORT)
    rows = [int(np.flatnonzero((data == row).all(1))[0]) for row in x0.numpy()]
    found = []
    for told in (torch.from_numpy(labels[rows]), torch.tensor(NO_CLASS)):
        predicted = answer(layers, inputs(xt, torch.from_numpy(CLOCK)[t], told), F.silu)
        found.append(F.mse_loss(predicted, eps).item())
    low, high = sorted(found)  # some of the batch was told its class, some was not
    assert low - 0.05 < first.loss < high + 0.05


def test_training_is_the_same_again_and_leaves_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    first = [step.loss for step in train(replace(SHORT, steps=5))]
    torch.randn(3)
    second = [step.loss for step in train(replace(SHORT, steps=5))]
    torch.set_rng_state(before)
    assert first == second


def test_going_on_is_as_if_nothing_had_come_between() -> None:
    whole = list(events(SHORT))
    state, told = None, []
    for event in events(SHORT):  # stopped at the third state that is kept
        if event["kind"] == "saved":
            state = event["state"]
            if sum(e["kind"] == "look" for e in told) == 3:
                break
        told.append(event)
    rest = list(events(SHORT, unpack(state)))
    assert 0 < len(rest) < len(whole)
    assert timeless(told + rest) == timeless(whole)


def test_two_at_once_are_what_each_is_alone(bench: Bench) -> None:
    settings = [SHORT, replace(SHORT, shape="rings", seed=3, classes=False)]
    together = [wait_for(training) for training in [bench.join(one) for one in settings]]
    for one, training in zip(settings, together, strict=True):
        assert training.state == "done"
        assert timeless(training.events) == timeless(list(events(one)))


def test_bench_takes_a_stopped_training_up_where_it_was(bench: Bench) -> None:
    settings = PointSettings(steps=400)
    training = bench.join(settings)
    while training.saved is None or training.saved_at < 8:
        assert not training.ended
        training.wait(len(training.events), 1.0)
    bench.leave(training, grace=0)
    wait_for(training)
    assert training.state == "stopped"
    again = bench.join(settings)
    assert again is not training
    assert len(again.events) >= 8
    assert wait_for(again).state == "done"
    assert timeless(again.events) == timeless(list(events(settings)))


def test_start_is_what_the_browser_needs() -> None:
    told = list(events(replace(SHORT, steps=2)))
    begun, *_, done = told
    assert begun["kind"] == "start"
    assert len(np.frombuffer(base64.b64decode(begun["points"]), "<f4")) == 2 * len(begun["labels"])
    (look, *_) = [event for event in told if event["kind"] == "look"]
    grid = np.frombuffer(base64.b64decode(look["field"]), "i1")
    assert len(grid) == len(begun["times"]) * begun["grid"] ** 2 * 2
    assert done["kind"] == "done"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (PointSettings("square"), "shape is"),
        (PointSettings(classes=1), "classes is 1"),  # type: ignore[arg-type]  # what a link may hold
        (PointSettings(seed=-1), "seed is -1"),
        (PointSettings(steps=10**9), "number of steps"),
        (PointSettings(DRAWN), "There are 0 points"),
        (PointSettings(DRAWN, points=((0.0, 9.0, 0),) * 9), "place of a point is 9"),
        (PointSettings(DRAWN, points=((0.0, float("nan"), 0),) * 9), "place of a point is nan"),
        (PointSettings(DRAWN, points=((0.0, 1.0, 7),) * 9), "class of a point is 7"),
        (PointSettings(DRAWN, points=((0.0, 1.0),) * 9), "not two places"),  # type: ignore[arg-type]  # as a browser may tell
        (PointSettings(DRAWN, points=((0.0, 1.0, 0),) * (MOST_DRAWN + 1)), "cannot be used"),
        (PointSettings(DRAWN, points="0" * 9), "cannot be used"),  # type: ignore[arg-type]  # as above
    ],
)
def test_settings_that_cannot_be_are_refused(settings: PointSettings, says: str) -> None:
    with pytest.raises(ExplainerError, match=says):
        settings.validated()


def test_settings_survive_the_way_to_the_worker() -> None:
    import json
    from dataclasses import asdict

    settings = PointSettings(DRAWN, points=tuple((0.5, -1.0, at % 2) for at in range(9)))
    assert start_from(json.loads(json.dumps(asdict(settings)))) == settings


@pytest.mark.parametrize("name", ["core.labs.points_settings", "core.labs.points_field"])
def test_what_a_page_needs_imports_no_torch(name: str) -> None:
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60)
    assert ran.returncode == 0
