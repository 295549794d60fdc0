"""The step calculator: our few lines give what the library's step() gave, at every step."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.ideas.equation import equation_of
from core.lessons.schedulers.step_data import (
    draws_noise,
    lands_at,
    last_call,
    number_rows,
    work_out,
)
from core.lessons.schedulers.step_picture_data import position_picture
from core.models.schedulers.factory import brownian_pieces, make_scheduler
from core.models.schedulers.table import SCHEDULERS
from core.views.run import Run, run_of

CAT = Request(prompt="a red cat", seed=3, steps=5, guidance=2.0)
WHERE = [(0, 0, 0), (2, 5, 3)]
SDE = ("algorithm_type", "sde-dpmsolver++")
CASES = [
    *((name, ()) for name in SCHEDULERS),
    ("ddim", (("eta", 0.7),)),
    ("ddpm", (("timestep_spacing", "linspace"),)),
    ("euler", (("s_churn", 5.0),)),
    ("euler", (("use_karras_sigmas", True),)),
    ("heun", (("use_exponential_sigmas", True),)),
    ("dpmpp-2m", (SDE,)),
    ("dpmpp-2m", (("solver_type", "heun"),)),
    ("dpmpp-2m", (("solver_order", 3),)),
    ("dpmpp-2s", (SDE,)),
    ("unipc", (("solver_order", 3),)),
    ("sa-solver", (("algorithm_type", "noise_prediction"),)),
]


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_every_step_equals_the_librarys(
    name: str, params: tuple, tiny_checkpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(CAT, scheduler=name, params=params)
    run = run_of(run_alone(tiny_checkpoint, request))
    config = tiny_checkpoint.scheduler_config
    noise = fresh_noise(run, tiny_checkpoint) if draws_noise(run) else None
    for step in range(request.steps):
        for where in WHERE:
            worked = work_out(run, config, step, where, noise)
            size = sum(abs(one.value) for line in worked.lines for one in line.given)
            assert abs(worked.ours - worked.theirs) < 1e-5 * max(1.0, size), (step, where)
            for line in worked.lines:
                assert f"{line.value:.7g}".lstrip("-")[:5] in line.filled
                assert line.filled.count(r"\underset{") >= 2  # numbers above their symbols
                assert number_rows(line.numbers).count("\n") == len(line.numbers) + 1
                assert all(equation_of(one).tex for one in line.functions)
        assert (
            last_call(run, step) + 1 == len(run.steps) or run.steps[last_call(run, step) + 1] > step
        )


def fresh_noise(run: Run, checkpoint: Any) -> np.ndarray:
    """The noise of every call as the run drew it: the start, then one a step, or a random path."""
    shape = run.path[:1].shape
    if run.request.scheduler == "dpmpp-sde":
        made = make_scheduler(SCHEDULERS["dpmpp-sde"], checkpoint.scheduler_config, {}, CAT.seed)
        made.set_timesteps(CAT.steps)
        return torch.cat(brownian_pieces(made, CAT.seed, shape)).numpy()
    generator = torch.Generator().manual_seed(run.request.seed)
    drawn = [torch.randn(shape, generator=generator) for _ in range(CAT.steps + 1)]
    return torch.cat([drawn[step + 1] for step in run.steps]).numpy()


@pytest.mark.parametrize(
    ("name", "spacing", "lands"),
    [("ddim", "leading", (601, 401, 201, 1)), ("ddim", "linspace", (799, 549, 300, 50)),
     ("pndm", "linspace", (749, 549, 300, 50)), ("ddpm", "linspace", (749, 500, 250, 0))],
)  # fmt: skip
def test_a_step_is_said_to_lead_where_it_does(
    name: str, spacing: str, lands: tuple[int, ...], tiny_checkpoint: Any
) -> None:
    """DDIM and PNDM go down by 1000 // N, which is not always the next timestep of the list."""
    request = replace(CAT, scheduler=name, params=(("timestep_spacing", spacing),))
    run, config = run_of(run_alone(tiny_checkpoint, request)), tiny_checkpoint.scheduler_config
    assert tuple(lands_at(run, config, step) for step in range(4)) == lands
    if name == "ddim":
        alpha_bar = make_scheduler(SCHEDULERS[name], config).alphas_cumprod.numpy()
        for step, t in enumerate(lands):
            left = alpha_bar[t]
            landed = left**0.5 * run.x0[step] + (1 - left) ** 0.5 * run.eps[step]
            np.testing.assert_allclose(landed, run.path[step + 1], atol=1e-4)


def test_fresh_noise_is_asked_for_where_it_was_drawn(tiny_checkpoint: Any) -> None:
    def draws(name: str, *params: tuple[str, Any]) -> bool:
        request = replace(CAT, scheduler=name, params=params)
        return draws_noise(run_of(run_alone(tiny_checkpoint, request)))

    assert draws("ddpm")
    assert draws("euler", ("s_churn", 5.0))
    assert draws("dpmpp-2m", SDE)
    assert not draws("ddim")
    assert not draws("euler")
    assert not draws("dpmpp-2m")


def test_what_is_of_another_call_has_its_number(tiny_checkpoint: Any) -> None:
    run = run_of(run_alone(tiny_checkpoint, replace(CAT, scheduler="unipc")))
    corrects, steps = work_out(run, tiny_checkpoint.scheduler_config, 2, WHERE[1]).lines
    assert (corrects.role, steps.role) == ("corrects", "steps")
    assert [one.tex for one in corrects.given] == [
        r"\tilde x^{(2)}", "x_0", "x_0^{(2)}", "x_0^{(1)}"
    ]  # fmt: skip
    assert corrects.value == steps.given[0].value  # it goes on from there
    assert steps.given[1].meaning == "the guess of the clean latents at call 3"


def test_other_formulas_are_named_not_faked(tiny_checkpoint: Any) -> None:
    params = (SDE, ("solver_order", 3))
    run = run_of(run_alone(tiny_checkpoint, replace(CAT, scheduler="dpmpp-2m", params=params)))
    with pytest.raises(ExplainerError, match="third order"):
        work_out(run, tiny_checkpoint.scheduler_config, 2, (0, 0, 0))


def test_position_is_framed() -> None:
    picture = position_picture(np.zeros((8, 8)), (2, 3))
    assert picture.shape == (320, 320, 3)
    grey = picture[0, 0]
    framed = np.argwhere((picture != grey).any(axis=-1))
    assert framed.min(axis=0).tolist() == [79, 119]
    assert framed.max(axis=0).tolist() == [120, 160]
