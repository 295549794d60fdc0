"""Looks at schedulers through the engine: counts, errors, fresh noise, own noise levels."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.request import Request
from core.engine.work import Work
from core.engine.works.own_sigmas import SAMPLERS, OwnSigmasWork, check_sigmas
from core.engine.works.schedulers import CountWork, FreshNoiseWork, ProofWork
from core.errors import ExplainerError
from core.models.schedulers.plans import plan_run
from core.models.schedulers.table import SCHEDULERS

CAT = Request(prompt="a red cat", negative="blurry", seed=3, steps=6, guidance=4.0)
Make = Callable[..., Engine]
pytestmark = pytest.mark.filterwarnings("ignore:Should have t:UserWarning")


def answer(worker: Engine, look: Work[Any]) -> Any:  # Any: each look has its own answer
    ticket = worker.submit(look, "a")
    while not ticket.wait(0):
        worker.tick()
    return ticket.result()


def test_counts_are_the_plans(make_worker: Make, tiny_checkpoint: Any) -> None:
    own = (("use_karras_sigmas", True),)
    counted = answer(make_worker(), CountWork(steps=6, scheduler="heun", params=own))
    assert set(counted) == {name for name, one in SCHEDULERS.items() if one.available}
    for name, calls in counted.items():
        plan = plan_run(SCHEDULERS[name], tiny_checkpoint.scheduler_config, {}, 6)
        assert plan.calls == calls, name


def test_counts_leave_out_what_takes_fewer_steps(make_worker: Make) -> None:
    assert not {"lcm", "tcd"} & set(answer(make_worker(), CountWork(steps=51)))


def test_proof_has_a_point_for_every_run(make_worker: Make) -> None:
    points = answer(make_worker(), ProofWork())
    offered = [n for n, one in SCHEDULERS.items() if one.available and not one.distilled_only]
    assert [(point.name, point.steps) for point in points] == [
        (name, steps) for name in offered for steps in (5, 10, 20, 40)
    ]
    assert all(0 < point.error < 1 for point in points)


@pytest.mark.parametrize("call", [0, 2])
def test_fresh_noise_is_what_the_run_drew(call: int, make_worker: Make) -> None:
    request = replace(CAT, scheduler="ddpm", height=64, width=64)
    noise = answer(make_worker(), FreshNoiseWork(request.model, request, call))
    generator = torch.Generator().manual_seed(request.seed)
    drawn = [torch.randn(1, 4, 8, 8, generator=generator) for _ in range(call + 2)]
    np.testing.assert_array_equal(noise, torch.cat(drawn[1:]).numpy())


def test_a_step_that_asks_twice_draws_once_or_from_one_path(make_worker: Make) -> None:
    request = replace(CAT, height=64, width=64)
    make = make_worker()
    twice = replace(request, scheduler="kdpm2-a")
    noise = answer(make, FreshNoiseWork(request.model, twice, 2))
    assert (noise[0] == noise[1]).all()
    assert (noise[1] != noise[2]).any()
    path = replace(request, scheduler="dpmpp-sde")
    noise = answer(make, FreshNoiseWork(request.model, path, 2))
    assert noise.shape == (3, 4, 8, 8)
    assert (noise[0] != noise[1]).any()
    assert 0.8 < noise.std() < 1.2


@pytest.mark.parametrize(
    ("sampler", "karras"),  # at unit scale the library rounds the timesteps of Karras' levels
    [*((one, False) for one in SAMPLERS), ("euler", True), ("heun", True), ("lms", True)],
)
def test_the_librarys_levels_give_the_librarys_picture(
    sampler: str, karras: bool, make_worker: Make, tiny_checkpoint: Any
) -> None:
    scheduler = SCHEDULERS[sampler]
    # With another spacing the library starts with sigma times noise, not sqrt(1 + sigma^2).
    params = {"timestep_spacing": "leading", **({"use_karras_sigmas": True} if karras else {})}
    request = replace(CAT, scheduler=sampler, params=tuple(params.items()))
    plan = plan_run(scheduler, tiny_checkpoint.scheduler_config, params, request.steps)
    first = np.diff(plan.steps, prepend=-1) > 0
    look = OwnSigmasWork(request.model, request, (*plan.sigmas[first].tolist(), plan.end), sampler)
    found = answer(make_worker(), look)
    trace = run_alone(tiny_checkpoint, request)
    np.testing.assert_allclose(found.latents, trace.latents.numpy(), atol=2e-3)
    np.testing.assert_allclose(found.sigmas, trace.sigmas, rtol=1e-4)
    np.testing.assert_allclose(found.timesteps, trace.timesteps, atol=5e-2)
    assert np.abs(found.picture.astype(int) - trace.picture).max() <= 1


def test_levels_may_end_above_zero(make_worker: Make) -> None:
    found = answer(make_worker(), OwnSigmasWork(CAT.model, replace(CAT, guidance=1.0), (9.0, 2.0)))
    assert np.isfinite(found.latents).all()
    assert len(found.sigmas) == 1


@pytest.mark.parametrize(
    ("sigmas", "says"),
    [
        ((), "These are not noise levels"),
        ((1.0,), "Give 2 to 151"),
        ((1.0,) * 200, "Give 2 to 151"),
        ((1.0, 2.0), "Sigma 2 is 2, which is not below the 1 before it."),
        ((1.0, 1.0), "not below"),
        ((float("nan"), 0.0), "The sigma is nan."),
        ((float("inf"), 0.0), "The sigma is inf."),
        ((1e9, 0.0), "The sigma is 1000000000.0."),
        ((1.0, -0.5), "The sigma is -0.5."),
        ((1.0, None), "The sigma is empty."),
        ((True, 0.0), "The sigma is True."),
        (("3", 0.0), "The sigma is '3'."),
        ("sigmas", "These are not noise levels"),
    ],
)
def test_wrong_levels_are_told_in_a_sentence(sigmas: Any, says: str) -> None:
    with pytest.raises(ExplainerError) as told:
        check_sigmas(sigmas)
    assert says in str(told.value)


@pytest.mark.parametrize(
    "look",
    [
        CountWork(steps=0),
        CountWork(scheduler="nothing"),
        CountWork(params=(("karras", True),)),
        CountWork(model="../x"),
        ProofWork(karras="yes"),  # type: ignore[arg-type]  # as a link might say it
        FreshNoiseWork(CAT.model, CAT, -1),
        OwnSigmasWork(CAT.model, CAT, (2.0, 1.0), "magic"),
        OwnSigmasWork(CAT.model, replace(CAT, seed=-1), (2.0, 1.0)),
    ],
    ids=str,
)
def test_wrong_looks_are_refused(look: Work[Any], make_worker: Make) -> None:
    with pytest.raises(ExplainerError):
        make_worker().submit(look, "a")
