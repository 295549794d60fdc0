"""One factory for every scheduler, always from the checkpoint's own config."""

import functools
import importlib
import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import ExplainerError
from core.ideas.interpolation import timestep_at_sigma
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.models.schedulers.record import Scheduler, SchedulerParameterError
from core.models.schedulers.settings import check_params, latent_config, refuse_overrun
from core.models.uncompiled import compiler_left_out
from core.words import tr


def make_scheduler(
    scheduler: Scheduler,
    base_config: Mapping[str, Any],  # Any: a diffusers config holds what JSON holds
    params: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Any:  # Any: diffusers' schedulers share methods, but no common type
    """Build a fresh scheduler; one belongs to one run, it keeps state.

    Args:
        scheduler: which one.
        base_config: the checkpoint's ``scheduler_config`` (see ``latent_config``).
        params: settings by name; those of a step (eta) are already bound to ``.step``.
        seed: for the one scheduler that draws its noise itself (DPM++ SDE).

    Returns:
        A diffusers scheduler without timesteps yet: call ``set_timesteps(steps)``.

    Raises:
        ExplainerError: its extra package is missing.
        SchedulerParameterError: a setting is unknown, not allowed, or contradicts another.
    """
    base = latent_config(base_config)
    checked = check_params(scheduler, params or {}, base)
    if not scheduler.available:
        raise ExplainerError(
            tr(
                "{scheduler} needs {package}, which is not installed.",
                scheduler=scheduler.title,
                package=scheduler.requires,
            ),
            tr("Run: pip install {package}", package=scheduler.requires),
        )
    steps = {option.name for option in scheduler.options if option.where == "step"}
    # Not by `import diffusers`: the library exchanges itself for another module while it is being
    # imported, and whoever imports it at that moment, in another thread, keeps the empty one.
    with compiler_left_out():
        scheduler_class = getattr(importlib.import_module("diffusers"), scheduler.class_name)
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
            made = scheduler_class.from_config(config)
    except Exception as error:  # whatever a config makes the classes raise
        raise SchedulerParameterError(
            tr(
                "{scheduler} cannot be built with these settings: {why}",
                scheduler=scheduler.title,
                why=f"{error!s:.200}",
            ),
            tr("Leave settings out until it works."),
        ) from error
    bound = {key: value for key, value in checked.items() if key in steps}
    if bound:
        made.step = functools.partial(made.step, **bound)
    _guard_timesteps(made, scheduler)
    return made


def _guard_timesteps(made: Any, scheduler: Scheduler) -> None:  # Any: as above
    """Refuse a list of timesteps that overran, and begin at the first sigma.

    The scheduler would look its first timestep up instead, and start one sigma late where rounding
    made the first two timesteps equal (beta sigmas from 50 steps on).
    """
    set_timesteps = made.set_timesteps

    @functools.wraps(set_timesteps)
    def set_and_begin(steps: int, **kwargs: Any) -> None:  # Any: the class's own arguments
        set_timesteps(steps, **kwargs)
        if float(made.timesteps[-1]) < 0:
            refuse_overrun(scheduler, steps, len(made.alphas_cumprod))
        if not made.timesteps.isfinite().all():  # KDPM2 ancestral, where two sigmas are close
            raise ExplainerError(
                tr(
                    "{scheduler} cannot take {steps} steps from this noise schedule: the "
                    "library's timesteps are no numbers.",
                    scheduler=scheduler.title,
                    steps=steps,
                ),
                tr("Choose fewer steps, another spacing or another scheduler."),
            )
        if hasattr(made, "set_begin_index"):
            made.set_begin_index(0)

    made.set_timesteps = set_and_begin


def timetable(
    scheduler: Scheduler,
    base_config: Mapping[str, Any],  # Any: what JSON holds
    params: Mapping[str, object],
    steps: int,
) -> tuple[float, ...]:
    """Return the timesteps of a run; no network is needed for it.

    Args:
        scheduler: whose run.
        base_config: the checkpoint's scheduler config.
        params: the scheduler's own options.
        steps: scheduler steps.

    Returns:
        One timestep for every U-Net call, the noisiest first; some samplers visit one twice,
        some take fractions.

    Raises:
        ExplainerError: the scheduler cannot be had, or refuses an option.
    """
    made = make_scheduler(scheduler, base_config, params)
    made.set_timesteps(steps)
    return tuple(float(t) for t in made.timesteps)


def walk_levels(scheduler: Any, sigmas: Sequence[float]) -> None:  # Any: as above
    """Have a scheduler walk noise levels that somebody chose.

    Args:
        scheduler: one that keeps sigmas, its timesteps set to as many steps.
        sigmas: where its steps begin, falling, and where the last one ends.

    Raises:
        ValueError: the scheduler was set to another number of steps.
    """
    schedule = sigma_from_alpha_bar(scheduler.alphas_cumprod.double().numpy())
    levels = torch.tensor(sigmas, dtype=torch.float32)
    timesteps = torch.tensor(timestep_at_sigma(levels[:-1].numpy(), np.asarray(schedule)))
    if scheduler.order == 2:  # every level but the ends is asked about twice
        levels = torch.cat([levels[:1], levels[1:-1].repeat_interleave(2), levels[-1:]])
        timesteps = torch.cat([timesteps[:1], timesteps[1:].repeat_interleave(2)])
    if levels.shape != scheduler.sigmas.shape:
        raise ValueError(f"there are {len(sigmas) - 1} steps, the scheduler has others")
    scheduler.sigmas, scheduler.timesteps = levels, timesteps.float()


def brownian_pieces(
    made: Any,
    seed: int,
    shape: tuple[int, ...],  # Any: as above
) -> list[Tensor]:
    """Cut one random path as DPM++ SDE does, call by call.

    Args:
        made: the one scheduler that draws its noise itself, its timesteps set; it is used up.
        seed: of the run.
        shape: of the latents.

    Returns:
        What each call adds, about unit variance; the last call adds none.
    """
    from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

    still = torch.zeros(shape)
    ends = float(made.sigmas[made.sigmas > 0].min()), float(made.sigmas.max())
    cut = BrownianTreeNoiseSampler(still, *ends, seed)
    pieces: list[Tensor] = []

    def keep(sigma: float, sigma_next: float) -> Tensor:  # tensors, which the library calls so
        pieces.append(cut(sigma, sigma_next))
        return pieces[-1]

    made.noise_sampler = keep
    for t in made.timesteps:
        made.step(still, t, still)
    return [*pieces, still]


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
