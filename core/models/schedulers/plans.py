"""Where a run will go, before it runs: every scheduler's timesteps and sigmas in numpy alone.

This is the library's planning said again without the library, so that a page can draw every
scheduler before torch is there. The numbers are the library's.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.errors import ExplainerError
from core.ideas.arrays import Numbers
from core.ideas.checks import check_whole
from core.ideas.schedule_config import read_alpha_bar, read_betas
from core.ideas.schedules import SMALLEST_ALPHA_BAR, keep_sigma_finite
from core.models.schedulers.planners import chosen_spacing, sigmas_of
from core.models.schedulers.record import Config, Moment, RunPlan, Scheduler
from core.models.schedulers.settings import check_params, latent_config, refuse_overrun
from core.words import tr

# Parts of a scheduler config that belong to other kinds of models; no plan is made for them.
FOREIGN = {
    "sigma_min": None,
    "sigma_max": None,
    "timestep_type": "discrete",
    "lambda_min_clipped": -float("inf"),
    "use_flow_sigmas": False,
    "use_dynamic_shifting": False,
    "skip_prk_steps": True,
}


def plan_run(
    scheduler: Scheduler,
    base_config: Config,
    params: Mapping[str, object] | None = None,
    steps: int = 20,
) -> RunPlan:
    """Plan a run without torch.

    Args:
        scheduler: whose run.
        base_config: the checkpoint's scheduler config.
        params: settings of the scheduler, as for ``make_scheduler``.
        steps: scheduler steps.

    Returns:
        The plan; equal to what the library's scheduler does.

    Raises:
        ExplainerError: a setting or the number of steps is wrong, or the checkpoint's config is of
            a kind that is not planned here.
        SchedulerParameterError: a setting is unknown, not allowed, or contradicts another.
    """
    title = scheduler.title
    check_whole(
        steps,
        tr("number of {scheduler} steps", scheduler=title),
        scheduler.min_steps,
        scheduler.max_steps,
    )
    settings = settings_in_force(scheduler, base_config, params or {})
    alpha_bar = alpha_bar_in_force(scheduler, settings)
    if settings.get("timestep_spacing") == "trailing" and not chosen_spacing(settings):
        refuse_overrun(scheduler, steps, len(alpha_bar))
    try:
        return scheduler.plan(settings, alpha_bar, steps)
    except ValueError as error:
        raise ExplainerError(
            tr(
                "{scheduler} cannot take {steps} steps from this noise schedule.",
                scheduler=title,
                steps=steps,
            ),
            tr("Choose another number of steps, or leave settings out."),
        ) from error


def moment_of(
    scheduler: Scheduler, base_config: Config, params: Mapping[str, object], steps: int, call: int
) -> Moment:
    """Return where a run stands before one of its steps.

    Args:
        scheduler: whose run.
        base_config: the checkpoint's scheduler config.
        params: settings of the scheduler.
        steps: scheduler steps.
        call: the first call of the step, 0 is the run's first.

    Raises:
        ExplainerError: as for ``plan_run``.
    """
    settings = settings_in_force(scheduler, base_config, params)
    return Moment(
        plan_run(scheduler, base_config, params, steps),
        settings,
        alpha_bar_in_force(scheduler, settings),
        call,
        str(base_config.get("prediction_type", "epsilon")),
    )


def settings_in_force(
    scheduler: Scheduler, base_config: Config, params: Mapping[str, object]
) -> dict[str, Any]:  # Any: what JSON holds
    """Return every setting of a scheduler as a run would have it.

    Args:
        scheduler: whose settings.
        base_config: the checkpoint's scheduler config.
        params: settings that were chosen.

    Returns:
        The class's defaults, with the checkpoint's values in their place, and over both what was
        chosen.

    Raises:
        ExplainerError: a setting is wrong, or the config is of a kind that is not planned here.
    """
    base = latent_config(base_config)
    for key, plain in FOREIGN.items():
        if base.get(key, plain) != plain:
            raise ExplainerError(
                tr(
                    "This checkpoint's scheduler config sets {setting}, which no curve is drawn "
                    "for.",
                    setting=key,
                ),
                tr("The run itself may work; choose another model to see its schedule."),
            )
    kept = ("num_train_timesteps", "trained_betas")
    own = {option.name: option.default for option in scheduler.options}
    given = {key: value for key, value in base.items() if key in own or key in kept}
    return {**own, **given, **check_params(scheduler, params, base)}


def alpha_bar_in_force(scheduler: Scheduler, settings: Config) -> Numbers:
    """Return the signal power left at every training timestep as a scheduler has it.

    The library multiplies up numbers of 32 bits, which moves the noise levels at the two ends of a
    schedule by some ten-thousandths, and with them the timesteps that are looked up there.

    Args:
        scheduler: whose run.
        settings: from ``settings_in_force``.

    Returns:
        (T,), float32. With zero terminal SNR the last is 0 where a scheduler works with alpha_bar
        itself, and 2^-24 where it works with sigma, which would be infinite.

    Raises:
        ExplainerError: the betas are wrong, or this scheduler does not know their schedule.
    """
    if settings.get("beta_schedule") == "sigmoid" and not scheduler.knows_sigmoid:
        raise ExplainerError(
            tr("{scheduler} knows no sigmoid beta_schedule.", scheduler=scheduler.title),
            tr("Choose DDPM."),
        )
    rescaled = bool(settings.get("rescale_betas_zero_snr"))
    betas = read_betas({**settings, "rescale_betas_zero_snr": False}).astype(np.float32)
    alpha_bar = np.cumprod(1 - betas, dtype=np.float64).astype(np.float32)
    if not rescaled:
        return alpha_bar
    root = np.sqrt(alpha_bar)
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    kept = np.concatenate([root[:1] ** 2, root[1:] ** 2 / root[:-1] ** 2])
    alpha_bar = np.cumprod(1 - (1 - kept), dtype=np.float64).astype(np.float32)
    return keep_sigma_finite(alpha_bar) if scheduler.levels == "sigma" else alpha_bar


def schedule_levels(config: Config) -> Numbers:
    """Return the noise level of every training timestep, (T,), rising; finite to be drawn.

    Args:
        config: the checkpoint's scheduler config.
    """
    return sigmas_of(keep_sigma_finite(read_alpha_bar(latent_config(config))))


def drawn(sigmas: Numbers) -> Numbers:
    """Return noise levels as a chart shows them: pure noise, at infinity, stands at 4,096.

    Args:
        sigmas: noise per unit of signal, any shape.
    """
    return np.where(np.isinf(sigmas), sigmas_of(np.array(SMALLEST_ALPHA_BAR)), sigmas)
