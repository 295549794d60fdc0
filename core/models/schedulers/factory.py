"""One factory for every scheduler, always from the checkpoint's own config."""

import functools
import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import diffusers
import torch
from torch import Tensor

from core.errors import ExplainerError
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.models.schedulers.settings import (
    Option,
    SchedulerParameterError,
    available,
    check_params,
    latent_config,
    options,
    refuse_overrun,
)
from core.models.schedulers.table import SchedulerInfo, find_scheduler

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
    checked = check_params(info, params or {}, base)
    if not available(info):
        raise ExplainerError(
            f"{info.title} needs {info.requires}, which is not installed.",
            f"Run: pip install {info.requires}",
        )
    steps = {option.name for option in options(info) if option.where == "step"}
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
    except Exception as error:  # whatever a config makes the classes raise
        raise SchedulerParameterError(
            f"{info.title} cannot be built with these settings: {error!s:.200}",
            "Leave settings out until it works.",
        ) from error
    bound = {key: value for key, value in checked.items() if key in steps}
    if bound:
        scheduler.step = functools.partial(scheduler.step, **bound)
    _guard_timesteps(scheduler, info)
    return scheduler


def _guard_timesteps(scheduler: Any, info: SchedulerInfo) -> None:  # Any: as above
    """Refuse a list of timesteps that overran, and begin at the first sigma.

    The scheduler would look its first timestep up instead, and start one sigma late where rounding
    made the first two timesteps equal (beta sigmas from 50 steps on).
    """
    set_timesteps = scheduler.set_timesteps

    @functools.wraps(set_timesteps)
    def set_and_begin(steps: int, **kwargs: Any) -> None:  # Any: the class's own arguments
        set_timesteps(steps, **kwargs)
        if float(scheduler.timesteps[-1]) < 0:
            refuse_overrun(info, steps, len(scheduler.alphas_cumprod))
        if not scheduler.timesteps.isfinite().all():  # KDPM2 ancestral, where two sigmas are close
            raise ExplainerError(
                f"{info.title} cannot take {steps} steps from this noise schedule: the library's "
                "timesteps are no numbers.",
                "Choose fewer steps, another spacing or another scheduler.",
            )
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(0)

    scheduler.set_timesteps = set_and_begin


def noise_level(scheduler: Any, t: Tensor) -> float:  # Any: diffusers has no common type
    """Return sigma of the latents the scheduler is about to ask about.

    Args:
        scheduler: a diffusers scheduler between two steps.
        t: the timestep it asks with.
    """
    if not hasattr(scheduler, "sigmas"):  # DDIM, DDPM, PNDM, LCM, TCD
        return float(sigma_from_alpha_bar(float(scheduler.alphas_cumprod[int(t)])))
    index = scheduler.step_index
    if index is None:  # before the first step
        index = scheduler.begin_index or 0
    if not getattr(scheduler, "state_in_first_order", True):  # the second call of one step
        if getattr(scheduler, "mid_point_sigma", None) is not None:  # DPM++ SDE
            return float(scheduler.mid_point_sigma)
        if hasattr(scheduler, "sigmas_interpol"):  # KDPM2 asks half way; the two count apart
            ancestral = "Ancestral" in type(scheduler).__name__
            return float(scheduler.sigmas_interpol[index - 1 if ancestral else index])
    return float(scheduler.sigmas[index])


def begin_at(scheduler: Any, step: int, steps: int) -> Tensor:  # Any: as above
    """Have a scheduler begin with one of its steps.

    Args:
        scheduler: with its timesteps set, before its first step.
        step: 0 is the first.
        steps: of a whole run.

    Returns:
        The timesteps from there on.

    Raises:
        ValueError: there is no such step.
    """
    if not 0 <= step < steps:
        raise ValueError(f"step is {step}, expected 0 to {steps - 1}")
    timesteps = scheduler.timesteps
    # PNDM begins by asking twice at its second timestep. What asks twice a step makes three calls
    # of two steps as well, but is not meant here.
    if scheduler.order == 1 and len(timesteps) == steps + 1 and step:
        own = timesteps[step + 1 :]
        return torch.cat([own[:2], own[1:]])
    begin = step * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    return timesteps[begin:]


def scheduler_step(order: int, index: int, calls: int, steps: int) -> int:
    """Return which scheduler step a U-Net call belongs to.

    Args:
        order: of the scheduler; 2 asks twice a step.
        index: number of the call.
        calls: how many there are.
        steps: how many scheduler steps they make.
    """
    if order == 2:  # Heun and KDPM2, which ask once at the last step
        return index // 2
    return max(0, index - (calls - steps))  # PNDM asks again at the start
