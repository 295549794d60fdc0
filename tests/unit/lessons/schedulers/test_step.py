"""The step calculator: our few lines give what the library's step() gave, at every step."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.ideas.equation import equation_of
from core.lessons.schedulers.step_data import (
    CALCULATED,
    WORK,
    draws_noise,
    first_call,
    number_rows,
    work_out,
)
from core.lessons.schedulers.step_picture_data import position_picture
from core.models.schedulers.table import SCHEDULERS
from core.views.run import Run, run_of

CAT = Request(prompt="a red cat", seed=3, steps=5, guidance=2.0)
WHERE = [(0, 0, 0), (2, 5, 3)]
CASES = [
    *((name, ()) for name in CALCULATED),
    ("ddim", (("eta", 0.7),)),
    ("ddim", (("timestep_spacing", "trailing"),)),
    ("ddim", (("set_alpha_to_one", True),)),
    ("ddpm", (("variance_type", "fixed_large"),)),
    ("ddpm", (("variance_type", "fixed_small_log"),)),
    ("ddpm", (("timestep_spacing", "linspace"),)),
    ("euler", (("use_karras_sigmas", True),)),
    ("euler", (("final_sigmas_type", "sigma_min"),)),
    ("heun", (("use_exponential_sigmas", True),)),
    ("dpmpp-2m", (("use_karras_sigmas", True),)),
    ("dpmpp-2m", (("final_sigmas_type", "sigma_min"), ("lower_order_final", False))),
    ("dpmpp-2m", (("solver_order", 1),)),
    ("dpmpp-2m", (("euler_at_final", True),)),
]


def fresh_noise(run: Run) -> np.ndarray:
    """The noise of every call as the loop draws it: the start, then one a call."""
    import torch

    generator = torch.Generator().manual_seed(run.request.seed)
    shape = run.path[:1].shape
    drawn = [torch.randn(shape, generator=generator) for _ in range(len(run.path))]
    return torch.cat(drawn[1:]).numpy()


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_every_step_equals_the_librarys(name: str, params: tuple, tiny_checkpoint: Any) -> None:
    request = replace(CAT, scheduler=name, params=params)
    run = run_of(run_alone(tiny_checkpoint, request))
    config = tiny_checkpoint.scheduler_config
    noise = fresh_noise(run) if draws_noise(run) else np.zeros_like(run.eps)
    for step in range(request.steps):
        for where in WHERE:
            fresh = float(noise[first_call(run, step)][where])
            worked = work_out(run, config, step, where, fresh)
            size = max(1.0, abs(worked.theirs))
            assert abs(worked.ours - worked.theirs) < 1e-5 * size, (step, where)
            assert equation_of(worked.function).tex
            assert f"{worked.ours:.7g}".lstrip("-")[:5] in worked.filled
            assert worked.filled.count(r"\underset{") >= 4  # numbers above their symbols
            assert number_rows(worked.numbers).count("\n") == len(worked.numbers) + 1


def test_fresh_noise_is_used_where_it_was_drawn(tiny_checkpoint: Any) -> None:
    assert draws_noise(run_of(run_alone(tiny_checkpoint, replace(CAT, scheduler="ddpm"))))
    plain = run_of(run_alone(tiny_checkpoint, replace(CAT, scheduler="ddim")))
    assert not draws_noise(plain)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("unipc", (), "UniPC is not worked out here."),
        ("euler", (("s_churn", 5.0),), "With s_churn = 5.0 a step has another formula."),
        ("dpmpp-2m", (("algorithm_type", "sde-dpmsolver++"),), "another formula"),
        ("dpmpp-2m", (("solver_type", "heun"),), "another formula"),
        ("dpmpp-2m", (("solver_order", 3),), "third order"),
    ],
)
def test_other_formulas_are_named_not_faked(
    name: str, params: tuple, says: str, tiny_checkpoint: Any
) -> None:
    run = run_of(run_alone(tiny_checkpoint, replace(CAT, scheduler=name, params=params)))
    with pytest.raises(ExplainerError) as told:
        work_out(run, tiny_checkpoint.scheduler_config, 1, (0, 0, 0))
    assert says in str(told.value)


def test_whoever_has_formulas_is_worked_out_by_them() -> None:
    assert {one.formulas[0] for one in CALCULATED.values()} == set(WORK)
    for one in SCHEDULERS.values():
        assert all(equation_of(formula).tex for formula in one.formulas)


def test_position_is_framed() -> None:
    picture = position_picture(np.zeros((8, 8)), (2, 3))
    assert picture.shape == (320, 320, 3)
    grey = picture[0, 0]
    framed = np.argwhere((picture != grey).any(axis=-1))
    assert framed.min(axis=0).tolist() == [79, 119]
    assert framed.max(axis=0).tolist() == [120, 160]
