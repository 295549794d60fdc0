"""What a step adds up is what the library's step() gives: every scheduler, every step."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from core.errors import ExplainerError
from core.ideas.noise_levels import alpha_bar_from_sigma
from core.ideas.prediction import Point
from core.models.schedulers.factory import make_scheduler, noise_level
from core.models.schedulers.plans import moment_of, plan_run
from core.models.schedulers.record import Scheduler
from core.models.schedulers.sums import give, reader
from core.models.schedulers.table import SCHEDULERS

CONFIG = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000, "prediction_type": "epsilon", "timestep_spacing": "leading",
    "steps_offset": 1, "set_alpha_to_one": False, "skip_prk_steps": True, "clip_sample": False,
}  # fmt: skip
SDE = ("algorithm_type", "sde-dpmsolver++")
CASES: list[tuple[str, dict[str, Any], int]] = [
    *((name, {}, 7) for name in SCHEDULERS),
    *((name, {}, 1) for name in SCHEDULERS),
    *((name, {}, 16) for name in SCHEDULERS),
    *((name, {"use_karras_sigmas": True}, 6)
      for name, one in SCHEDULERS.items() if "use_karras_sigmas" in one.takes),
    *((name, {"timestep_spacing": "trailing"}, 6)
      for name, one in SCHEDULERS.items() if "timestep_spacing" in one.takes),
    *((name, {"solver_order": order}, steps) for order in (1, 3) for steps in (6, 7, 8, 16)
      for name in ("dpmpp-2m", "dpmpp-2s", "deis", "unipc")),
    *((name, {"solver_type": "heun", "solver_order": order}, 6) for order in (2, 3)
      for name in ("dpmpp-2m", "dpmpp-2s")),
    *((name, dict([SDE, ("solver_type", kind)]), 6) for kind in ("midpoint", "heun")
      for name in ("dpmpp-2m", "dpmpp-2s")),
    ("dpmpp-2m", {"final_sigmas_type": "sigma_min", "lower_order_final": False}, 5),
    ("dpmpp-2m", {"euler_at_final": True, "final_sigmas_type": "sigma_min"}, 16),
    ("dpmpp-2s", {"final_sigmas_type": "sigma_min"}, 6),
    ("dpmpp-2s", {"solver_order": 3, **dict([SDE])}, 7),
    ("unipc", {"final_sigmas_type": "sigma_min"}, 6),
    *(("sa-solver", {"predictor_order": p, "corrector_order": c, "algorithm_type": kind}, 8)
      for p in (1, 2, 3) for c in (1, 2, 3) for kind in ("data_prediction", "noise_prediction")),
    ("sa-solver", {"lower_order_final": False}, 8),
    *(("lms", {"order": order}, 7) for order in (1, 2, 3)),
    ("ddim", {"eta": 0.7}, 6), ("ddim", {"set_alpha_to_one": True}, 6),
    ("pndm", {"set_alpha_to_one": True}, 6), ("pndm", {}, 2), ("pndm", {}, 3),
    *(("ddpm", {"variance_type": kind}, 6) for kind in ("fixed_large", "fixed_small_log")),
    ("euler", {"s_churn": 3.0, "s_noise": 1.1}, 6), ("euler", {"s_churn": 90.0}, 6),
    ("euler", {"final_sigmas_type": "sigma_min"}, 6),
    *(("tcd", {"eta": eta}, 6) for eta in (0.0, 0.5, 1.0)),
]  # fmt: skip


def drawn(monkeypatch: pytest.MonkeyPatch, scheduler: Any) -> list[Tensor]:
    """Keep what the scheduler's class draws, in the order in which it does."""
    kept: list[Tensor] = []
    module = inspect.getmodule(type(scheduler))
    draw = getattr(module, "randn_tensor", None)
    if draw is not None:

        def keep(*args: Any, **kwargs: Any) -> Tensor:
            kept.append(draw(*args, **kwargs))
            return kept[-1]

        monkeypatch.setattr(module, "randn_tensor", keep)
    if hasattr(module, "BrownianTreeNoiseSampler"):
        sampler = module.BrownianTreeNoiseSampler

        def made(*args: Any) -> Callable[..., Tensor]:
            ask = sampler(*args)

            def cut(*ends: Any) -> Tensor:
                kept.append(ask(*ends))
                return kept[-1]

            return cut

        monkeypatch.setattr(module, "BrownianTreeNoiseSampler", made)
    return kept


