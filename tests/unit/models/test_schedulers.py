"""Every scheduler is the library's, built from the checkpoint, and runs to its end."""

import importlib.util
import re
import subprocess
import sys
from typing import Any

import diffusers
import pytest
import torch

from core.errors import ExplainerError
from core.models.schedulers.call_count import count_calls
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.names import REJECTED, Rejected, find_scheduler, read_sampler
from core.models.schedulers.record import Scheduler, SchedulerParameterError
from core.models.schedulers.settings import check_params, latent_config, options_in_force
from core.models.schedulers.table import SCHEDULERS

SD15 = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}
HERE = [one for one in SCHEDULERS.values() if one.available]
pytestmark = pytest.mark.filterwarnings(
    "ignore:Should have t:UserWarning",  # torchsde rounds its own path's ends
    "ignore:.*torch.tensor:DeprecationWarning",
)


def last_sigma(scheduler: Any) -> float:  # Any: diffusers has no common type
    alpha_bar = scheduler.alphas_cumprod[-1]
    return float(((1 - alpha_bar) / alpha_bar) ** 0.5)


def test_no_class_and_no_name_stands_in_two_rows() -> None:
    classes = [one.class_name for one in SCHEDULERS.values()]
    assert len({*classes, *(one.class_name for one in REJECTED)}) == len(classes) + len(REJECTED)
    assert all(name == one.name for name, one in SCHEDULERS.items())


def test_every_class_of_the_library_is_offered_or_named_with_the_reason_why_not() -> None:
    library = {name for name in dir(diffusers.schedulers) if name.endswith("Scheduler")}
    told = {one.class_name for one in (*SCHEDULERS.values(), *REJECTED)}
    assert library - told <= {"KarrasDiffusionSchedulers"}
    assert told <= library


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_latents_and_noise_levels_are_kept_as_is_said(one: Scheduler) -> None:
    made = make_scheduler(one, SD15)
    assert (float(made.init_noise_sigma) > 1) == (one.space == "ve")
    assert hasattr(made, "sigmas") == (one.levels == "sigma")


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_a_sigmoid_schedule_is_known_to_those_that_say_so(one: Scheduler) -> None:
    try:
        make_scheduler(one, {**SD15, "beta_schedule": "sigmoid"})
    except SchedulerParameterError:
        assert not one.knows_sigmoid
    else:
        assert one.knows_sigmoid


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_scheduler_equals_the_librarys_built_directly(one: Scheduler) -> None:
    ours = make_scheduler(one, SD15)
    theirs = getattr(diffusers, one.class_name).from_config(dict(SD15))
    ours.set_timesteps(10)
    theirs.set_timesteps(10)
    torch.testing.assert_close(ours.timesteps, theirs.timesteps)
    torch.testing.assert_close(ours.alphas_cumprod, theirs.alphas_cumprod)
    if hasattr(theirs, "sigmas"):
        torch.testing.assert_close(ours.sigmas, theirs.sigmas)


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_schedule_is_the_checkpoints_not_the_librarys(one: Scheduler) -> None:
    assert last_sigma(make_scheduler(one, SD15)) == pytest.approx(14.6146, abs=1e-3)


def test_library_default_would_be_another_schedule() -> None:
    assert last_sigma(diffusers.DDIMScheduler()) == pytest.approx(157.4, abs=0.1)


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 50, 150])
def test_every_number_of_steps_offered_runs_to_a_finite_end(one: Scheduler, steps: int) -> None:
    steps = max(one.min_steps, min(steps, one.max_steps))
    calls = count_calls(one, steps, SD15)
    words = {"N": steps, "N + 1": steps + (steps > 1), "2N − 1": 2 * steps - 1}
    assert calls == words[one.calls]


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_every_single_setting_runs_to_a_finite_end(one: Scheduler) -> None:
    for option in options_in_force(one, SD15):
        values = (True, False) if option.type == "bool" else option.allowed
        for value in values:
            params = {option.name: value}
            try:
                check_params(one, params, SD15)
            except SchedulerParameterError:
                continue  # contradicts the checkpoint's own settings, and says so
            steps = 50 if option.name == "use_beta_sigmas" else 3
            assert count_calls(one, steps, SD15, params) >= steps


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_defaults_and_names_are_the_librarys(one: Scheduler) -> None:
    import inspect

    scheduler_class = getattr(diffusers, one.class_name)
    for option in one.options:
        method = scheduler_class.__init__ if option.where == "config" else scheduler_class.step
        assert inspect.signature(method).parameters[option.name].default == option.default


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_stochastic_is_what_is_said(one: Scheduler) -> None:
    def end(seed: int) -> torch.Tensor:
        import inspect

        scheduler = make_scheduler(one, SD15, seed=seed)
        scheduler.set_timesteps(4)
        takes_noise = "generator" in inspect.signature(scheduler.step).parameters
        noise = {"generator": torch.Generator().manual_seed(seed)} if takes_noise else {}
        x = torch.ones(1, 4, 2, 2)
        for t in scheduler.timesteps:
            scheduler.scale_model_input(x, t)
            x = scheduler.step(torch.zeros_like(x), t, x, **noise).prev_sample
        return x

    assert torch.equal(end(1), end(1))
    assert (not torch.equal(end(1), end(2))) == one.stochastic


