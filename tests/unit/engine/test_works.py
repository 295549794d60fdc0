"""Promises that hold for every kind of work, whatever it is done beside."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.loaded import LoadedModel
from core.engine.request import FilmRequest, Request
from core.engine.trace import Trace
from core.engine.work import Course, Work
from core.engine.works.attention import AttentionWork, EditedAttentionWork, Reweight, Swap
from core.engine.works.attribution import AttributionWork
from core.engine.works.call_input import CallInput
from core.engine.works.emphasis import EmphasisWork
from core.engine.works.futures import BranchWork, FromPictureWork
from core.engine.works.grid import GridWork
from core.engine.works.guided import GuidedWork
from core.engine.works.inpainting import InpaintWork
from core.engine.works.judged import JudgeWork
from core.engine.works.latents import DecodeWork, PictureWork, ScaleWork
from core.engine.works.live import LiveWork
from core.engine.works.lora_change import LoraChangeWork
from core.engine.works.noising import NoiseWork
from core.engine.works.own_sigmas import OwnSigmasWork
from core.engine.works.rescaled import RescaledWork
from core.engine.works.schedulers import CountWork, FlowWork, FreshNoiseWork, ProofWork
from core.engine.works.texts import TextWork
from core.engine.works.times import TimeWork
from core.engine.works.unet_attention import SelfAttentionWork
from core.engine.works.unet_blocks import BlocksWork
from core.engine.works.unet_off import OffAtCallWork, OffRunWork, Switch
from core.engine.works.variance import VarianceWork
from core.errors import ExplainerError
from core.labs.activations import ActivationLab
from core.models.loading import Checkpoint
from core.models.loras import LORAS, Chosen
from tests.unit.engine.conftest import Network, tick_until_quiet

Make = Callable[..., Engine]
CAT = Request(prompt="a red cat", seed=1, steps=6, guidance=4.0, height=64, width=64)
DOG = replace(CAT, prompt="a dog", seed=2)
PIXELS = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8).tobytes()
LEVELS = (14.0, 7.0, 4.0, 2.0, 1.0, 0.5, 0.0)


@pytest.fixture(scope="module")
def trace(tiny_checkpoint: Checkpoint) -> Trace:
    return run_alone(tiny_checkpoint, replace(CAT, steps=3))


@pytest.fixture(scope="module", autouse=True)
def _short_proof() -> Iterator[None]:
    """A proof with few steps: with how many, test_scheduler_works.py holds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.engine.works.schedulers.PROOF_STEPS", (5, 10))
        yield


@pytest.fixture(scope="module", autouse=True)
def _offered(lora_folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LORAS, str(lora_folder))
        yield


