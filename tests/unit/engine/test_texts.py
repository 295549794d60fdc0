"""Texts through the engine, and pictures whose text is read in another way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.request import Request, from_json, problems, to_json
from core.engine.work import Course, Progress, Work
from core.engine.works.texts import TextWork
from core.errors import ExplainerError
from core.models.text import encode_text

Make = Callable[..., Engine]
CAT = Request(model="emoji128", prompt="a red cat", steps=2, guidance=3.0)


def work_off(worker: Engine) -> None:
    for _ in range(200):
        if not worker.busy:
            return
        worker.tick()
    raise AssertionError("still busy after 200 ticks")


def test_reading_is_what_the_encoder_says(make_worker: Make, tiny_checkpoint: Any) -> None:
    worker = make_worker()
    ticket = worker.submit(TextWork(prompts=("a cat", "two dogs"), inside=True))
    work_off(worker)
    found = ticket.result()
    for at, prompt in enumerate(found.prompts):
        expected = encode_text(tiny_checkpoint, prompt)[0]
        np.testing.assert_allclose(found.last[at], expected, rtol=0, atol=1e-5)
    assert found.attentions is not None
    assert found.attentions.shape == (2, 3, 4, 77, 77)
    counted = worker.counters()
    assert (counted.accepted, counted.answered, counted.computed) == (1, 1, 1)


def test_reading_ends_while_a_picture_runs(make_worker: Make) -> None:
    worker = make_worker()
    picture = worker.submit(replace(CAT, steps=20), "a")
    worker.tick()
    text = worker.submit(TextWork(prompts=("a cat",)), "b")
    worker.tick()
    assert text.status().state == "done"
    assert picture.status().state == "running"
    work_off(worker)
    assert picture.status().state == "done"


def test_equal_readings_are_computed_once(make_worker: Make) -> None:
    worker = make_worker()
    tickets = [worker.submit(TextWork(prompts=("a cat",)), str(who)) for who in range(5)]
    work_off(worker)
    assert len({id(ticket.result()) for ticket in tickets}) == 1
    assert (worker.counters().computed, worker.counters().joined) == (1, 4)


def test_cancelled_reading_ends_and_leaves_the_line(make_worker: Make) -> None:
    worker = make_worker()
    ticket = worker.submit(TextWork(prompts=("a cat",)))
    ticket.cancel()
    assert ticket.status().state == "cancelled"
    assert not worker.busy


def test_reading_that_fails_ends_with_a_sentence(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.engine.loaded import LoadedModel

    def broken(*_: object) -> None:
        raise RuntimeError("broken weights")

    monkeypatch.setattr(LoadedModel, "text_reader", property(broken))
    worker = make_worker()
    text = worker.submit(TextWork(prompts=("a cat",)))
    picture = worker.submit(CAT, "other")
    work_off(worker)
    assert text.status().state == "failed"
    assert picture.status().state == "done"
    with pytest.raises(ExplainerError, match="broken weights"):
        text.result()


@pytest.mark.parametrize(
    "bad",
    [{"prompts": ()}, {"prompts": ("x",) * 65}, {"prompts": ["a"]}, {"prompts": (3,)},
     {"model": "../x"}, {"inside": "yes"}, {"padding_mask": 1}],
    ids=str,
)  # fmt: skip
def test_bad_text_request_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ExplainerError):
        replace(TextWork(), **bad).validated()


@pytest.mark.parametrize(
    ("field", "bad"),
    [("clip_skip", -1), ("clip_skip", 99), ("clip_skip", True), ("padding_mask", 1),
     ("padding_mask", "on"), ("blend", 3), ("share", 1.5), ("share", float("nan")),
     ("words", 2.5), ("words", True), ("turn", -0.5), ("other_seed", -1), ("other_seed", 0.5)],
)  # fmt: skip
def test_bad_way_of_reading_is_refused(field: str, bad: object) -> None:
    assert list(problems(replace(CAT, **{field: bad}))) == [field]


def test_way_of_reading_survives_json() -> None:
    wanted = replace(CAT, clip_skip=1, padding_mask=True, blend="a dog", share=0.25)
    assert from_json(to_json(wanted)) == wanted


def test_share_goes_from_the_prompt_to_the_second(tiny_checkpoint: Any) -> None:
    pictures = {
        name: run_alone(tiny_checkpoint, request).latents.numpy()
        for name, request in {
            "cat": CAT,
            "dog": replace(CAT, prompt="a blue dog"),
            "start": replace(CAT, blend="a blue dog", share=0.0),
            "half": replace(CAT, blend="a blue dog", share=0.5),
            "end": replace(CAT, blend="a blue dog", share=1.0),
        }.items()
    }
    np.testing.assert_array_equal(pictures["start"], pictures["cat"])
    np.testing.assert_allclose(pictures["end"], pictures["dog"], atol=1e-4)
    for other in ("cat", "dog"):
        assert np.abs(pictures["half"] - pictures[other]).max() > 1e-3


@pytest.mark.parametrize("change", [{"padding_mask": True}, {"clip_skip": 1}], ids=str)
def test_reading_in_another_way_changes_the_picture(
    change: dict[str, Any], tiny_checkpoint: Any, make_worker: Make
) -> None:
    worker = make_worker()
    plain = worker.submit(CAT, replace=False)
    other = worker.submit(replace(CAT, **change), replace=False)
    work_off(worker)
    alone = run_alone(tiny_checkpoint, replace(CAT, **change))
    np.testing.assert_allclose(other.result().latents, alone.latents, atol=1e-4)
    assert np.abs((other.result().latents - plain.result().latents).numpy()).max() > 1e-4


def test_skipping_more_layers_than_there_are_is_told(make_worker: Make) -> None:
    worker = make_worker()
    ticket = worker.submit(replace(CAT, clip_skip=9))
    work_off(worker)
    with pytest.raises(ExplainerError, match="has 3 layers"):
        ticket.result()


@dataclass(frozen=True, slots=True)
class Slow(Work[str]):
    """A look in three pieces that takes note of where it was left."""

    notes: ClassVar[list[str]] = []  # also of copies, which a pool's replicas work on
    model: str = "emoji128"

    def validated(self) -> Self:
        return self

    def course(self, loaded: Any) -> Course[str]:
        try:
            for done in range(3):
                yield Progress(done, 3)
                self.notes.append(f"piece {done}")
        finally:
            self.notes.append("put back")
        return "read"


def test_look_in_pieces_lets_pictures_go_on(make_worker: Make) -> None:
    worker = make_worker()
    look, picture = worker.submit(Slow(), "a"), worker.submit(CAT, "b")
    worker.tick()
    assert (look.status().step, look.status().steps, picture.status().step) == (1, 3, 1)
    work_off(worker)
    assert look.result() == "read"
    assert picture.status().state == "done"


def test_look_that_is_given_up_puts_back_what_it_changed(make_worker: Make) -> None:
    worker = make_worker()
    Slow.notes.clear()
    ticket = worker.submit(Slow())
    worker.tick()
    ticket.cancel()
    work_off(worker)
    assert Slow.notes == ["piece 0", "put back"]
