"""Our own planning in numpy equals the library's, for everything that can be set."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ExplainerError
from core.models.schedulers.call_count import count_calls
from core.models.schedulers.factory import make_scheduler, noise_level
from core.models.schedulers.plans import drawn, plan_run
from core.models.schedulers.record import RunPlan, SchedulerParameterError
from core.models.schedulers.table import SCHEDULERS

ROOT = Path(__file__).resolve().parents[3]
SD15 = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "clip_sample": False,
}
HERE = [name for name, one in SCHEDULERS.items() if one.available]
FEW = (1, 2, 25)
EVERY = os.environ.get("GLASSBOX_EVERY") == "1"  # walk every number of steps: minutes
pytestmark = pytest.mark.filterwarnings(
    "ignore:Should have t:UserWarning", "ignore:.*torch.tensor:DeprecationWarning"
)


def plan_of(
    name: str, base: dict[str, Any], params: dict[str, Any] | None = None, steps: int = 20
) -> RunPlan:
    """The plan of the scheduler with this short name."""
    return plan_run(SCHEDULERS[name], base, params, steps)


def settings_of(name: str) -> list[dict[str, Any]]:  # Any: values of every type
    """Every setting that moves timesteps or sigmas, one at a time, and two that meet."""
    names = SCHEDULERS[name].takes
    wanted: list[dict[str, Any]] = [{"beta_start": 0.0002}, {"beta_schedule": "linear"}]
    wanted += [{"timestep_spacing": spacing} for spacing in ("linspace", "trailing")]
    wanted += [{key: True} for key in sorted(names) if key.startswith("use_")]
    wanted += [{"final_sigmas_type": "sigma_min"}]
    wanted += [{"rescale_betas_zero_snr": True}] if name not in ("lcm", "tcd") else []
    wanted += [{"interpolation_type": "log_linear"}, {"steps_offset": 0}]
    wanted += [{"interpolation_type": "log_linear", "use_karras_sigmas": True}]
    wanted += [{"final_sigmas_type": "sigma_min", "use_exponential_sigmas": True}]
    wanted += [{"set_alpha_to_one": True}, {"original_inference_steps": 200}]
    return [params for params in wanted if names >= set(params)]


CASES = [(name, params) for name in HERE for params in settings_of(name)]


def library_plan(
    scheduler: Any,  # Any: diffusers has no common type
    name: str,
    steps: int,
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Timesteps and sigmas of every call as the library has them; its last sigma where kept."""
    scheduler.set_timesteps(steps)
    t = scheduler.timesteps.double().numpy()
    if not hasattr(scheduler, "sigmas"):
        alpha_bar = scheduler.alphas_cumprod.double()[scheduler.timesteps.long()]
        return t, ((1 - alpha_bar) / alpha_bar).sqrt().numpy(), None
    kept = scheduler.sigmas.double().numpy()
    sigmas = kept[: len(t)].copy()
    if name == "kdpm2":
        sigmas[1::2] = scheduler.sigmas_interpol.numpy()[1 : len(t) : 2]
    elif name == "kdpm2-a":
        sigmas[1::2] = scheduler.sigmas_interpol.numpy()[: len(t) - 1 : 2]
    elif name == "dpmpp-sde":
        sigmas[1::2] = np.sqrt(kept[: len(t) - 1 : 2] * kept[1 : len(t) : 2])
    return t, sigmas, float(kept[len(t)])


def assert_same(
    scheduler: Any,  # Any: diffusers has no common type
    name: str,
    params: dict[str, object],
    steps: int,
) -> None:
    plan = plan_of(name, SD15, params, steps)
    t, sigmas, end = library_plan(scheduler, name, steps)
    assert plan.calls == len(t) == len(plan.steps) == len(plan.sigmas)
    assert np.isfinite(plan.sigmas).all()
    # The library adds up in float32; sigma_down loses most digits close to t = 0.
    ancestral = name == "kdpm2-a"
    np.testing.assert_allclose(plan.timesteps, t, atol=2e-2 if ancestral else 5e-3, rtol=0)
    np.testing.assert_allclose(plan.sigmas, sigmas, rtol=5e-3 if ancestral else 1e-4)
    if end is not None:
        assert plan.end == pytest.approx(end, rel=1e-4)
    assert int(plan.steps[-1]) == steps - 1


@pytest.mark.parametrize("name", HERE)
def test_every_number_of_steps_is_planned_as_in_the_library(name: str) -> None:
    scheduler = make_scheduler(SCHEDULERS[name], SD15)
    for steps in range(1, SCHEDULERS[name].max_steps + 1):
        assert_same(scheduler, name, {}, steps)


