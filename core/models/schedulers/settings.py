"""What can be set on each scheduler, and what is allowed; imports no torch.

A checkpoint's scheduler config fixes what its network was trained with (prediction type, number of
training timesteps); everything here is a choice of the sampler, or a what-if on the noise schedule.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from core.errors import ExplainerError
from core.models.schedulers.table import SCHEDULERS, SchedulerInfo, find_scheduler, nearest

Value = str | int | float | bool


class SchedulerParameterError(ExplainerError):
    """A scheduler setting that does not exist, is out of range, or contradicts another."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a scheduler.

    Attributes:
        name: diffusers' name for it.
        type: what kind of value it takes.
        default: the value used where nothing is set.
        allowed: the words it may be (choice), or its least and greatest number; () for bool.
        meaning: one sentence.
        where: "config" when it builds the scheduler, "step" when it goes to every step.
    """

    name: str
    type: Literal["bool", "int", "float", "choice"]
    default: Value | None
    allowed: tuple[Value, ...]
    meaning: str
    where: Literal["config", "step"] = "config"

    @property
    def range(self) -> str:
        """What is allowed, in words."""
        if self.type == "bool":
            return "true or false"
        if self.type == "choice":
            return " or ".join(str(value) for value in self.allowed)
        kind = "a whole number" if self.type == "int" else "a number"
        return f"{kind} from {self.allowed[0]} to {self.allowed[1]}"


_BETAS = (
    Option("beta_start", "float", 0.0001, (1e-5, 0.05), "Variance added at the first timestep."),
    Option("beta_end", "float", 0.02, (1e-5, 0.05), "Variance added at the last timestep."),
    Option(
        "beta_schedule", "choice", "linear", ("linear", "scaled_linear"),
        "Whether beta grows evenly, or its square root does.",
    ),
)  # fmt: skip
_SD_BETAS = (  # some classes have Stable Diffusion's own numbers for defaults
    replace(_BETAS[0], default=0.00085),
    replace(_BETAS[1], default=0.012),
    _BETAS[2],
)
_DISTILLED_BETAS = (*_SD_BETAS[:2], replace(_BETAS[2], default="scaled_linear"))
_SPACING = (
    Option(
        "timestep_spacing", "choice", "leading", ("leading", "linspace", "trailing"),
        "Which timesteps the steps fall on: counted up from 0, spread evenly, or down from 1000.",
    ),
    Option("steps_offset", "int", 0, (0, 1), "Added to every timestep of the leading spacing."),
)  # fmt: skip
_LINSPACE = (replace(_SPACING[0], default="linspace"), _SPACING[1])
_ZERO_SNR = Option(
    "rescale_betas_zero_snr", "bool", False, (), "Rescale beta so that t = 999 is pure noise."
)
_FINAL_SIGMA = Option(
    "final_sigmas_type", "choice", "zero", ("zero", "sigma_min"),
    "Whether the last step ends at no noise, or at the least noise trained with.",
)  # fmt: skip
_SIGMAS = (
    Option("use_karras_sigmas", "bool", False, (), "Space sigmas by Karras' rule, rho = 7."),
    Option("use_exponential_sigmas", "bool", False, (), "Space sigmas evenly in their logarithm."),
    Option("use_beta_sigmas", "bool", False, (), "Space sigmas by a beta distribution."),
)
_ORDER = Option("solver_order", "int", 2, (1, 3), "How many predictions one step combines.")
_LOWER_FINAL = Option(
    "lower_order_final", "bool", True, (), "Lower the order in the last steps; steadier below 15."
)
_DPM = (
    _ORDER,
    Option("solver_type", "choice", "midpoint", ("midpoint", "heun"), "Form of second order."),
)
_ETA = Option(
    "eta", "float", 0.0, (0.0, 1.0), "Fresh noise at every step: 0 none, 1 as much as DDPM.", "step"
)

OPTIONS: dict[str, tuple[Option, ...]] = {
    "ddim": (
        _ETA,
        *_SPACING,
        *_BETAS,
        _ZERO_SNR,
        Option("set_alpha_to_one", "bool", True, (), "End at alpha_bar = 1, not at t = 0's."),
    ),
    "ddpm": (
        Option(
            "variance_type", "choice", "fixed_small",
            ("fixed_small", "fixed_small_log", "fixed_large"),
            "How much fresh noise a step adds.",
        ),
        *_SPACING, *_BETAS, _ZERO_SNR,
    ),
    "pndm": (
        *_SPACING, *_BETAS,
        Option("set_alpha_to_one", "bool", False, (), "End at alpha_bar = 1, not at t = 0's."),
    ),
    "lms": (
        Option("order", "int", 4, (1, 4), "How many predictions one step combines.", "step"),
        *_LINSPACE, *_SIGMAS, *_BETAS,
    ),
    "euler": (
        Option("s_churn", "float", 0.0, (0.0, 100.0), "Fresh noise added over all steps.", "step"),
        Option("s_noise", "float", 1.0, (0.5, 1.5), "Strength of that fresh noise.", "step"),
        Option(
            "interpolation_type", "choice", "linear", ("linear", "log_linear"),
            "How sigma is read between timesteps.",
        ),
        *_LINSPACE, *_SIGMAS, *_BETAS, _ZERO_SNR, _FINAL_SIGMA,
    ),
    "euler-a": (*_LINSPACE, *_BETAS, _ZERO_SNR),
    "heun": (*_LINSPACE, *_SIGMAS, *_SD_BETAS),
    "kdpm2": (*_LINSPACE, *_SIGMAS, *_SD_BETAS),
    "kdpm2-a": (*_LINSPACE, *_SIGMAS, *_SD_BETAS),
    "dpmpp-2m": (
        Option(
            "algorithm_type", "choice", "dpmsolver++", ("dpmsolver++", "sde-dpmsolver++"),
            "The plain equation, or the stochastic one with fresh noise.",
        ),
        *_DPM, *_LINSPACE, *_SIGMAS,
        Option("use_lu_lambdas", "bool", False, (), "Space steps evenly in log SNR (Lu 2022)."),
        *_BETAS, _ZERO_SNR, _FINAL_SIGMA, _LOWER_FINAL,
        Option("euler_at_final", "bool", False, (), "Make the last step a plain Euler step."),
    ),
    "dpmpp-2s": (
        Option(
            "algorithm_type", "choice", "dpmsolver++", ("dpmsolver++", "sde-dpmsolver++"),
            "The plain equation, or the stochastic one with fresh noise.",
        ),
        *_DPM, *_SIGMAS, *_BETAS, _FINAL_SIGMA,
        replace(_LOWER_FINAL, default=False),
    ),
    "dpmpp-sde": (*_LINSPACE, *_SIGMAS, *_SD_BETAS),
    "deis": (_ORDER, *_LINSPACE, *_SIGMAS, *_BETAS, _LOWER_FINAL),
    "unipc": (
        _ORDER,
        *_LINSPACE, *_SIGMAS, *_BETAS, _ZERO_SNR, _FINAL_SIGMA,
    ),
    "sa-solver": (
        Option("predictor_order", "int", 2, (1, 3), "Predictions the predictor combines."),
        Option("corrector_order", "int", 2, (1, 3), "Predictions the corrector combines."),
        Option(
            "algorithm_type", "choice", "data_prediction", ("data_prediction", "noise_prediction"),
            "Extrapolate the picture, or the noise.",
        ),
        *_LINSPACE, *_SIGMAS, *_BETAS, _LOWER_FINAL,
    ),
    "lcm": (
        Option(
            "original_inference_steps", "int", 50, (50, 1000),
            "How many timesteps the model was distilled on; the steps are taken from these.",
        ),
        *_DISTILLED_BETAS, _ZERO_SNR,
    ),
    "tcd": (
        replace(_ETA, default=0.3, meaning="Fresh noise at every step, called gamma in TCD."),
        Option(
            "original_inference_steps", "int", 50, (50, 1000),
            "How many timesteps the model was distilled on; the steps are taken from these.",
        ),
        *_DISTILLED_BETAS, _ZERO_SNR,
    ),
}  # fmt: skip

# Settings of the library that are no choice for a latent model, and why.
FIXED = {
    "prediction_type": "it is what the checkpoint's network was trained to predict",
    "num_train_timesteps": "the checkpoint's network knows only its own timesteps",
    "trained_betas": "the noise schedule belongs to the checkpoint",
    "clip_sample": "it is for models that work on pixels and would clip latents",
    "clip_sample_range": "it is for models that work on pixels and would clip latents",
    "thresholding": "it is for models that work on pixels and would clip latents",
    "dynamic_thresholding_ratio": "it is for models that work on pixels and would clip latents",
    "sample_max_value": "it is for models that work on pixels and would clip latents",
    "use_flow_sigmas": "it is for flow-matching models",
    "flow_shift": "it is for flow-matching models",
    "noise_sampler_seed": "the request's own seed is used",
    "skip_prk_steps": "Stable Diffusion leaves the Runge-Kutta steps out",
}
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def available(name: str | SchedulerInfo) -> bool:
    """Whether this scheduler's extra package is installed.

    Args:
        name: one of ``SCHEDULERS``.

    Raises:
        ExplainerError: no scheduler has that name.
    """
    requires = find_scheduler(name).requires
    return not requires or importlib.util.find_spec(requires) is not None


def options(
    name: str | SchedulerInfo, base_config: Mapping[str, object] | None = None
) -> list[Option]:
    """Return what can be set on a scheduler, with the values in force.

    Args:
        name: one of ``SCHEDULERS``.
        base_config: the checkpoint's scheduler config; its values replace the library's defaults.

    Raises:
        ExplainerError: no scheduler has that name.
    """
    base = base_config or {}
    found = []
    for option in OPTIONS[find_scheduler(name).name]:
        value = base.get(option.name, option.default)
        if option.type == "choice" and isinstance(value, str) and value not in option.allowed:
            option = replace(option, allowed=(*option.allowed, value))  # the checkpoint's own
        usable = isinstance(value, (bool, int, float, str)) and _fits(option, value)
        found.append(replace(option, default=value) if usable else option)
    return found


def latent_config(base_config: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
    """Return a scheduler config as Stable Diffusion means it.

    Older configs leave out that latents are not clipped and that timesteps start at 1; a scheduler
    of another class would then clip them (DDIM from a PNDM config). diffusers' own pipeline mends
    the same two values when it is built. Configs of other classes leave out that PNDM starts
    without Runge-Kutta steps, which would fail below 4 steps.

    Args:
        base_config: the checkpoint's ``scheduler_config.json`` as a dict.
    """
    unset = base_config.get("_use_default_values", ())  # a default of another class is no choice
    chosen = {key: value for key, value in base_config.items() if key not in unset}
    return {"skip_prk_steps": True, **chosen, "clip_sample": False, "steps_offset": 1}


def check_params(
    name: str | SchedulerInfo,
    params: Mapping[str, object],
    base_config: Mapping[str, object] | None = None,
) -> dict[str, Value]:
    """Check settings and bring them to their types; "0.5", "true" as typed are understood.

    Args:
        name: one of ``SCHEDULERS``.
        params: settings by name, as values or as text.
        base_config: the checkpoint's scheduler config, for contradictions with what is not set.

    Returns:
        The settings with their right types, sorted by name.

    Raises:
        ExplainerError: no scheduler has that name.
        SchedulerParameterError: a name is unknown, a value not allowed, or two contradict.
    """
    info = find_scheduler(name)
    known = {option.name: option for option in options(info, base_config)}
    checked: dict[str, Value] = {}
    for key in sorted(params, key=str):
        if key not in known:
            raise _unknown(info.title, str(key), list(known))
        checked[key] = _read(info.title, known[key], params[key])
    _refuse_contradictions(info, known, checked, base_config or {})
    return checked


def refuse_overrun(info: SchedulerInfo, steps: int, train_steps: int) -> None:
    """Refuse the few numbers of steps that the library's trailing spacing counts wrongly.

    It adds the stride up from the noisy end, and where rounding leaves a hair above 0 it takes one
    timestep more, at t = -1: for 61, 103, 121 and 122 of 1,000.

    Args:
        info: of the scheduler, whose timesteps are trailing.
        steps: scheduler steps.
        train_steps: how many timesteps the model was trained with.

    Raises:
        SchedulerParameterError: the library's list would end at t = -1.
    """
    if overruns(steps, train_steps):
        raise SchedulerParameterError(
            f"{info.title}: the library's trailing spacing turns {steps} steps into "
            f"{steps + 1}, the last at t = -1, which no network knows.",
            f"Take {steps - 1} steps, or another timestep_spacing.",
        )


def overruns(steps: int, train_steps: int) -> bool:
    """Whether the library's trailing spacing takes one timestep more than it was asked for.

    Args:
        steps: scheduler steps.
        train_steps: how many timesteps the model was trained with.
    """
    return len(np.arange(train_steps, 0, -train_steps / steps)) != steps


def _fits(option: Option, value: object) -> bool:
    """Whether a value already has the right type and lies within what is allowed."""
    if option.type == "bool":
        return isinstance(value, bool)
    if option.type == "choice":
        return isinstance(value, str) and value in option.allowed
    kinds = (int,) if option.type == "int" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    low, high = option.allowed
    return float(low) <= value <= float(high)  # no NaN is, and no whole number is too long for it


def _read(title: str, option: Option, given: object) -> Value:
    """Turn what was given into the option's type, or say what would work."""
    value = given
    if isinstance(given, str) and option.type != "choice":
        text = given.strip().lower()
        if option.type == "bool":
            value = True if text in _TRUE else False if text in _FALSE else given
        else:
            try:
                value = int(text) if option.type == "int" else float(text)
            except ValueError:
                value = given
    if not _fits(option, value):
        raise SchedulerParameterError(
            f"{title}: {option.name} cannot be {given!r:.40}.",
            f"It takes {option.range}; {_as_typed(option.default)} works.",
        )
    assert isinstance(value, (bool, int, float, str))  # _fits let nothing else through
    return float(value) if option.type == "float" else value