def test_older_config_neither_clips_latents_nor_shifts_timesteps() -> None:
    older = {key: SD15[key] for key in SD15 if key not in ("clip_sample", "steps_offset")}
    scheduler = make_scheduler(SCHEDULERS["ddim"], older)
    assert scheduler.config.clip_sample is False
    scheduler.set_timesteps(50)
    assert int(scheduler.timesteps[0]) == 981


def test_config_of_another_class_gives_pndm_without_runge_kutta() -> None:
    base = {key: value for key, value in SD15.items() if key != "skip_prk_steps"}
    assert count_calls(SCHEDULERS["pndm"], 2, base) == 3


def test_saved_defaults_of_another_class_are_no_choice() -> None:
    config = {**SD15, "timestep_spacing": "leading", "_use_default_values": ["timestep_spacing"]}
    assert "timestep_spacing" not in latent_config(config)


def test_v_prediction_reaches_the_scheduler() -> None:
    scheduler = make_scheduler(SCHEDULERS["dpmpp-2m"], {**SD15, "prediction_type": "v_prediction"})
    assert scheduler.config.prediction_type == "v_prediction"


def test_eta_is_bound_to_the_step() -> None:
    def end(eta: float) -> torch.Tensor:
        scheduler = make_scheduler(SCHEDULERS["ddim"], SD15, {"eta": eta})
        scheduler.set_timesteps(4)
        noise = torch.Generator().manual_seed(0)
        x = torch.ones(1, 4, 2, 2)
        return scheduler.step(x, scheduler.timesteps[0], x, generator=noise).prev_sample

    assert not torch.equal(end(0.0), end(1.0))


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("euler", {"use_karas_sigmas": True}, "Did you mean use_karras_sigmas"),
        ("ddim", {"use_karras_sigmas": True}, "It is a setting of LMS, Euler"),
        ("ddim", {"prediction_type": "v_prediction"}, "trained to predict"),
        ("ddim", {"clip_sample": True}, "would clip latents"),
        ("ddim", {"__class__": "x"}, "no setting called '__class__'"),
        ("ddim", {"eta": "nan"}, "a number from 0.0 to 1.0; 0.0 works"),
        ("ddim", {"eta": 2}, "eta cannot be 2"),
        ("ddim", {"beta_start": -1}, "beta_start cannot be -1"),
        ("ddim", {"beta_schedule": "foo"}, "linear or scaled_linear; scaled_linear works"),
        ("ddim", {"timestep_spacing": "foo"}, "leading or linspace or trailing"),
        ("ddim", {"num_train_timesteps": 0}, "cannot be set here"),
        ("ddim", {"beta_start": 0.02, "beta_end": 0.001}, "lies above beta_end"),
        ("dpmpp-2m", {"solver_order": 0}, "a whole number from 1 to 3; 2 works"),
        ("dpmpp-2m", {"solver_order": 9}, "solver_order cannot be 9"),
        ("dpmpp-2m", {"solver_order": 1.5}, "solver_order cannot be 1.5"),
        ("dpmpp-2m", {"solver_order": True}, "solver_order cannot be True"),
        ("dpmpp-2m", {"algorithm_type": "foo"}, "dpmsolver++ or sde-dpmsolver++"),
        (
            "euler",
            {"use_karras_sigmas": True, "use_exponential_sigmas": True},
            "use_karras_sigmas and use_exponential_sigmas exclude each other",
        ),
        (
            "ddim",
            {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"},
            "no signal is left at t = 999",
        ),
    ],
)
def test_wrong_setting_says_what_would_work(name: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(SchedulerParameterError) as caught:
        make_scheduler(SCHEDULERS[name], SD15, params)
    assert says in str(caught.value)


def test_suggested_value_is_accepted() -> None:
    with pytest.raises(SchedulerParameterError) as caught:
        check_params(SCHEDULERS["ddim"], {"beta_start": 0.02, "beta_end": 0.001}, SD15)
    suggested = caught.value.fix.rsplit(" ", 1)[1].rstrip(".")
    params = {"beta_start": suggested, "beta_end": 0.001}
    assert check_params(SCHEDULERS["ddim"], params, SD15)["beta_start"] == pytest.approx(0.0001)


def test_text_is_read_by_the_settings_type() -> None:
    read = check_params(
        SCHEDULERS["dpmpp-2m"], {"use_karras_sigmas": "TRUE", "solver_order": "3"}, SD15
    )
    assert read == {"solver_order": 3, "use_karras_sigmas": True}


def test_trained_betas_make_beta_settings_an_error() -> None:
    with pytest.raises(SchedulerParameterError, match="changes nothing"):
        check_params(
            SCHEDULERS["ddim"], {"beta_end": 0.02}, {**SD15, "trained_betas": [0.1] * 1000}
        )


@pytest.mark.parametrize("name", ["dpm++2", "Eular", "", "__class__", "os.system", "x" * 5000])
def test_unknown_name_gets_the_whole_list(name: str) -> None:
    with pytest.raises(ExplainerError) as caught:
        find_scheduler(name)
    assert all(known in caught.value.fix for known in SCHEDULERS)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("eulr-a", "euler-a"), ("HeunDiscretScheduler", "heun (HeunDiscreteScheduler)")],
)
def test_nearest_name_comes_first(typed: str, meant: str) -> None:
    with pytest.raises(ExplainerError, match=re.escape(f"Did you mean {meant}")):
        find_scheduler(typed)


