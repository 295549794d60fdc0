"""What can be set on each scheduler, and what is allowed; imports no torch.

A checkpoint's scheduler config fixes what its network was trained with (prediction type, number of
training timesteps); everything here is a choice of the sampler, or a what-if on the noise schedule.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

from core.ideas.spacings import overruns
from core.models.schedulers.names import nearest
from core.models.schedulers.record import (
    Option,
    Scheduler,
    SchedulerParameterError,
    Value,
    one_or_other,
)
from core.models.schedulers.table import SCHEDULERS
from core.words import tr, tr_later

# Settings of the library that are no choice for a latent model, and why.
FIXED = {
    "prediction_type": tr_later("it is what the checkpoint's network was trained to predict"),
    "num_train_timesteps": tr_later("the checkpoint's network knows only its own timesteps"),
    "trained_betas": tr_later("the noise schedule belongs to the checkpoint"),
    "clip_sample": tr_later("it is for models that work on pixels and would clip latents"),
    "clip_sample_range": tr_later("it is for models that work on pixels and would clip latents"),
    "thresholding": tr_later("it is for models that work on pixels and would clip latents"),
    "dynamic_thresholding_ratio": tr_later(
        "it is for models that work on pixels and would clip latents"
    ),
    "sample_max_value": tr_later("it is for models that work on pixels and would clip latents"),
    "use_flow_sigmas": tr_later("it is for flow-matching models"),
    "flow_shift": tr_later("it is for flow-matching models"),
    "noise_sampler_seed": tr_later("the request's own seed is used"),
    "skip_prk_steps": tr_later("Stable Diffusion leaves the Runge-Kutta steps out"),
}
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def options_in_force(
    scheduler: Scheduler, base_config: Mapping[str, object] | None = None
) -> list[Option]:
    """Return what can be set on a scheduler, with the values in force.

    Args:
        scheduler: whose settings.
        base_config: the checkpoint's scheduler config; its values replace the library's defaults.
    """
    base = base_config or {}
    found = []
    for option in scheduler.options:
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
    scheduler: Scheduler,
    params: Mapping[str, object],
    base_config: Mapping[str, object] | None = None,
) -> dict[str, Value]:
    """Check settings and bring them to their types; "0.5", "true" as typed are understood.

    Args:
        scheduler: whose settings.
        params: settings by name, as values or as text.
        base_config: the checkpoint's scheduler config, for contradictions with what is not set.

    Returns:
        The settings with their right types, sorted by name.

    Raises:
        SchedulerParameterError: a name is unknown, a value not allowed, or two contradict.
    """
    known = {option.name: option for option in options_in_force(scheduler, base_config)}
    checked: dict[str, Value] = {}
    for key in sorted(params, key=str):
        if key not in known:
            raise _unknown(scheduler.title, str(key), list(known))
        checked[key] = _read(scheduler.title, known[key], params[key])
    _refuse_contradictions(scheduler, known, checked, base_config or {})
    return checked


def refuse_overrun(scheduler: Scheduler, steps: int, train_steps: int) -> None:
    """Refuse the few numbers of steps that the library's trailing spacing counts wrongly.

    It adds the stride up from the noisy end, and where rounding leaves a hair above 0 it takes one
    timestep more, at t = -1: for 61, 103, 121 and 122 of 1,000.

    Args:
        scheduler: whose timesteps are trailing.
        steps: scheduler steps.
        train_steps: how many timesteps the model was trained with.

    Raises:
        SchedulerParameterError: the library's list would end at t = -1.
    """
    if overruns(steps, train_steps):
        raise SchedulerParameterError(
            tr(
                "{scheduler}: the library's trailing spacing turns {steps} steps into {more}, the "
                "last at t = -1, which no network knows.",
                scheduler=scheduler.title,
                steps=steps,
                more=steps + 1,
            ),
            tr("Take {steps} steps, or another timestep_spacing.", steps=steps - 1),
        )


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
            tr(
                "{scheduler}: {setting} cannot be {value}.",
                scheduler=title,
                setting=option.name,
                value=f"{given!r:.40}",
            ),
            tr(
                "It takes {allowed}; {value} works.",
                allowed=option.range,
                value=_as_typed(option.default),
            ),
        )
    assert isinstance(value, (bool, int, float, str))  # _fits let nothing else through
    return float(value) if option.type == "float" else value


def _refuse_contradictions(
    scheduler: Scheduler,
    known: Mapping[str, Option],
    checked: Mapping[str, Value],
    base_config: Mapping[str, object],
) -> None:
    """Refuse settings that cannot hold together."""
    title = scheduler.title
    inert = checked.keys() & {"beta_start", "beta_end", "beta_schedule"}
    if inert and base_config.get("trained_betas") is not None:
        raise SchedulerParameterError(
            tr(
                "{scheduler}: {setting} changes nothing, this checkpoint lists every beta itself.",
                scheduler=title,
                setting=min(inert),
            ),
            tr("Leave {setting} out.", setting=min(inert)),
        )
    value = {key: checked.get(key, option.default) for key, option in known.items()}
    spacings = [key for key in value if key.startswith("use_") and value[key] is True]
    if len(spacings) > 1:
        raise SchedulerParameterError(
            tr(
                "{scheduler}: {settings} exclude each other, each is a spacing of sigmas.",
                scheduler=title,
                settings=reduce(
                    lambda one, other: tr("{one} and {other}", one=one, other=other), spacings
                ),
            ),
            tr("Set one of them to true, for example {setting}=true alone.", setting=spacings[0]),
        )
    # Who keeps alpha_bar divides by the signal that is left; the others end at 2^-24.
    divides = scheduler.levels == "alpha_bar"
    # Without a checkpoint it is not known yet; asked again when one is there.
    predicts = base_config.get("prediction_type", "epsilon") if base_config else None
    asks_last = value.get("timestep_spacing") != "leading"  # t = 999 is one of the timesteps
    if value.get("rescale_betas_zero_snr") and divides and asks_last and predicts == "epsilon":
        raise SchedulerParameterError(
            tr(
                "{scheduler}: with rescale_betas_zero_snr no signal is left at t = 999, and the "
                "picture cannot be told from predicted noise there.",
                scheduler=title,
            ),
            tr("Use a model that predicts v, or leading timestep_spacing, or Euler."),
        )
    start, end = value.get("beta_start"), value.get("beta_end")
    if isinstance(start, float) and isinstance(end, float) and start > end:
        raise SchedulerParameterError(
            tr(
                "{scheduler}: beta_start {start:g} lies above beta_end {end:g}; noise must grow "
                "with t.",
                scheduler=title,
                start=start,
                end=end,
            ),
            tr("Choose beta_start below {end:g}, for example {less:g}.", end=end, less=end / 10),
        )


def _unknown(title: str, key: str, names: list[str]) -> SchedulerParameterError:
    every = tr("Settings are: {names}.", names=", ".join(names))
    if key in FIXED:
        return SchedulerParameterError(
            tr(
                "{scheduler}: {setting} cannot be set here: {why}.",
                scheduler=title,
                setting=key,
                why=tr(FIXED[key]),
            ),
            every,
        )
    elsewhere = [one.title for one in SCHEDULERS.values() if key in one.takes]
    close = nearest(key, names)
    if elsewhere:
        fix = tr("It is a setting of {names}. {every}", names=", ".join(elsewhere), every=every)
    elif close:
        fix = tr("Did you mean {names}? {every}", names=one_or_other(close), every=every)
    else:
        fix = every
    return SchedulerParameterError(
        tr("{scheduler} has no setting called {name}.", scheduler=title, name=f"{key!r:.40}"), fix
    )


def _as_typed(value: Value | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
