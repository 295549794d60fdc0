"""The lab learns, is reproducible, can be stopped, and trainings leave each other alone."""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.labs.autoencoder import (
    COPIES,
    PlainAutoencoder,
    SmallDecoder,
    VariationalAutoencoder,
    initialise,
    lab_pictures,
    train,
)
from core.labs.autoencoder_settings import LabSettings
from core.labs.autoencoder_worker import events, export_decoder
from core.labs.bench import WAITING, Bench, Training, start_worker
from core.models.loading import Checkpoint
from core.nets.autoencoder import kl_to_unit_gaussian

ROOT = Path(__file__).resolve().parents[3]
SHORT = LabSettings(steps=6)
LONG = LabSettings(steps=5000)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def wait_for(training: Training, count: int = 10**9, most: float = 120) -> Training:
    """Wait until a training has told so much, or has ended."""
    deadline = time.monotonic() + most
    while len(training.events) < count and not training.ended:
        assert time.monotonic() < deadline
        training.wait(len(training.events), 1.0)
    return training


def of_kind(training: Training, kind: str) -> list[dict]:
    timed = [event for event in training.events if event["kind"] == kind]
    return [{name: value for name, value in e.items() if name != "seconds"} for e in timed]


def test_pictures_are_every_object_many_times() -> None:
    pictures, rows = lab_pictures(0)
    assert pictures.shape == (12 * COPIES, 3, 32, 32)
    assert 0 <= pictures.min() < pictures.max() <= 1
    assert rows.bincount().tolist() == [COPIES] * 12
    assert torch.equal(pictures, lab_pictures(0)[0])
    assert not torch.equal(pictures, lab_pictures(1)[0])


def test_both_learn() -> None:
    pictures, _ = lab_pictures(0)
    steps = list(train(LabSettings(steps=40), pictures))
    assert [step.step for step in steps] == list(range(1, 41))
    assert steps[-1].plain_error < steps[0].plain_error / 2
    assert steps[-1].error < steps[0].error / 2


def test_loss_is_the_one_of_the_paper() -> None:
    net = VariationalAutoencoder()
    initialise(net, torch.Generator().manual_seed(0))
    pictures, _ = lab_pictures(0)
    eps = torch.randn(5, 2, generator=torch.Generator().manual_seed(1))
    error, kl = net.losses(pictures[:5], eps)
    mean, logvar = net.encoder(pictures[:5]).chunk(2, dim=1)
    drawn = mean + torch.exp(logvar / 2) * eps
    torch.testing.assert_close(error, (net.decoder(drawn) - pictures[:5]).square().mean())
    normal = torch.distributions.Normal(mean, (logvar / 2).exp())
    unit = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    expected = torch.distributions.kl_divergence(normal, unit).sum(1).mean()
    torch.testing.assert_close(kl, expected)
    torch.testing.assert_close(kl_to_unit_gaussian(mean, logvar).sum(1).mean(), expected)


def test_a_heavy_kl_leaves_nothing_to_tell() -> None:
    pictures, _ = lab_pictures(0)
    *_, light = train(LabSettings(kl_weight=0, steps=40), pictures)
    *_, heavy = train(LabSettings(kl_weight=1, steps=40), pictures)
    assert heavy.kl < light.kl / 10


def test_training_leaves_everybodys_random_numbers_alone() -> None:
    pictures, _ = lab_pictures(0)
    before = torch.get_rng_state()
    first = list(train(SHORT, pictures))
    torch.randn(3)
    second = list(train(SHORT, pictures))
    torch.set_rng_state(before)
    assert [step.error for step in first] == [step.error for step in second]


def test_exported_layers_are_the_decoder() -> None:
    decoder = SmallDecoder()
    initialise(decoder, torch.Generator().manual_seed(0))
    point = torch.tensor([[0.3, -1.2]])
    x = point
    layers = export_decoder(decoder)
    for layer in layers:
        weight, bias = (
            torch.tensor(np.frombuffer(base64.b64decode(layer[name]), "<f4").copy())
            for name in ("weight", "bias")
        )
        weight = weight.view(layer["shape"])
        if layer["kind"] == "linear":
            x = nn.functional.linear(x, weight, bias)
        else:
            x = x.view(1, layer["shape"][1], int((x.numel() / layer["shape"][1]) ** 0.5), -1)
            x = nn.functional.conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), weight,
                                     bias, padding=1)  # fmt: skip
        x = x.sigmoid() if layer is layers[-1] else nn.functional.silu(x)
    torch.testing.assert_close(x, decoder(point))


def test_two_at_once_are_what_each_is_alone(bench: Bench) -> None:
    settings = [SHORT, replace(SHORT, kl_weight=0.1, seed=3)]
    together = [wait_for(training) for training in [bench.join(one) for one in settings]]
    for one, training in zip(settings, together, strict=True):
        assert training.state == "done"
        alone = list(events(one))
        for kind in ("start", "step", "look"):
            expected = [
                {name: value for name, value in event.items() if name != "seconds"}
                for event in alone
                if event["kind"] == kind
            ]
            assert of_kind(training, kind) == expected
        done = alone[-1]
        assert of_kind(training, "done")[0]["plain"] == done["plain"]


def test_a_picture_drawn_meanwhile_is_the_same(bench: Bench, tiny_checkpoint: Checkpoint) -> None:
    request = Request(prompt="a cat", steps=3)
    alone = run_alone(tiny_checkpoint, request)
    threads = torch.get_num_threads()
    trainings = [wait_for(bench.join(replace(LONG, seed=seed)), 4) for seed in (0, 1)]
    beside = run_alone(tiny_checkpoint, request)
    assert [training.state for training in trainings] == ["running", "running"]
    assert torch.equal(alone.path, beside.path)
    np.testing.assert_array_equal(alone.picture, beside.picture)
    assert torch.get_num_threads() == threads