def works_of(trace: Trace) -> dict[str, Work[Any]]:
    """One of every kind, by name."""
    step, request, model = trace.steps[1], trace.request, trace.request.model
    shape = tuple(step.xt.shape)
    xt = step.xt.numpy().tobytes()
    given = CallInput(request, step.t, step.alpha_bar, shape, xt)  # type: ignore[arg-type]  # three
    eps = torch.stack([s.eps for s in trace.steps[:2]]).numpy().tobytes()
    x0 = torch.stack([s.x0 for s in trace.steps[:2]]).numpy().tobytes()
    other = replace(request, prompt="a dog")
    found: tuple[Work[Any], ...] = (
        request,
        FilmRequest(request),
        AttentionWork(model, request),
        EditedAttentionWork(model, request, Reweight((2,), 3.0)),
        EditedAttentionWork(model, request, Swap("a red dog", 0.5)),
        AttributionWork(model, request, 1),
        BranchWork(model, other, request, 1, step.alpha_bar, shape, eps, x0),  # type: ignore[arg-type]  # as above
        FromPictureWork(model, request, PIXELS, 64, 64, 0.7),
        InpaintWork(model, other, xt, shape, bytes([0, 1]) * (step.xt[0].numel() // 2)),  # type: ignore[arg-type]  # as above
        JudgeWork(model, request),
        GridWork(model, (request, other)),
        OwnSigmasWork(model, request, (9.0, 3.0, 0.5), "heun"),
        RescaledWork(model, (request, other), 0.7),
        GuidedWork(model, request, 1, 2, 0.5),
        EmphasisWork(model, request, (2,), 1.3, "away"),
        PictureWork(model, PIXELS, 64, 64),
        DecodeWork(model, xt, (1, *shape)),  # type: ignore[arg-type]  # as above
        ScaleWork(model, (PIXELS,), 64, 64),
        NoiseWork(model, PIXELS, 64, 64, (0.9, 0.1)),
        CountWork(model, 3),
        ProofWork(model),
        FlowWork(model, 3),
        FreshNoiseWork(model, request, 1),
        TextWork(model, ("a cat",)),
        TimeWork(model),
        SelfAttentionWork(model, given, 1, 2),
        BlocksWork(model, given),
        OffAtCallWork(model, given, Switch("time")),
        OffRunWork(model, request, Switch("attention")),
        VarianceWork(model, 4),
        LiveWork(model, request),
        ActivationLab(model),
        LoraChangeWork(model, Chosen("both", 1.0)).validated(),
    )
    return {f"{number} {type(work).__name__}": work for number, work in enumerate(found)}


NAMES = (
    "Request FilmRequest AttentionWork EditedAttentionWork EditedAttentionWork AttributionWork "
    "BranchWork FromPictureWork InpaintWork JudgeWork GridWork OwnSigmasWork RescaledWork "
    "GuidedWork EmphasisWork PictureWork DecodeWork ScaleWork NoiseWork CountWork ProofWork "
    "FlowWork FreshNoiseWork TextWork TimeWork SelfAttentionWork BlocksWork OffAtCallWork "
    "OffRunWork VarianceWork LiveWork ActivationLab LoraChangeWork"
)
KINDS = [f"{number} {name}" for number, name in enumerate(NAMES.split())]


def test_every_kind_of_work_is_here(trace: Trace) -> None:
    def below(kind: type) -> set[str]:
        return {kind.__name__} | {name for one in kind.__subclasses__() for name in below(one)}

    here = {type(work).__name__ for work in works_of(trace).values()}
    # The last is wanted by RescaledWork.
    abstract = {"Work", "RunWork", "_FutureWork", "RescaledRun"}
    abstract |= {"Errand", "_Warmth"}  # a pool's own, about any of the others
    abstract |= {"MachineCheckWork"}  # needs a model's folder beside a network
    ours = {name for name in below(Work) if name not in {"Piece", "Reel", "Sum", "Slow", "Asked"}}
    assert here == ours - abstract
    assert list(works_of(trace)) == KINDS


WHOLE_RUNS: dict[str, Callable[[Trace], Work[Any]]] = {
    "branch": lambda trace: next(
        work for work in works_of(trace).values() if isinstance(work, BranchWork)
    ),
    "from a picture": lambda _: FromPictureWork(DOG.model, DOG, PIXELS, 64, 64, 1.0),
    "inpainted": lambda trace: next(
        work for work in works_of(trace).values() if isinstance(work, InpaintWork)
    ),
    "rescaled": lambda _: RescaledWork(DOG.model, (DOG, replace(DOG, seed=3)), 0.7),
    "guided now and then": lambda _: GuidedWork(DOG.model, DOG, 2, 2, 0.5),
    "own levels": lambda _: OwnSigmasWork(DOG.model, DOG, LEVELS),
    "grid": lambda _: GridWork(DOG.model, tuple(replace(DOG, seed=n) for n in (4, 5, 6))),
}


@pytest.mark.parametrize("name", WHOLE_RUNS)
def test_a_picture_beside_a_whole_run_costs_no_call_more(
    name: str, make_worker: Make, network: Network, trace: Trace
) -> None:
    look = WHOLE_RUNS[name](trace)
    alone = []
    for work in (CAT, look):
        worker = make_worker()
        worker.submit(work).status()
        network.calls.clear()
        tick_until_quiet(worker)
        alone.append(len(network.calls))
    network.calls.clear()
    worker = make_worker()
    tickets = [worker.submit(CAT, "ann"), worker.submit(look, "bob")]
    tick_until_quiet(worker)
    assert [ticket.status().state for ticket in tickets] == ["done", "done"]
    assert len(network.calls) == max(alone)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_work_from_thirty_sessions_in_turn_is_done_once(
    kind: str, make_worker: Make, trace: Trace
) -> None:
    work, worker = works_of(trace)[kind], make_worker()
    results = []
    for number in range(30):
        ticket = worker.submit(replace(work), f"pupil {number}")
        tick_until_quiet(worker)
        results.append(ticket.result())
    if work.kept:
        assert len({id(result) for result in results}) == 1
        assert worker.find(replace(work)) is results[0]
    # Runs and films of other works.
    wanted = {"FilmRequest": 1, "AttributionWork": 1, "RescaledWork": 2, "JudgeWork": 2}
    swap = isinstance(work, EditedAttentionWork) and isinstance(work.edit, Swap)
    more = 1 if swap else wanted.get(type(work).__name__, 0)
    computed = worker.counters().computed
    assert computed == (1 + more if work.kept else 30 + 2)  # a grid is put together of its runs


@pytest.mark.parametrize("kind", KINDS)
def test_work_alone_gives_what_the_worker_gives(
    kind: str, make_worker: Make, trace: Trace, tiny_checkpoint: Checkpoint
) -> None:
    work, worker = works_of(trace)[kind], make_worker()
    ticket = worker.submit(work)
    tick_until_quiet(worker)
    assert picture_in(ticket.result()) == picture_in(run_alone(tiny_checkpoint, work))


def picture_in(result: Any) -> Any:
    """Something of a result that can be compared: its pictures, or its kind."""
    for name in ("picture", "back", "pictures", "xt", "drawn"):
        if hasattr(result, name):
            result = getattr(result, name)
    if isinstance(result, np.ndarray) and result.dtype == np.uint8:
        return result.shape, round(float(result.mean()))
    return type(result).__name__


WEIGHTLESS = (CountWork, FlowWork, ProofWork, FreshNoiseWork, VarianceWork, ActivationLab)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_reads_the_weights_has_them_loaded(
    kind: str, make_worker: Make, trace: Trace, tiny_checkpoint: Checkpoint
) -> None:
    loaded: list[str] = []

    def load(model: str) -> LoadedModel:
        loaded.append(model)
        return LoadedModel(tiny_checkpoint, 0)

    work, worker = works_of(trace)[kind], make_worker(load=load)
    ticket = worker.submit(work)
    tick_until_quiet(worker)
    assert ticket.status().state == "done"
    assert loaded == ([] if isinstance(work, WEIGHTLESS) else [work.model])


class Trouble:
    """Something that happens to one work at one of its yields."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at, self.yields = kind, at, 0
        self.ended = False

    def around(self, course: Course[Any]) -> Course[Any]:
        """Drive a course, until the trouble comes."""
        answer = None
        try:
            while True:
                try:
                    asked = course.send(answer)
                except StopIteration as end:
                    return end.value
                self.yields += 1
                if self.yields > self.at and self.kind == "raise":
                    course.close()
                    raise RuntimeError("a fault of its own")
                if self.yields > self.at and self.kind == "memory":
                    course.close()
                    raise torch.OutOfMemoryError("CUDA out of memory")
                answer = yield asked
        finally:
            course.close()
            self.ended = True


def state_of(checkpoint: Checkpoint) -> tuple[Any, ...]:
    """What a work could leave changed behind it in the network that all share."""
    unet = checkpoint.unet
    return (
        {name: id(one) for name, one in unet.attn_processors.items()},
        [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in unet.modules()],
        [weight.requires_grad for weight in unet.parameters()],
        torch.is_grad_enabled(),
        unet.training,
    )


@pytest.mark.parametrize("trouble", ["raise", "memory", "cancel", "close"])
@pytest.mark.parametrize("kind", KINDS)
def test_trouble_at_any_yield_leaves_the_others_as_they_were(
    kind: str,
    trouble: str,
    make_worker: Make,
    trace: Trace,
    tiny_checkpoint: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beside a picture and a look of others, which end as if they had been alone."""
    work, dice = works_of(trace)[kind], random.Random(f"{kind} {trouble}")
    before = state_of(tiny_checkpoint)
    expected = run_alone(tiny_checkpoint, DOG).picture.astype(int)
    for at in sorted({0, dice.randrange(1, 4), dice.randrange(4, 9)}):
        inside = Trouble(trouble, at)
        course = type(work).course
        with monkeypatch.context() as patch:
            patch.setattr(
                type(work),
                "course",
                lambda self, loaded, plain=course, inside=inside: (
                    inside.around(plain(self, loaded)) if self == work else plain(self, loaded)
                ),
            )
            worker = make_worker()
            bad = worker.submit(work, "ann")
            good = worker.submit(DOG, "bob")
            text = worker.submit(TextWork(DOG.model, ("two dogs",)), "eve")
            while worker.busy:
                if trouble == "cancel" and inside.yields > at:
                    bad.cancel()
                if trouble == "close" and inside.yields > at:
                    break
                worker.tick()
            if trouble == "close":
                worker.close()
                tickets = (bad, good, text)
                assert all(ticket.ended.is_set() for ticket in tickets)
            else:
                assert np.abs(good.result().picture.astype(int) - expected).max() <= 1
                assert text.result() is not None
            state = bad.status().state
            worker.close()  # what was set aside as well
            if inside.yields > at:
                ends = {"raise": "failed", "memory": "failed", "cancel": "cancelled"}
                assert state in (ends.get(trouble, "cancelled"), "done")
            assert inside.ended
            assert state_of(tiny_checkpoint) == before
            counted = worker.counters()
            assert counted.accepted == counted.answered + counted.cancelled + counted.failed


def test_a_watched_question_that_does_not_fit_is_asked_row_by_row(
    make_worker: Make, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.engine import capture

    look = AttentionWork(CAT.model, CAT)
    expected = run_alone(tiny_checkpoint, look)
    real, widths = capture.ask_unet, []

    def ask_unet(checkpoint: Checkpoint, rows: Any) -> torch.Tensor:
        widths.append(len(rows))
        if len(rows) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(checkpoint, rows)

    monkeypatch.setattr(capture, "ask_unet", ask_unet)
    worker = make_worker()
    ticket = worker.submit(look)
    tick_until_quiet(worker)
    found = ticket.result()
    assert set(widths) == {1, 2}
    assert np.abs(found.picture.astype(int) - expected.picture).max() <= 1
    for mine, own in zip(found.layers, expected.layers, strict=True):
        np.testing.assert_allclose(mine.maps, own.maps, atol=2e-3)


def test_an_equal_look_wrong_in_a_field_is_not_found(make_worker: Make) -> None:
    assert make_worker().find(replace(CAT, steps=-1)) is None
    with pytest.raises(ExplainerError):
        make_worker().submit(replace(CAT, steps=-1))
