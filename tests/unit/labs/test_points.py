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
from core.ideas.flow import measure_detour
from core.labs import points as lab_points
from core.labs.bench import Bench, Training
from core.labs.points import draw_batch, inputs, make_pairs, start, train
from core.labs.points_data import COUNT, make_points
from core.labs.points_field import (
    ALPHA_BAR,
    CLOCK,
    COUNTS,
    FLOWING,
    NO_CLASS,
    SAMPLERS,
    SHARES,
    Field,
    answer,
    measure_reach,
    nearest,
    sample,
)
from core.labs.points_settings import (
    DRAWN,
    EDGE,
    FLOW,
    FULL,
    MOST_DRAWN,
    SHAPES,
    STRAIGHT,
    WALKERS,
    PointSettings,
)
from core.labs.points_worker import GRID, TIMES, events, start_from, tell_field
from core.labs.process import unpack

ROOT = Path(__file__).resolve().parents[3]
SHORT, BRIEF = PointSettings(steps=60), PointSettings(steps=8)
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
        np.testing.assert_allclose(ours.named(NOISE, 700), expected, atol=1e-5)
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


def test_flow_learns_the_velocity_of_the_pair_that_was_mixed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple] = []
    real = lab_points.mix_straight
    monkeypatch.setattr(lab_points, "mix_straight", lambda *a: asked.append(a) or real(*a))
    settings = replace(SHORT, goal=FLOW, classes=False)
    first = next(iter(train(settings)))
    ((x0, eps, s),) = asked
    layers, _, _ = start(settings.seed, {})
    z = (1 - s)[:, None] * x0 + s[:, None] * eps
    t = (s * 999).round().long()
    torch.testing.assert_close(s.double(), torch.from_numpy(SHARES)[t], atol=1e-6, rtol=0)
    predicted = answer(
        layers, inputs(z, torch.from_numpy(CLOCK)[t], torch.tensor(NO_CLASS)), F.silu
    )
    assert first.loss == pytest.approx(F.mse_loss(predicted, eps - x0).item(), rel=1e-5)
    noise = draw_batch(replace(SHORT, classes=False), 0)  # the same draws as for noise
    torch.testing.assert_close(noise.x0, x0)
    torch.testing.assert_close(noise.eps, eps)


def test_pairs_for_straightening_are_the_flows_own() -> None:
    settings = PointSettings(seed=4, goal=STRAIGHT)
    layers, _, _ = start(1, {})
    pairs = make_pairs(settings, layers)
    network = tuple(layer.detach().numpy() for layer in layers)
    for label in (0, 1, NO_CLASS):
        rows = (pairs.told == label).numpy()
        assert 0.2 < rows.mean() < 0.5  # some of each: also guidance needs straight ways
        drawn = sample(Field(network, label), FLOWING, 40, pairs.eps.numpy()[rows])[-1]
        np.testing.assert_allclose(pairs.x0.numpy()[rows], drawn, atol=1e-4)
    assert make_pairs(settings, layers, pairs.x0).x0 is pairs.x0  # not drawn twice
    alone = make_pairs(replace(settings, classes=False), layers)
    assert set(alone.told.tolist()) == {NO_CLASS}
    batch = draw_batch(settings, 7, pairs)
    places = {tuple(row) for row in torch.cat([pairs.eps, pairs.x0], 1).tolist()}
    assert {tuple(row) for row in torch.cat([batch.eps, batch.x0], 1).tolist()} <= places


def test_straightening_goes_on_from_the_flow() -> None:
    """From scratch, from the finished flow, and from its middle: the same to the last number."""
    flow = replace(BRIEF, goal=FLOW)
    straight = replace(BRIEF, goal=STRAIGHT)
    assert straight.before == flow
    assert flow.before is BRIEF.before is None
    first, whole = list(events(flow)), list(events(straight))
    assert first[-1]["kind"] == whole[-1]["kind"] == "done"
    assert [event["step"] for event in whole if event["kind"] == "step"][-1] == 2 * BRIEF.steps
    state = [event["state"] for event in first if event["kind"] == "saved"][-1]
    rest = list(events(straight, unpack(state)))
    assert timeless(first)[:-1] + timeless(rest) == timeless(whole)
    saved = [event["state"] for event in whole if event["kind"] == "saved"]
    late = list(events(straight, unpack(saved[-3])))  # its pairs were made long before
    assert timeless(late) == timeless(whole)[-len(timeless(late)) :]


def test_look_of_a_flow_tells_how_points_walk_so_far() -> None:
    (look, *_) = [e for e in events(replace(SHORT, steps=2, goal=FLOW)) if e["kind"] == "look"]
    walk = np.frombuffer(base64.b64decode(look["walk"]), "<f4").reshape(-1, WALKERS, 2)
    ends = np.frombuffer(base64.b64decode(look["drawn"]), "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(walk[-1], ends[:WALKERS])
    assert next(e for e in events(replace(SHORT, steps=1)) if e["kind"] == "look")["walk"] == ""


def test_no_arrow_turns_where_it_is_too_long_to_be_told() -> None:
    class Long(Field):
        def named(self, x: np.ndarray, t: int) -> np.ndarray:
            return np.tile([[30.0, 40.0]], (len(x), 1))

    told = np.frombuffer(base64.b64decode(tell_field(Long(()))), "i1").reshape(-1, 2)
    assert len(told) == len(TIMES) * GRID**2
    np.testing.assert_array_equal(np.unique(told, axis=0), [[76, 102]])
    assert np.hypot(76, 102) * FULL / 127 == pytest.approx(FULL, rel=0.01)


def test_reach_is_what_it_says(trained: tuple[Field, ...]) -> None:
    data, _ = make_points(PointSettings())
    found = measure_reach(trained[1], "DDIM", NOISE, data)
    for steps, apart, missed in zip(COUNTS, found["apart"], found["missed"], strict=True):
        drawn = sample(trained[1], "DDIM", steps, NOISE)[-1]
        far = torch.cdist(torch.from_numpy(drawn), torch.from_numpy(data))
        assert apart == pytest.approx(far.min(1).values.mean().item(), rel=1e-3)
        assert missed == pytest.approx(far.min(0).values.mean().item(), rel=1e-3)
    assert found["detour"] == measure_detour(sample(trained[1], "DDIM", COUNTS[-1], NOISE))


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


def test_bench_has_a_straightening_begin_with_the_flow_that_is_done(bench: Bench) -> None:
    flow = replace(BRIEF, goal=FLOW)
    first = wait_for(bench.join(flow))
    assert first.state == "done"
    training = bench.join(replace(BRIEF, goal=STRAIGHT))
    assert timeless(training.events)[: len(timeless(first.events)) - 1] == timeless(
        first.events[:-1]
    )
    assert training.saved == first.saved
    assert timeless(wait_for(training).events) == timeless(
        list(events(replace(BRIEF, goal=STRAIGHT)))
    )
    alone = Bench()
    try:  # where nobody has done it, it is done first
        assert alone.join(replace(BRIEF, goal=STRAIGHT)).events == []
    finally:
        alone.close()


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
        (PointSettings(goal="score"), "goal of the training"),
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
