"""The exact solution judges every scheduler of the library, offered or left out."""

import inspect
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from core.ideas.closed_form import GaussianData, find_moments, measure_order, predict_exact_eps
from core.models.schedulers.names import REJECTED
from core.models.schedulers.proof import measure_error
from core.models.schedulers.table import SCHEDULERS

SD15 = {
    "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
    "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True,
    "steps_offset": 1, "timestep_spacing": "leading", "clip_sample": False,
}  # fmt: skip
OFFERED = [one.name for one in SCHEDULERS.values() if one.available and not one.distilled_only]
DATA = GaussianData()
pytestmark = pytest.mark.filterwarnings(
    "ignore:Should have t:UserWarning", "ignore:.*torch.tensor:DeprecationWarning"
)


@pytest.mark.parametrize("name", OFFERED)
def test_error_falls_for_every_scheduler_offered(name: str) -> None:
    few, many = (measure_error(SCHEDULERS[name], steps, SD15) for steps in (5, 40))
    assert many.error < few.error / 2
    assert many.error < 0.07
    assert (many.mean, many.std) == (
        pytest.approx(DATA.mean, abs=0.02),
        pytest.approx(DATA.std, abs=0.07),
    )


@pytest.mark.parametrize(
    ("name", "order"),
    [("euler", 1), ("heun", 2), ("kdpm2", 2), ("dpmpp-2m", 2), ("unipc", 2), ("ddim", 1)],
)
def test_slope_shows_the_order(name: str, order: int) -> None:
    able = "use_karras_sigmas" in SCHEDULERS[name].takes
    params = {"use_karras_sigmas": True} if able else {}
    points = [measure_error(SCHEDULERS[name], steps, SD15, params) for steps in (10, 20, 40)]
    slope = measure_order(
        np.array([point.calls for point in points]), np.array([point.error for point in points])
    )
    assert order - 0.35 < slope
    assert slope < 1.3 or order > 1


def test_spacing_decides_whether_order_shows() -> None:
    plain = [measure_error(SCHEDULERS["dpmpp-2m"], steps, SD15).error for steps in (10, 40)]
    karras = [
        measure_error(SCHEDULERS["dpmpp-2m"], steps, SD15, {"use_karras_sigmas": True}).error
        for steps in (10, 40)
    ]
    assert plain[0] / plain[1] < 6  # about first order: four times the calls, a quarter
    assert karras[0] / karras[1] > 10


def end_of(class_name: str, steps: int) -> tuple[float, float]:
    """Mean and spread at the end of a run of any scheduler of the library."""
    scheduler: Any = getattr(diffusers, class_name).from_config(dict(SD15))
    schedule = diffusers.DDPMScheduler.from_config(dict(SD15)).alphas_cumprod
    generator = torch.Generator().manual_seed(0)
    takes_noise = "generator" in inspect.signature(scheduler.step).parameters
    scheduler.set_timesteps(steps)
    x = torch.randn(1, 1, 64, 64, generator=generator) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        asked = scheduler.scale_model_input(x, t)
        place = int(torch.as_tensor(t).clamp(0, 999))
        eps = predict_exact_eps(asked, float(schedule[place]), DATA)
        x = scheduler.step(
            eps, t, x, **({"generator": generator} if takes_noise else {})
        ).prev_sample
    return float(x.mean()), float(x.std())


LEFT_OUT = [
    one.class_name for one in REJECTED if one.verdict in ("wrong pictures", "runs backwards")
]


@pytest.mark.parametrize("class_name", LEFT_OUT)
def test_those_left_out_end_elsewhere(class_name: str) -> None:
    if "Cosine" in class_name and not SCHEDULERS["dpmpp-sde"].available:
        pytest.skip("this scheduler needs torchsde, which is not installed")
    mean, std = end_of(class_name, 50)
    apart = ((mean - DATA.mean) ** 2 + (std - DATA.std) ** 2) ** 0.5
    right = [end_of(SCHEDULERS[name].class_name, 50) for name in ("ddim", "euler", "dpmpp-2m")]
    worst = max(((m - DATA.mean) ** 2 + (s - DATA.std) ** 2) ** 0.5 for m, s in right)
    assert apart > 1.5 * worst


@pytest.mark.parametrize("kind", ["DDIM", "DDPM"])
def test_aliases_are_the_same(kind: str) -> None:
    mine, alias = end_of(f"{kind}Scheduler", 10), end_of(f"{kind}ParallelScheduler", 10)
    assert mine == pytest.approx(alias, abs=1e-6)
    assert find_moments(DATA, 1.0) == (DATA.mean, DATA.std)