@pytest.mark.parametrize("one", SCHEDULERS.values(), ids=lambda one: one.name)
def test_every_name_is_as_good_as_the_short_one(one: Scheduler) -> None:
    for name in (*one.names, one.class_name.upper(), f" {one.name.upper()}"):
        assert find_scheduler(name) is one


@pytest.mark.parametrize("rejected", REJECTED, ids=lambda rejected: rejected.class_name)
def test_a_class_that_is_not_offered_is_told_why(rejected: Rejected) -> None:
    with pytest.raises(ExplainerError, match=re.escape(rejected.why)):
        find_scheduler(rejected.class_name)


SDE = "algorithm_type=sde-dpmsolver++"


@pytest.mark.parametrize(
    ("name", "spacing", "meant"),
    [
        ("Euler a", "", "euler-a"),
        ("Euler", "Karras", "euler use_karras_sigmas=True"),
        ("LMS Karras", "", "lms use_karras_sigmas=True"),
        ("DPM2 a Karras", "", "kdpm2-a use_karras_sigmas=True"),
        ("DPM2", "Automatic", "kdpm2 use_karras_sigmas=True"),
        ("DPM++ 2M", "", "dpmpp-2m"),
        ("DPM++ 2M", "Automatic", "dpmpp-2m use_karras_sigmas=True"),
        ("DPM++ 2M", "Uniform", "dpmpp-2m"),
        (
            "DPM++ 2M SDE Exponential",
            "",
            "dpmpp-2m algorithm_type=sde-dpmsolver++ use_exponential_sigmas=True",
        ),
        ("DPM++ 2M SDE Heun", "", "dpmpp-2m algorithm_type=sde-dpmsolver++ solver_type=heun"),
        (
            "dpmpp_2m_sde_gpu",
            "karras",
            "dpmpp-2m algorithm_type=sde-dpmsolver++ use_karras_sigmas=True",
        ),
        ("DPM++ SDE", "", "dpmpp-sde"),
        ("PLMS", "", "pndm"),
        ("uni_pc_bh2", "normal", "unipc"),
        ("k_dpm_2_ancestral", "", "kdpm2-a"),
        ("k_dpmpp_2m", "beta", "dpmpp-2m use_beta_sigmas=True"),
        ("kdpm_2_a_k", "", "kdpm2-a use_karras_sigmas=True"),
        ("DPM++ 2S a", "Karras", "DPM++ 2S a use_karras_sigmas=True"),
        ("Restart", "", "Restart"),
        ("Euler", "Align Your Steps", "euler (Align Your Steps)"),
        ("DPM++ 2M Align Your Steps", "", "dpmpp-2m (Align Your Steps)"),
        ("DPM++ 2M SGM Uniform", "", "dpmpp-2m timestep_spacing=trailing"),
        ("euler", "simple", "euler timestep_spacing=trailing"),
        ("UniPC Trailing", "", "unipc timestep_spacing=trailing"),
        ("Euler a Automatic", "", "euler-a"),
    ],
)
def test_samplers_of_other_programs(name: str, spacing: str, meant: str) -> None:
    scheduler, settings, unknown = read_sampler(name, spacing)
    told = [scheduler, *(f"{key}={value}" for key, value in settings)]
    assert " ".join([*told, f"({unknown})"] if unknown else told) == meant
    if scheduler in SCHEDULERS:
        assert tuple(check_params(SCHEDULERS[scheduler], dict(settings)).items()) == settings


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torchsde" else real(name)
    )
    assert not SCHEDULERS["dpmpp-sde"].available
    with pytest.raises(ExplainerError, match="pip install torchsde"):
        make_scheduler(SCHEDULERS["dpmpp-sde"], SD15)


RACE = """
import sys, threading
import torch

first = threading.Thread(target=__import__, args=("diffusers",))
first.start()
while "diffusers" not in sys.modules:
    pass
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.names import find_scheduler

made = make_scheduler(find_scheduler("ddim"), {})
first.join()
print(type(made).__name__)
"""


def test_a_thread_that_imports_while_another_does_finds_every_class() -> None:
    """As when a page asks for a scheduler while the worker loads the model."""
    done = subprocess.run(
        [sys.executable, "-c", RACE], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip() == "DDIMScheduler", done.stderr[-500:]