def gauss(function: Callable[[float], float], low: float, high: float, **_: float) -> list[float]:
    """Integrate a polynomial exactly, a hundred times quicker than scipy's quad."""
    places, weights = np.polynomial.legendre.leggauss(4)
    middle, half = (low + high) / 2, (high - low) / 2
    return [
        half * sum(w * function(middle + half * x) for x, w in zip(places, weights, strict=True))
    ]


@pytest.mark.parametrize("name", HERE)
def test_many_numbers_of_steps_run_to_a_finite_end_with_the_planned_calls(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "lms":  # nearly all of its time would go there
        monkeypatch.setattr(scipy.integrate, "quad", gauss)
    most = SCHEDULERS[name].max_steps
    every = range(1, most + 1) if EVERY else {*range(1, 21), *range(25, most, 25), most - 1, most}
    for steps in sorted(every):
        # Counted by a hook on a network; a run that ends in no finite number is an error there.
        calls = count_calls(SCHEDULERS[name], steps, SD15)
        assert calls == plan_of(name, SD15, {}, steps).calls


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_every_setting_is_planned_as_in_the_library(name: str, params: dict[str, object]) -> None:
    scheduler = make_scheduler(SCHEDULERS[name], SD15, params)
    for steps in FEW:
        assert_same(scheduler, name, params, steps)


@pytest.mark.parametrize("name", HERE)
def test_a_run_really_goes_there(name: str) -> None:
    """Walk a run and read off what the loop records at every call."""
    steps = 7
    plan = plan_of(name, SD15, {}, steps)
    scheduler = make_scheduler(SCHEDULERS[name], SD15)
    scheduler.set_timesteps(steps)
    x = torch.ones(1, 1, 1, 1) * float(scheduler.init_noise_sigma)
    walked = []
    for t in scheduler.timesteps:
        asked = scheduler.scale_model_input(x, t)
        walked.append((float(t), noise_level(scheduler, t)))
        x = scheduler.step(0.1 * asked, t, x).prev_sample
    np.testing.assert_allclose(plan.timesteps, [t for t, _ in walked], atol=5e-3)
    np.testing.assert_allclose(plan.sigmas, [sigma for _, sigma in walked], rtol=5e-3)


@pytest.mark.parametrize("name", ["ddim", "pndm", "tcd"])
def test_the_end_is_where_the_last_step_leads(name: str) -> None:
    """If the noise is always predicted right, what is left of it at the end is the end's sigma."""
    plan = plan_of(name, SD15, {"eta": 0.0} if name == "tcd" else {}, 10)
    scheduler = make_scheduler(SCHEDULERS[name], SD15, {"eta": 0.0} if name == "tcd" else {})
    scheduler.set_timesteps(10)
    eps = torch.ones(1, 1, 1, 1)
    level = 1 / (1 + plan.sigmas[0] ** 2)
    x = 0.3 * level**0.5 + (1 - level) ** 0.5 * eps
    for t in scheduler.timesteps:
        x = scheduler.step(eps, t, x).prev_sample
    left = 1 / (1 + plan.end**2)
    assert float(x) == pytest.approx(0.3 * left**0.5 + (1 - left) ** 0.5, abs=1e-4)


def test_stable_diffusions_numbers() -> None:
    assert [plan_of("ddim", SD15, {}, n).timesteps[0] for n in (50, 20, 10)] == [981, 951, 901]
    trailing = [plan_of("ddim", SD15, {"timestep_spacing": "trailing"}, n) for n in (50, 20, 10)]
    assert [plan.timesteps[-1] for plan in trailing] == [19, 49, 99]
    assert all(plan.timesteps[0] == 999 for plan in trailing)
    assert [plan_of(name, SD15, {}, 20).calls for name in ("heun", "kdpm2", "pndm")] == [
        39,
        39,
        21,
    ]
    linspace = plan_of("euler", SD15, {"timestep_spacing": "linspace"}, 20)
    karras = plan_of("euler", SD15, {"timestep_spacing": "linspace", "use_karras_sigmas": True}, 20)
    assert [np.mean(plan.sigmas < 1) for plan in (linspace, karras)] == [0.35, 0.45]
    assert linspace.sigmas[0] == pytest.approx(14.6146, abs=1e-3)


@pytest.mark.parametrize("steps", [61, 103, 121, 122])
def test_steps_that_the_library_miscounts_are_refused_by_both(steps: int) -> None:
    params = {"timestep_spacing": "trailing"}
    with pytest.raises(SchedulerParameterError, match=f"turns {steps} steps into {steps + 1}"):
        plan_of("euler", SD15, params, steps)
    scheduler = make_scheduler(SCHEDULERS["euler"], SD15, params)
    with pytest.raises(SchedulerParameterError, match=f"turns {steps} steps into {steps + 1}"):
        scheduler.set_timesteps(steps)


@pytest.mark.parametrize(
    ("name", "base", "params", "steps", "says"),
    [
        ("euler", {}, {}, 0, "The number of Euler steps is 0."),
        ("euler", {}, {}, -1, "The number of Euler steps is -1."),
        ("euler", {}, {}, 151, "Give a whole number from 1 to 150."),
        ("euler", {}, {}, 1000, "The number of Euler steps is 1000."),
        ("euler", {}, {}, 1.5, "The number of Euler steps is 1.5."),
        ("euler", {}, {}, "3", "The number of Euler steps is '3'."),
        ("euler", {}, {}, float("nan"), "The number of Euler steps is nan."),
        ("euler", {}, {}, True, "The number of Euler steps is True."),
        ("euler", {}, {}, None, "The number of Euler steps is empty."),
        ("lcm", {}, {}, 51, "Give a whole number from 1 to 50."),
        ("euler", {}, {"beta_start": -1}, 20, "beta_start cannot be -1"),
        ("euler", {}, {"beta_start": float("nan")}, 20, "beta_start cannot be nan"),
        ("euler", {}, {"beta_end": 2.0}, 20, "beta_end cannot be 2.0"),
        ("euler", {}, {"beta_start": 0.03, "beta_end": 0.01}, 20, "lies above beta_end"),
        ("euler", {}, {"beta_schedule": "foo"}, 20, "beta_schedule cannot be 'foo'"),
        ("euler", {}, {"timestep_spacing": "foo"}, 20, "timestep_spacing cannot be 'foo'"),
        ("euler", {}, {"num_train_timesteps": 10**9}, 20, "num_train_timesteps cannot be set"),
        ("euler", {}, {"trained_betas": [0.1]}, 20, "trained_betas cannot be set"),
        ("euler", {}, {"karras": True}, 20, "Euler has no setting called 'karras'."),
        (
            "euler", {}, {"use_karras_sigmas": True, "use_exponential_sigmas": True}, 20,
            "exclude each other",
        ),
        ("dpmpp-2m", {}, {"solver_order": 0}, 20, "solver_order cannot be 0"),
        ("dpmpp-2m", {}, {"solver_order": 9}, 20, "solver_order cannot be 9"),
        ("dpmpp-2m", {}, {"algorithm_type": "foo"}, 20, "algorithm_type cannot be 'foo'"),
        ("dpmpp-2m", {}, {"solver_type": "foo"}, 20, "solver_type cannot be 'foo'"),
        ("euler", {}, {"prediction_type": "foo"}, 20, "prediction_type cannot be set"),
        ("ddim", {}, {"dynamic_thresholding_ratio": 5}, 20, "cannot be set here"),
        ("euler", {"sigma_max": 80.0}, {}, 20, "sets sigma_max"),
        ("euler", {"num_train_timesteps": 0}, {}, 20, "number of training timesteps is 0"),
        ("euler", {"num_train_timesteps": -5}, {}, 20, "number of training timesteps is -5"),
        ("euler", {"num_train_timesteps": 10**9}, {}, 20, "number of training timesteps is"),
        ("euler", {"num_train_timesteps": 10}, {}, 20, "Euler cannot take 20 steps"),
        ("euler", {"trained_betas": [0.1]}, {}, 20, "trained betas are not a list"),
        ("euler", {"beta_start": float("nan")}, {}, 20, "The first beta is nan."),
    ],
)  # fmt: skip
def test_wrong_input_is_told_in_a_sentence(
    name: str, base: dict[str, object], params: dict[str, object], steps: Any, says: str
) -> None:
    with pytest.raises(ExplainerError) as told:
        plan_of(name, {**SD15, **base}, params, steps)
    assert says in str(told.value)
    assert told.value.fix


def test_a_plan_needs_no_torch() -> None:
    code = (
        "import sys; from core.models.schedulers.plans import plan_run; "
        "from core.models.schedulers.table import SCHEDULERS; heun = SCHEDULERS['heun']; "
        f"assert plan_run(heun, {SD15!r}, {{'use_beta_sigmas': True}}, 20).calls == 39; "
        "sys.exit(', '.join({'torch', 'diffusers', 'scipy'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


def test_noise_falls_from_call_to_call() -> None:
    for name in HERE:
        plan = plan_of(name, SD15, {}, 25)
        assert (np.diff(plan.sigmas) <= 2e-6).all(), name  # rounded to 32 bits
        assert (np.diff(plan.steps) >= 0).all()
        assert plan.end < plan.sigmas[-1]


SCHEDULES: dict[str, dict[str, Any]] = {  # what differs from Stable Diffusion's own
    "scaled_linear": {},
    "linear": {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
    "sigmoid": {"beta_schedule": "sigmoid"},
    "trained": {"trained_betas": [0.02, *[0.001] * 199], "num_train_timesteps": 200},
    "short": {"beta_schedule": "linear", "beta_end": 0.2, "num_train_timesteps": 100},
}  # fmt: skip


@given(data=st.data())
@settings(max_examples=120, deadline=None, derandomize=True)
def test_every_schedule_spacing_and_scheduler_is_planned_as_it_runs(data: st.DataObject) -> None:
    """Either both give the same numbers, or both say no."""
    name = data.draw(st.sampled_from(HERE), "scheduler")
    base = {**SD15, **SCHEDULES[data.draw(st.sampled_from(list(SCHEDULES)), "schedule")]}
    if data.draw(st.booleans(), "zero terminal SNR"):
        base |= {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
    known = SCHEDULERS[name].takes
    chosen = {
        "timestep_spacing": data.draw(st.sampled_from(["leading", "linspace", "trailing"])),
        "final_sigmas_type": data.draw(st.sampled_from(["zero", "sigma_min"])),
        "interpolation_type": data.draw(st.sampled_from(["linear", "log_linear"])),
        data.draw(st.sampled_from(["", *sorted(k for k in known if k.startswith("use_"))])): True,
    }
    params = {key: value for key, value in chosen.items() if key in known}
    steps = data.draw(st.integers(1, 40), "steps")
    try:
        plan = plan_of(name, base, params, steps)
    except ExplainerError:
        plan = None
    try:
        scheduler = make_scheduler(SCHEDULERS[name], base, params)
        t, sigmas, end = library_plan(scheduler, name, steps)
    except (ExplainerError, ValueError, IndexError):
        assert plan is None or name == "kdpm2-a"  # rounding decides where no number is left
        return
    if plan is None:
        assert name == "kdpm2-a"
        return
    # Differences of near numbers in float32: of squares, and of what zero terminal SNR takes away.
    loose = name == "kdpm2-a" or bool(base.get("rescale_betas_zero_snr"))
    if {"use_exponential_sigmas", "use_beta_sigmas"} & set(params) and np.all(t == np.floor(t)):
        assert abs(plan.timesteps[0] - t[0]) <= 1  # cut off just below or at the last timestep
        plan.timesteps[0] = t[0]
    np.testing.assert_allclose(plan.timesteps, t, atol=1 if loose else 1e-2, rtol=0)
    # sigma^2 is 1 - alpha_bar at the clean end, a difference of numbers of 32 bits
    squares = plan.sigmas**2, sigmas**2
    np.testing.assert_allclose(*squares, rtol=1e-1 if loose else 4e-4, atol=1e-6)
    if end is not None:
        assert plan.end**2 == pytest.approx(end**2, rel=4e-4, abs=1e-6)
    if hasattr(scheduler, "begin_index"):
        assert scheduler.begin_index == 0


def test_a_cosine_schedule_begins_where_the_run_does() -> None:
    cosine = {**SD15, **SCHEDULES["cosine"], "timestep_spacing": "linspace"}
    assert plan_of("euler", cosine, {}, 10).sigmas[0] == pytest.approx(20291.3, abs=0.05)
    karras = plan_of("dpmpp-2m", cosine, {"use_karras_sigmas": True}, 10)
    assert karras.timesteps[:5].tolist() == [998, 998, 998, 998, 997]


def test_pure_noise_is_planned_as_the_run_tells_it() -> None:
    base = {**SD15, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
    params = {"timestep_spacing": "trailing"}
    assert plan_of("ddim", base, params, 5).sigmas[0] == np.inf
    assert plan_of("euler", base, params, 5).sigmas[0] == pytest.approx(4096)
    assert drawn(plan_of("ddim", base, params, 5).sigmas)[0] == pytest.approx(4096)
