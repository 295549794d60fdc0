"""Rescaled runs: the library's own line inside the loop, one picture after the other."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from torch import Tensor

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.request import Request
from core.engine.works.rescaled import MOST_PICTURES, RescaledWork
from core.errors import ExplainerError
from core.models.loading import Checkpoint
from tests.unit.engine.conftest import Network, tick_until_quiet

Make = Callable[..., Engine]
CAT = Request(prompt="a red cat", seed=1, steps=3, guidance=6.0)


def pictures(make_worker: Make, look: RescaledWork) -> tuple[np.ndarray, ...]:
    worker = make_worker()
    ticket = worker.submit(look)
    tick_until_quiet(worker)
    return ticket.result()


def test_run_equals_one_with_the_librarys_rescale_in_its_loop(
    make_worker: Make, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

    from core.engine import denoise
    from core.ideas.guidance import guide

    [ours] = pictures(make_worker, RescaledWork(CAT.model, (CAT,), 0.7))
    plain = run_alone(tiny_checkpoint, CAT)

    def theirs_too(uncond: Tensor, cond: Tensor, w: float) -> Tensor:
        return rescale_noise_cfg(guide(uncond, cond, w), cond, 0.7)

    monkeypatch.setattr(denoise, "guide", theirs_too)
    theirs = run_alone(tiny_checkpoint, CAT)
    assert np.abs(ours.astype(int) - theirs.picture).max() <= 1
    assert np.abs(ours.astype(int) - plain.picture).max() > 1


def test_pictures_share_calls_and_are_told_as_they_come(
    make_worker: Make, network: Network
) -> None:
    requests = (replace(CAT, scheduler="heun", steps=2), replace(CAT, steps=2))
    worker = make_worker()
    ticket = worker.submit(RescaledWork(CAT.model, requests, 0.7))
    told = []
    while worker.busy:
        worker.tick()
        told.append([picture is not None for picture in ticket.partial() or ()])
        assert ticket.status().step <= ticket.status().steps
    assert [False, True] in told
    assert told[-1] == [True, True]
    assert network.calls == [4, 4, 2]


def test_without_guidance_or_rescale_nothing_changes(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    bare = replace(CAT, guidance=1.0)
    [found] = pictures(make_worker, RescaledWork(CAT.model, (bare,), 0.7))
    assert np.abs(found.astype(int) - run_alone(tiny_checkpoint, bare).picture).max() <= 1
    [found] = pictures(make_worker, RescaledWork(CAT.model, (CAT,), 0.0))
    assert np.abs(found.astype(int) - run_alone(tiny_checkpoint, CAT).picture).max() <= 1


@pytest.mark.parametrize(
    "look",
    [
        RescaledWork(CAT.model, (), 0.7),
        RescaledWork(CAT.model, (CAT,) * (MOST_PICTURES + 1), 0.7),
        RescaledWork(CAT.model, (CAT,), 1.5),
        RescaledWork(CAT.model, (CAT,), float("nan")),
        RescaledWork("faces32", (CAT,), 0.5),
        RescaledWork(CAT.model, (replace(CAT, steps=0),), 0.5),
    ],
)
def test_wrong_field_is_refused_in_a_sentence(look: RescaledWork) -> None:
    with pytest.raises(ExplainerError):
        look.validated()