def walk(
    scheduler: Scheduler, config: dict, params: dict, steps: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, list[Tensor]], list[Tensor]]:
    """Run the library's scheduler in 64 bits on answers that bend; keep everything."""
    made = make_scheduler(scheduler, config, params, seed=5)
    noises = drawn(monkeypatch, made)
    made.set_timesteps(steps)
    for name in ("sigmas", "alphas_cumprod", "final_alpha_cumprod"):  # the library has 32 bits
        if hasattr(made, name):
            setattr(made, name, getattr(made, name).double())
    plan = plan_run(scheduler, config, params, steps)
    levels = torch.tensor([*plan.sigmas, plan.end])
    if made.order == 1 and hasattr(made, "sigmas"):  # test_scheduler_plans compares these
        assert torch.allclose(made.sigmas, levels, rtol=1e-6, atol=0)
        made.sigmas = levels
    takes = inspect.signature(made.step).parameters
    draw = torch.Generator().manual_seed(4)
    fresh: dict[str, Any] = {"generator": draw} if "generator" in takes else {}
    shape = (1, 2, 3, 3)
    x = torch.randn(shape, generator=draw, dtype=torch.float64) * float(made.init_noise_sigma)
    kept: dict[str, list[Tensor]] = {name: [] for name in ("x", "x0", "eps", "v", "z")}
    for index, t in enumerate(made.timesteps):
        xt = made.scale_model_input(x, t)
        sigma = noise_level(made, t)
        level = float(alpha_bar_from_sigma(sigma))
        answer = torch.tanh(xt * 0.7) + 0.3 * torch.sin(3 * xt + 0.01 * float(t))
        point = Point(config["prediction_type"], xt, level)
        eps, x0 = point.noise(answer), point.clean(answer)
        if "order" in takes:
            fresh["order"] = min(index + 1, takes["order"].default)
        begun = len(noises)
        kept["x"].append(x)
        x = made.step(answer, t, x, **fresh).prev_sample.double()
        kept["z"].append(noises[begun] if len(noises) > begun else torch.full(shape, torch.nan))
        kept["eps"].append(eps)
        kept["x0"].append(x0)
        kept["v"].append(level**0.5 * eps - (1 - level) ** 0.5 * x0)
    kept["x"].append(x)
    return kept, noises


def worst(
    name: str, params: dict, steps: int, monkeypatch: pytest.MonkeyPatch, kind: str = "epsilon"
) -> float:
    """The largest distance of any line from the library, against the size of what it adds up."""
    scheduler, config = SCHEDULERS[name], {**CONFIG, "prediction_type": kind}
    kept, _ = walk(scheduler, config, params, steps, monkeypatch)
    apart = 0.0
    for call in range(len(kept["eps"])):
        moment = moment_of(scheduler, config, params, steps, call)
        if call and moment.plan.steps[call] == moment.plan.steps[call - 1]:
            continue  # within a step

        def read(kind: str, at: int) -> Tensor:
            if kind == "z" and name == "kdpm2-a":
                at += 1  # drawn at the second call
            return kept[kind][at].double()

        look = reader(scheduler.work, moment, read)
        for line in scheduler.work(moment):
            assert set(line.functions) <= set(scheduler.formulas)
            found = give(line, look)
            size = sum(abs(one.weight) * look(one.kind, one.call).abs() for one in line.terms)
            if line.lands is not None:
                apart = max(apart, float(((found - kept["x"][line.lands]).abs() / size).max()))
        assert scheduler.work(moment)[-1].lands == moment.after
    return apart


@pytest.mark.parametrize(("name", "params", "steps"), CASES, ids=str)
def test_every_step_adds_up_to_the_librarys(
    name: str, params: dict, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = worst(name, params, steps, monkeypatch)
    print(f"{name:10} {apart:.1e} {steps} {params}")
    assert apart < 1e-6


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_model_that_names_the_velocity_is_worked_out_too(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worst(name, {}, 5, monkeypatch, "v_prediction") < 1e-6


@pytest.mark.parametrize(
    ("name", "params", "kind", "says"),
    [
        ("dpmpp-2m", {"solver_order": 3, **dict([SDE])}, "epsilon", "third order"),
        (
            "dpmpp-2s",
            {"solver_order": 3, "solver_type": "heun", **dict([SDE])},
            "epsilon",
            "third order",
        ),
        ("euler", {"s_churn": 5.0}, "v_prediction", "With s_churn"),
    ],
)
def test_what_is_not_worked_out_says_so(name: str, params: dict, kind: str, says: str) -> None:
    scheduler, config = SCHEDULERS[name], {**CONFIG, "prediction_type": kind}
    with pytest.raises(ExplainerError, match=says):
        scheduler.work(moment_of(scheduler, config, params, 9, 5))
