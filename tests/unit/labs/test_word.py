"""The lab of a new word learns one picture in a copy of its own, and touches nothing else."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.labs.autoencoder_settings import LabSettings
from core.labs.bench import WAITING, Bench, Training
from core.labs.process import unpack
from core.labs.word import GUIDANCE, LEARNS, Model, train
from core.labs.word_settings import BACKGROUNDS, LONGEST_WORD, SIDE, WALK, WordSettings
from core.labs.word_worker import events
from core.models.catalog import builtin_folder
from core.models.gallery import GalleryPicture, gallery, open_picture
from core.models.latents import encode_picture, picture_tensor
from core.models.loading import Checkpoint
from core.models.text import encode_text
from core.training import scenes


def settings_of(name: str = "octopus", **how: Any) -> WordSettings:
    picture = open_picture(name).convert("RGB").resize((SIDE, SIDE))
    pixels = base64.b64encode(picture.tobytes()).decode("ascii")
    return WordSettings("blorb", pixels, "a red apple", **how).validated()


@pytest.mark.parametrize("picture", gallery(), ids=lambda picture: picture.name)
def test_background_that_is_asked_for_is_not_the_pictures(picture: GalleryPicture) -> None:
    settings = settings_of(picture.name)
    asked = settings.prompts[1].split(" on a ")[1].removesuffix(" background")
    rows = np.frombuffer(settings.pixels, np.uint8).reshape(SIDE, SIDE, 3)
    own = np.median(rows[0], axis=0)  # along its upper edge
    near = min(scenes.BACKGROUNDS, key=lambda name: np.abs(own - scenes.BACKGROUNDS[name]).sum())
    assert asked != near
    assert BACKGROUNDS[asked] == scenes.BACKGROUNDS[asked]  # the model has learned this colour


SHORT = settings_of(steps=2, walk=2)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as the worker has: the same sums in the same order
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole() -> list[dict[str, Any]]:
    """All that an uninterrupted training tells."""
    return list(events(SHORT))


def wait_for(training: Training, count: int = 10**9, most: float = 200) -> Training:
    deadline = time.monotonic() + most
    while len(training.events) < count and not training.ended:
        assert time.monotonic() < deadline
        training.wait(len(training.events), 1.0)
    return training


def timeless(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [event for event in json.loads(json.dumps(told)) if event["kind"] != "saved"]
    return [{name: value for name, value in e.items() if name != "seconds"} for e in kept]


def test_before_training_it_is_the_model_that_ships(checkpoint: Checkpoint) -> None:
    model = Model(builtin_folder())
    torch.testing.assert_close(
        model.read("a red apple"), encode_text(checkpoint, "a red apple"), atol=1e-4, rtol=1e-4
    )
    tensor = picture_tensor(SHORT.pixels, SIDE, SIDE)
    torch.testing.assert_close(
        model.encode(SHORT.pixels), encode_picture(checkpoint, tensor), atol=1e-4, rtol=1e-4
    )
    request = Request(prompt="a red apple", seed=3, steps=WALK, guidance=GUIDANCE, scheduler="ddim")
    expected = run_alone(checkpoint, request).picture
    drawn = model.draw("a red apple", 3, WALK)
    assert np.abs(drawn.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_weights_with_a_flipped_byte_are_not_trained_on(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(builtin_folder(), folder, copy_function=os.symlink)
    (file,) = (folder / part).glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.unlink()  # a link to the one that ships
    file.write_bytes(content)
    with pytest.raises(ExplainerError, match=f"{part}/{file.name} is damaged: its checksum"):
        Model(folder)


def test_only_the_way_the_text_is_read_learns_and_the_loss_falls() -> None:
    model = Model(builtin_folder())
    before = {name: value.clone() for name, value in model.unet.state_dict().items()}
    others = [*model.vae.parameters(), *model.encoder.parameters()]
    kept = [value.clone() for value in others]
    losses = [step.loss for step in train(settings_of(steps=16), model)]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    changed = {
        n for n, value in model.unet.state_dict().items() if not torch.equal(value, before[n])
    }
    assert changed == set(model.learned)
    assert all(any(part in name for part in LEARNS) for name in changed)
    assert 0 < sum(weight.numel() for weight in model.learned.values()) < 500_000
    assert all(torch.equal(now, then) for now, then in zip(others, kept, strict=True))


def test_shared_model_is_not_touched(checkpoint: Checkpoint, whole: list[dict[str, Any]]) -> None:
    parts = (checkpoint.unet, checkpoint.vae, checkpoint.text_encoder)
    before = [value.clone() for part in parts for value in part.state_dict().values()]
    request = Request(prompt="a red apple", steps=2)
    drawn = run_alone(checkpoint, request).picture
    losses = [[step.loss for step in train(SHORT, Model(builtin_folder()))] for _ in range(2)]
    assert losses[0] == losses[1]  # the second copy begins where the first began
    after = [value for part in parts for value in part.state_dict().values()]
    assert all(torch.equal(now, then) for now, then in zip(after, before, strict=True))
    np.testing.assert_array_equal(run_alone(checkpoint, request).picture, drawn)


def test_going_on_is_as_if_nothing_had_come_between(whole: list[dict[str, Any]]) -> None:
    at = next(place for place, event in enumerate(whole) if event["kind"] == "saved")
    rest = list(events(SHORT, unpack(whole[at]["state"])))
    assert timeless(whole[: at + 1] + rest) == timeless(whole)


def test_bench_hands_on_what_was_saved_and_keeps_nothing() -> None:
    asked: list[str | None] = []
    told = [{"kind": "start"}, {"kind": "step"}, {"kind": "saved", "state": "half"}]
    rest = ["import time; time.sleep(60)", 'print(\'{"kind": "done"}\')']

    def start(training: Training) -> subprocess.Popen[str]:
        asked.append(training.saved)
        lines = "".join(f"print({json.dumps(event)!r}, flush=True); " for event in told)
        code = [sys.executable, "-c", lines + rest[len(asked) - 1]]
        return subprocess.Popen(code, stdout=subprocess.PIPE, text=True)

    bench = Bench(start)
    training = bench.join(SHORT)
    deadline = time.monotonic() + 60
    while training.saved is None:
        assert time.monotonic() < deadline
        training.wait(len(training.events), 0.1)
    bench.leave(training, grace=0)
    wait_for(training)
    assert training.state == "stopped"
    with pytest.raises(ValueError, match="before is"):
        bench.join(replace(SHORT, seed=1), training)
    again = wait_for(bench.join(SHORT, training))
    assert again.state == "done"
    assert asked == [None, "half"]
    assert [event["kind"] for event in again.events] == ["start", "step"] * 2 + ["done"]
    assert bench.known(SHORT) is None
    bench.close()


@pytest.fixture
def slow_bench() -> Iterator[Bench]:
    """Trainings that tell of a start and then take long."""

    def start(_: Training) -> subprocess.Popen[str]:
        told = 'print(\'{"kind": "start"}\', flush=True); import time; time.sleep(60)'
        return subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE, text=True)

    made = Bench(start)
    yield made
    made.close()


def test_equal_wishes_of_two_visitors_are_two_trainings(slow_bench: Bench) -> None:
    mine, theirs = slow_bench.join(SHORT), slow_bench.join(replace(SHORT))
    assert mine is not theirs
    assert slow_bench.known(SHORT) is None
    wait_for(mine, 1)
    wait_for(theirs, 1)
    assert slow_bench.join(SHORT, mine) is mine  # a page that is drawn again
    slow_bench.end_own(mine)
    assert [mine.state, theirs.state] == ["stopped", "running"]
    again = slow_bench.join(SHORT, mine)
    assert again is not mine
    assert again is not theirs
    with pytest.raises(ValueError, match="expected private ones"):
        slow_bench.end_own(Training(LabSettings()))


def test_private_one_that_ends_in_the_line_is_not_kept(slow_bench: Bench) -> None:
    trainings = [slow_bench.join(SHORT) for _ in range(3)]
    assert [training.state for training in trainings] == ["running", "running", "waiting"]
    slow_bench.end_own(trainings[2])
    assert trainings[2].state == "stopped"
    assert slow_bench.known(SHORT) is None
    for _ in range(WAITING):
        slow_bench.join(SHORT)
    with pytest.raises(ExplainerError) as told:
        slow_bench.join(SHORT)
    assert f"{WAITING} trainings are waiting" in told.value.what
    assert "somebody else" not in told.value.fix  # what they teach is no business of others


def test_what_comes_after_the_end_is_not_told() -> None:
    """A process that is ended may have written more than was read."""
    training = Training(SHORT)
    training.tell({"kind": "step"}, "running")
    training.tell({"kind": "saved", "state": "first"})
    training.tell(state="stopped")
    training.tell({"kind": "step"})
    training.tell({"kind": "saved", "state": "second"}, "running")
    again = Training(SHORT, training)
    assert (training.state, again.saved, len(again.events)) == ("stopped", "first", 1)


def test_two_at_once_are_what_each_is_alone_also_when_one_is_stopped_between(
    whole: list[dict[str, Any]],
) -> None:
    bench = Bench()
    other = settings_of("lion", seed=3, steps=1, walk=2)
    mine, theirs = bench.join(SHORT), bench.join(other)
    deadline = time.monotonic() + 200
    while mine.saved is None:
        assert time.monotonic() < deadline
        mine.wait(len(mine.events), 0.02)
    bench.end_own(mine)
    again = wait_for(bench.join(SHORT, mine))
    wait_for(theirs)
    bench.close()
    assert [again.state, theirs.state] == ["done", "done"]
    assert timeless(again.events) == timeless(whole)
    assert timeless(theirs.events) == timeless(list(events(other)))


def test_picture_survives_the_way_to_the_worker() -> None:
    assert WordSettings(**json.loads(json.dumps(asdict(SHORT)))).validated() == SHORT
    assert len(SHORT.pixels) == SIDE * SIDE * 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"word": "  "}, "word has 0 letters"),
        ({"word": "x" * (LONGEST_WORD + 1)}, f"word has {LONGEST_WORD + 1} letters"),
        ({"word": 3}, "word has 0 letters"),
        ({"picture": "AAAA"}, "picture has 3 numbers"),
        ({"picture": "no base64!"}, "picture has 0 numbers"),
        ({"other": "x" * 100_000}, "other prompt"),
        ({"seed": -1}, "seed is -1"),
        ({"steps": 0}, "number of steps is 0"),
        ({"walk": 0}, "number of sampling steps is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ExplainerError, match=says):
        replace(SHORT, **changes).validated()