def _refuse_contradictions(
    info: SchedulerInfo,
    known: Mapping[str, Option],
    checked: Mapping[str, Value],
    base_config: Mapping[str, object],
) -> None:
    """Refuse settings that cannot hold together."""
    name, title = info.name, info.title
    inert = checked.keys() & {"beta_start", "beta_end", "beta_schedule"}
    if inert and base_config.get("trained_betas") is not None:
        raise SchedulerParameterError(
            f"{title}: {min(inert)} changes nothing, this checkpoint lists every beta itself.",
            f"Leave {min(inert)} out.",
        )
    value = {key: checked.get(key, option.default) for key, option in known.items()}
    spacings = [key for key in value if key.startswith("use_") and value[key] is True]
    if len(spacings) > 1:
        raise SchedulerParameterError(
            f"{title}: {' and '.join(spacings)} exclude each other, each is a spacing of sigmas.",
            f"Set one of them to true, for example {spacings[0]}=true alone.",
        )
    # DDIM, DDPM, LCM and TCD divide by the signal that is left; the others end at 2^-24.
    divides = name in ("ddim", "ddpm", "lcm", "tcd")
    # Without a checkpoint it is not known yet; asked again when one is there.
    predicts = base_config.get("prediction_type", "epsilon") if base_config else None
    asks_last = value.get("timestep_spacing") != "leading"  # t = 999 is one of the timesteps
    if value.get("rescale_betas_zero_snr") and divides and asks_last and predicts == "epsilon":
        raise SchedulerParameterError(
            f"{title}: with rescale_betas_zero_snr no signal is left at t = 999, and the picture "
            "cannot be told from predicted noise there.",
            "Use a model that predicts v, or leading timestep_spacing, or Euler.",
        )
    start, end = value.get("beta_start"), value.get("beta_end")
    if isinstance(start, float) and isinstance(end, float) and start > end:
        raise SchedulerParameterError(
            f"{title}: beta_start {start:g} lies above beta_end {end:g}; noise must grow with t.",
            f"Choose beta_start below {end:g}, for example {end / 10:g}.",
        )


def _unknown(title: str, key: str, names: list[str]) -> SchedulerParameterError:
    if key in FIXED:
        return SchedulerParameterError(
            f"{title}: {key} cannot be set here: {FIXED[key]}.",
            f"Settings are: {', '.join(names)}.",
        )
    elsewhere = [name for name, found in OPTIONS.items() if key in {o.name for o in found}]
    close = nearest(key, names)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    if elsewhere:
        titles = ", ".join(SCHEDULERS[name].title for name in elsewhere)
        hint = f"It is a setting of {titles}. "
    return SchedulerParameterError(
        f"{title} has no setting called {key!r:.40}.", f"{hint}Settings are: {', '.join(names)}."
    )


def _as_typed(value: Value | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
