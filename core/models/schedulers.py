"""One factory for every scheduler, always from the checkpoint's own config."""

import functools
import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import diffusers

from core.errors import ExplainerError
from core.models.scheduler_options import (
    Option,
    SchedulerParameterError,
    available,
    check_params,
    latent_config,
    options,
    refuse_overrun,
)
from core.models.schedulers_info import find_scheduler

__all__ = [
    "Option",
    "SchedulerParameterError",
    "available",
    "latent_config",
    "make_scheduler",
    "options",
]


def make_scheduler(
    name: str,
    base_config: Mapping[str, Any],  # Any: a diffusers config holds what JSON holds
    params: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Any:  # Any: diffusers' schedulers share methods, but no common type
    """Build a fresh scheduler; one belongs to one run, it keeps state.

    Args:
        name: one of ``SCHEDULERS``.
        base_config: the checkpoint's ``scheduler_config`` (see ``latent_config``).
        params: settings, see ``options``; those of a step (eta) are already bound to ``.step``.
        seed: for the one scheduler that draws its noise itself (DPM++ SDE).

    Returns:
        A diffusers scheduler without timesteps yet: call ``set_timesteps(steps)``.

    Raises:
        ExplainerError: no scheduler has that name, or its extra package is missing.
        SchedulerParameterError: a setting is unknown, not allowed, or contradicts another.
    """
    info = find_scheduler(name)
    base = latent_config(base_config)
    checked = check_params(name, params or {}, base)
    if not available(name):
        raise ExplainerError(
            f"{info.title} needs {info.requires}, which is not installed.",
            f"Run: pip install {info.requires}",
        )
    steps = {option.name for option in options(name) if option.where == "step"}
    scheduler_class = getattr(diffusers, info.class_name)
    accepted = inspect.signature(scheduler_class.__init__).parameters
    # The class would only warn of what it does not take.
    config = {key: value for key, value in base.items() if key in accepted}
    config |= {key: value for key, value in checked.items() if key not in steps}
    if "noise_sampler_seed" in accepted:
        config["noise_sampler_seed"] = seed
    try:
        with warnings.catch_warnings():
            # numpy 2.4 with torch 2.13; harmless, and a learner should not meet it
            warnings.filterwarnings("ignore", message="__array", category=DeprecationWarning)
            scheduler = scheduler_class.from_config(config)
    except (ValueError, NotImplementedError, ImportError) as error:
        raise SchedulerParameterError(
            f"{info.title} cannot be built with these settings: {error!s:.200}",
            "Leave settings out until it works.",
        ) from error
    bound = {key: value for key, value in checked.items() if key in steps}
    if bound:
        scheduler.step = functools.partial(scheduler.step, **bound)
    _guard_timesteps(scheduler, name)
    return scheduler


def _guard_timesteps(scheduler: Any, name: str) -> None:  # Any: as above
    """Refuse a list of timesteps that overran, and begin at the first sigma.

    The scheduler would look its first timestep up instead, and start one sigma late where rounding
    made the first two timesteps equal (beta sigmas from 50 steps on).
    """
    set_timesteps = scheduler.set_timesteps

    @functools.wraps(set_timesteps)
    def set_and_begin(steps: int, **kwargs: Any) -> None:  # Any: the class's own arguments
        set_timesteps(steps, **kwargs)
        if float(scheduler.timesteps[-1]) < 0:
            refuse_overrun(name, steps, len(scheduler.alphas_cumprod))
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(0)

    scheduler.set_timesteps = set_and_begin