def test_equal_settings_are_trained_once(bench: Bench) -> None:
    first, second = bench.join(SHORT), bench.join(replace(SHORT))
    assert first is second
    bench.leave(first, grace=0)
    time.sleep(0.2)
    assert wait_for(second).state == "done"  # one of the two still watched
    assert bench.join(SHORT) is first  # and it is kept


def test_nobody_watching_ends_it_at_once(bench: Bench) -> None:
    training = wait_for(bench.join(LONG), 3)
    process = training.process
    assert process is not None
    bench.leave(training, grace=0.1)
    started = time.monotonic()
    wait_for(training)
    process.wait(10)
    assert time.monotonic() - started < 5
    assert training.state == "stopped"
    again = bench.join(LONG)
    assert again is not training
    bench.leave(again, grace=0)


def test_page_that_is_drawn_again_keeps_its_training(bench: Bench) -> None:
    training = bench.join(LONG)
    bench.leave(training, grace=0.5)
    assert bench.join(LONG) is training
    time.sleep(1)
    assert not training.ended


def test_page_that_looks_in_now_and_then_keeps_its_training(bench: Bench) -> None:
    for _ in range(6):  # longer than the grace of each look
        training = bench.join(LONG)
        bench.leave(training, grace=1.0)
        time.sleep(0.4)
    assert not training.ended
    assert bench.known(LONG) is training
    time.sleep(1.5)
    assert training.state == "stopped"


def test_let_go_ends_it_sooner_unless_somebody_looks_in(bench: Bench) -> None:
    training = bench.join(LONG)
    bench.leave(training, grace=30)
    bench.let_go(training, grace=1.0)
    bench.leave(bench.join(LONG), grace=30)  # another visitor, who looks in meanwhile
    time.sleep(1.5)
    assert not training.ended
    bench.let_go(training, grace=0.1)
    assert wait_for(training).state == "stopped"


def test_looking_in_often_leaves_one_timer_behind(bench: Bench) -> None:
    before = set(threading.enumerate())
    for _ in range(20):
        bench.leave(bench.join(LONG), grace=30)
    time.sleep(0.2)
    timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    # One that ends it unwatched, one that ends it when it takes far too long.
    assert len([one for one in timers if one not in before]) <= 2


def test_third_waits_and_a_full_line_is_told() -> None:
    def sleep(_: Training) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.PIPE, text=True
        )

    bench = Bench(sleep, at_once=2)
    trainings = [bench.join(LabSettings(seed=seed)) for seed in range(2 + WAITING)]
    assert [training.state for training in trainings[:3]] == ["running", "running", "waiting"]
    assert bench.ahead(trainings[3]) == 1
    with pytest.raises(ExplainerError, match="The lab is full: 16 trainings are waiting"):
        bench.join(LabSettings(seed=99))
    bench.leave(trainings[0], grace=0)
    deadline = time.monotonic() + 20
    while trainings[2].state != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    bench.close()
    for training in trainings:
        if training.process is not None:
            training.process.wait(10)


def test_worker_that_dies_is_told(bench: Bench) -> None:
    broken = Bench(
        lambda _: subprocess.Popen(
            [sys.executable, "-c", 'print(\'{"kind": "sta\')'], stdout=subprocess.PIPE, text=True
        )
    )
    assert wait_for(broken.join(SHORT)).state == "failed"


TELL = """
from core.errors import ExplainerError
from core.labs.process import serve

def train(settings, saved):
    yield {"kind": "start"}
    raise ExplainerError("The weights are damaged.", "Put them back.")

serve(train)
"""


def test_worker_says_why_it_cannot_go_on() -> None:
    def start(_: Training) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write('{"settings": {}, "saved": null}')
        process.stdin.close()
        return process

    training = wait_for(Bench(start).join(SHORT))
    assert training.state == "failed"
    assert str(training.error) == "The weights are damaged. Put them back."
    assert training.events == [{"kind": "start"}]


def test_worker_has_one_thread_and_ends_with_its_reader() -> None:
    process = start_worker(Training(LONG))
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["kind"] == "start"
    threads = Path(f"/proc/{process.pid}/status")
    if threads.exists():
        count = int(threads.read_text().split("Threads:")[1].split()[0])
        assert count <= 4  # Python's own and the library's sleeping helpers
    process.stdout.close()
    process.wait(60)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (LabSettings(kl_weight=float("nan")), "weight of the KL term is nan"),
        (LabSettings(kl_weight=-1), "weight of the KL term is -1"),
        (LabSettings(seed=-1), "seed is -1"),
        (LabSettings(steps=0), "number of steps is 0"),
        (LabSettings(steps=10**9), "number of steps"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    bench: Bench, settings: LabSettings, says: str
) -> None:
    with pytest.raises(ExplainerError, match=says):
        bench.join(settings)


@pytest.mark.parametrize("name", ["core.labs.bench", "core.labs.autoencoder_settings"])
def test_bench_imports_no_torch(name: str) -> None:
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60)
    assert ran.returncode == 0


def test_plain_one_has_no_say_over_its_plane() -> None:
    """The two differ in nothing but the cloud: half the encoder's last layer."""
    plain, variational = PlainAutoencoder(), VariationalAutoencoder()
    assert plain.encoder.out.out_features == 2
    assert variational.encoder.out.out_features == 4
    shapes = [p.shape for p in plain.decoder.parameters()]
    assert shapes == [p.shape for p in variational.decoder.parameters()]
