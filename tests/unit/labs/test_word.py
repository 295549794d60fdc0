"""The lab of a new word learns one picture in a copy of its own, and touches nothing else."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from safetensors.torch import load_file

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.labs.autoencoder_settings import LabSettings
from core.labs.bench import WAITING, Bench, Training
from core.labs.process import unpack
from core.labs.word import WordStep, train
from core.labs.word_measures import Drawn, compare
from core.labs.word_model import GUIDANCE, Model
from core.labs.word_settings import (
    BACKGROUNDS,
    LONGEST_WORD,
    RANK,
    SIDE,
    WALK,
    Way,
    WordSettings,
)
from core.labs.word_ways import ATTENTION, READS_TEXT, Learning, open_way
from core.labs.word_worker import events
from core.models.catalog import builtin_folder
from core.models.embedding_files import read_embedding
from core.models.gallery import GalleryPicture, gallery, open_picture
from core.models.latents import encode_picture, picture_tensor
from core.models.loading import Checkpoint
from core.models.lora_files import read_lora
from core.models.lora_fitted import read_pairs
from core.models.text import encode_text
from core.nets.lora import adapted
from core.training import scenes


def settings_of(name: str = "octopus", word: str = "blorb", **how: Any) -> WordSettings:
    picture = open_picture(name).convert("RGB").resize((SIDE, SIDE))
    pixels = base64.b64encode(picture.tobytes()).decode("ascii")
    return WordSettings(word, pixels, "a red apple", **how).validated()


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
WAYS: tuple[Way, ...] = ("token", "lora", "weights")


def taught(settings: WordSettings) -> tuple[Model, Learning, list[WordStep]]:
    """A copy that was trained, what learned of it, and its steps."""
    model = Model(builtin_folder())
    learning = open_way(model, settings)
    return model, learning, list(train(settings, model, learning))


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
    aside = ("saved", "measuring")  # what is kept to go on from, and signs of life
    kept = [event for event in json.loads(json.dumps(told)) if event["kind"] not in aside]
    return [{name: value for name, value in e.items() if name != "seconds"} for e in kept]


def test_before_training_it_is_the_model_that_ships(checkpoint: Checkpoint) -> None:
    model = Model(builtin_folder())
    torch.testing.assert_close(
        model.states("a red apple"), encode_text(checkpoint, "a red apple"), atol=1e-4, rtol=1e-4
    )
    tensor = picture_tensor(SHORT.pixels, SIDE, SIDE)
    torch.testing.assert_close(
        model.encode(SHORT.pixels), encode_picture(checkpoint, tensor), atol=1e-4, rtol=1e-4
    )
    request = Request(prompt="a red apple", seed=3, steps=WALK, guidance=GUIDANCE, scheduler="ddim")
    expected = run_alone(checkpoint, request).picture
    _, drawn = model.draw([("a car", 5), ("a red apple", 3)], WALK)
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


@pytest.mark.parametrize("way", WAYS)
def test_only_what_was_chosen_learns_and_the_loss_falls(way: Way) -> None:
    model = Model(builtin_folder())
    parts = {"unet": model.unet, "encoder": model.encoder, "vae": model.vae}
    before = {n: {k: v.clone() for k, v in p.state_dict().items()} for n, p in parts.items()}
    settings = settings_of(steps=16, way=way)
    learning = open_way(model, settings)
    begun = {name: one.detach().clone() for name, one in learning.named.items()}
    losses = [step.loss for step in train(settings, model, learning)]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    assert not any(torch.equal(begun[name], one) for name, one in learning.named.items())
    changed = {
        f"{part}.{name}"
        for part, network in parts.items()
        for name, value in network.state_dict().items()
        if name not in before[part] or not torch.equal(value, before[part][name])
    }
    width = model.encoder.final_layer_norm.normalized_shape[0]
    layers = [
        one for name, one in model.unet.named_parameters()
        if name.removesuffix(".weight").endswith(ATTENTION)
    ]  # fmt: skip
    if way == "token":
        grown: Any = model.encoder.embeddings.token_embedding  # Any: another class by now
        old = before["encoder"]["embeddings.token_embedding.weight"]
        assert torch.equal(grown.table.weight, old)
        place = "encoder.embeddings.token_embedding"
        assert changed == {f"{place}.rows", f"{place}.table.weight"}
        assert learning.numbers == width
    elif way == "lora":
        assert not changed
        assert learning.numbers == RANK * sum(sum(layer.shape) for layer in layers)
        assert len(layers) == 4 * sum(name.endswith(("attn1", "attn2")) for name, _ in
                                      model.unet.named_modules())  # fmt: skip
    else:
        assert changed == {f"unet.{name}" for name in learning.named}
        assert all(any(part in name for part in READS_TEXT) for name in changed)
        assert 0 < learning.numbers < 500_000


def test_token_costs_other_prompts_nothing_and_the_others_do() -> None:
    moved = {}
    for way in WAYS:
        *_, done = events(settings_of(steps=2, walk=2, way=way))
        moved[way] = done["measured"]["moved"]
        assert done["measured"]["scale"] > 10
    assert moved["token"] == 0.0  # to the last bit
    assert min(moved["lora"], moved["weights"]) > 0


def test_distances_are_means_of_what_was_drawn() -> None:
    own = np.frombuffer(SHORT.pixels, np.uint8).reshape(SIDE, SIDE, 3)
    dark = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    before = Drawn(dark, np.stack([dark[0], dark[0] + 30]))
    after = Drawn(np.stack([own, own]), np.stack([dark[0] + 4, dark[0] + 30]))
    found = compare(before, after, SHORT)
    assert found["before"] == pytest.approx(own.mean())
    assert found["after"] == 0
    assert found["moved"] == 2  # one of two by 4
    assert found["scale"] == 30


@pytest.fixture
def pipeline() -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(
        builtin_folder(), local_files_only=True, dtype=torch.float32
    )


def library_states(pipeline: StableDiffusionPipeline, prompt: str) -> torch.Tensor:
    states, _ = pipeline.encode_prompt(prompt, torch.device("cpu"), 1, False)
    return states


@pytest.mark.parametrize("count", [1, 3])
def test_library_reads_our_token_and_has_the_same_states(
    tmp_path: Path, pipeline: StableDiffusionPipeline, count: int
) -> None:
    settings = settings_of(steps=2, way="token", word=f"Blo{count}b")
    if count > 1:  # of a file
        rows = torch.randn(count, 192, generator=torch.Generator().manual_seed(0))
        vectors = base64.b64encode(rows.numpy().tobytes()).decode("ascii")
        settings = replace(settings, word="<zog>", vectors=vectors, steps=0).validated()
    model, learning, _ = taught(settings)
    file = tmp_path / "learned_embeds.safetensors"
    file.write_bytes(learning.file())
    pipeline.load_textual_inversion(str(tmp_path))
    for prompt in (settings.prompt, f"{settings.prompt} and {settings.token}s on a red background"):
        asked = pipeline.maybe_convert_prompt(prompt, pipeline.tokenizer)
        ids = pipeline.tokenizer(asked).input_ids
        assert sum(one >= 49408 for one in ids) == prompt.count(settings.token) * count
        assert list(model.ids(prompt)[: len(ids)]) == ids
        torch.testing.assert_close(
            model.states(prompt), library_states(pipeline, prompt), atol=1e-5, rtol=0
        )
    # And the way back: what the library is given is what we read of the file.
    found = read_embedding(file.read_bytes(), file.name, 192, LONGEST_WORD)
    assert (found.token, found.vectors.shape) == (settings.token, (count, 192))
    np.testing.assert_array_equal(found.vectors, learning.named["rows"].detach().numpy())


@pytest.mark.parametrize("form", ["diffusers", "kohya"])
def test_word_of_others_is_drawn_with_their_states(
    pipeline: StableDiffusionPipeline, form: str
) -> None:
    row = torch.randn(1, 192, generator=torch.Generator().manual_seed(1)).half()
    token = f"<their-{form}>"
    key = token if form == "diffusers" else "emb_params"
    data = safetensors.torch.save({key: row})
    found = read_embedding(data, f"their-{form}.safetensors", 192, LONGEST_WORD)
    vectors = base64.b64encode(found.vectors.tobytes()).decode("ascii")
    settings = settings_of(steps=0, way="token", word=found.token, vectors=vectors)
    assert settings.prompt == f"a {token}"
    model, _, _ = taught(settings)
    pipeline.load_textual_inversion(safetensors.torch.load(data), token=token)
    torch.testing.assert_close(
        model.states(settings.prompt), library_states(pipeline, settings.prompt), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("way", ["lora", "weights"])
def test_library_and_our_loader_answer_with_our_file_as_the_copy_does(
    tmp_path: Path, checkpoint: Checkpoint, way: Way
) -> None:
    model, learning, _ = taught(settings_of(steps=2, way=way))
    file = tmp_path / "word.safetensors"
    file.write_bytes(learning.file())
    draw = torch.Generator().manual_seed(0)
    x, t = torch.randn(2, 4, 16, 16, generator=draw), torch.tensor([500.0, 20.0])
    states = model.states("a blorb").expand(2, -1, -1)
    theirs: Any = deepcopy(checkpoint.unet)  # Any: the library's classes hardly type themselves
    before = theirs(x, t, states).sample
    ours = model.predict(x, t, states)
    assert (ours - before).abs().max() > 0.01
    if way == "lora":
        pairs = read_pairs(checkpoint, read_lora(file)).unet
        with adapted(checkpoint.unet, [pairs], torch.ones(1, 1)):
            found = checkpoint.unet(x, t, states).sample
        torch.testing.assert_close(found, ours, atol=1e-4, rtol=1e-4)
        state = {name.removeprefix("unet."): one for name, one in load_file(file).items()}
        theirs.load_lora_adapter(state, prefix=None)
    else:
        pipe = SimpleNamespace(components={}, hf_device_map=None)  # whoever is asked of offloading
        theirs.load_attn_procs(tmp_path, weight_name=file.name, _pipeline=pipe)
    torch.testing.assert_close(theirs(x, t, states).sample, ours, atol=1e-4, rtol=1e-4)


def test_word_from_a_file_is_drawn_as_it_was_learned_and_not_trained() -> None:
    told = list(events(settings_of(steps=2, walk=2, way="token")))
    data = base64.b64decode(told[-1]["file"])
    found = read_embedding(data, "any.safetensors", 192, LONGEST_WORD)
    vectors = base64.b64encode(found.vectors.tobytes()).decode("ascii")
    given = settings_of(steps=0, walk=2, way="token", word=found.token, vectors=vectors)
    start, look, *_, done = events(given)
    assert start["prompts"] == told[0]["prompts"]
    assert look["pictures"] == [one for one in told if one["kind"] == "look"][-1]["pictures"]
    assert done["measured"]["before"] == done["measured"]["after"] == told[-1]["measured"]["after"]
    assert done["file"] == told[-1]["file"]


@pytest.mark.parametrize("word", ["<|endoftext|>", "endoftext|>|<"])
def test_token_that_is_known_cannot_be_taught(word: str) -> None:
    settings = settings_of(way="token", word=word)
    if settings.token == "<|endoftext|>":
        with pytest.raises(ExplainerError, match="a token that the model has already"):
            next(events(settings))
    else:
        open_way(Model(builtin_folder()), settings)


def test_vectors_of_another_width_are_refused() -> None:
    vectors = base64.b64encode(bytes(4 * 100)).decode("ascii")
    with pytest.raises(ExplainerError, match="not those of this model"):
        next(events(settings_of(way="token", vectors=vectors, steps=0)))


@pytest.mark.parametrize("way", ["token", "lora"])
def test_going_on_with_the_other_ways_is_as_if_nothing_had_come_between(way: Way) -> None:
    settings = settings_of(steps=2, walk=1, way=way)
    told = list(events(settings))
    at = next(place for place, event in enumerate(told) if event["kind"] == "saved")
    rest = list(events(settings, unpack(told[at]["state"])))
    assert timeless(told[: at + 1] + rest) == timeless(told)


def test_shared_model_is_not_touched(checkpoint: Checkpoint, whole: list[dict[str, Any]]) -> None:
    parts = (checkpoint.unet, checkpoint.vae, checkpoint.text_encoder)
    before = [value.clone() for part in parts for value in part.state_dict().values()]
    request = Request(prompt="a red apple", steps=2)
    drawn = run_alone(checkpoint, request).picture
    losses = [[step.loss for step in taught(SHORT)[2]] for _ in range(2)]
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


def test_picture_and_vectors_survive_the_way_to_the_worker() -> None:
    for settings in (SHORT, settings_of(way="token", vectors="AAAAAA==", steps=0)):
        assert WordSettings(**json.loads(json.dumps(asdict(settings)))).validated() == settings
        assert len(settings.pixels) == SIDE * SIDE * 3
    assert settings.given == bytes(4)


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
        ({"way": "magic"}, "no way 'magic'"),
        ({"vectors": "AAAAAA=="}, "no way 'weights'"),  # only a token has some
        ({"way": "token", "vectors": "AAA="}, "not those of this model"),
        ({"way": "token", "vectors": "no base64!"}, "not those of this model"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ExplainerError, match=says):
        replace(SHORT, **changes).validated()
