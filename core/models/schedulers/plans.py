"""Where a run will go, before it runs: every scheduler's timesteps and sigmas in numpy alone.

This is the library's planning said again without the library, so that a page can draw every
scheduler before torch is there. The numbers are the library's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.ideas.beta_spacing import space_beta
from core.ideas.checks import check_whole
from core.ideas.interpolation import sigma_at_timestep, timestep_at_sigma
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.samplers.levels import pair_with_next, pair_with_stride
from core.ideas.schedule_config import read_alpha_bar, read_betas
from core.ideas.schedules import SMALLEST_ALPHA_BAR, keep_sigma_finite
from core.ideas.spacings import (
    space_exponential,
    space_karras,
    space_leading,
    space_leading_above_zero,
    space_linspace,
    space_linspace_above_zero,
    space_trailing,
)
from core.models.schedulers.settings import (
    OPTIONS,
    check_params,
    latent_config,
    overruns,
    refuse_overrun,
)
from core.models.schedulers.table import SchedulerInfo, find_scheduler

Row = NDArray[np.floating]
Settings = Mapping[str, Any]  # Any: what JSON holds

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
SIGMA_SPACINGS = {
    "use_karras_sigmas": space_karras,
    "use_exponential_sigmas": space_exponential,
    "use_lu_lambdas": space_exponential,  # even in lambda = -log sigma
    "use_beta_sigmas": space_beta,
}


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class RunPlan:
    """What a run will ask the network, one row a U-Net call.

    Attributes:
        name: the scheduler's short name.
        steps: the scheduler step each call belongs to, (calls,), rising from 0.
        timesteps: what the network will be told, (calls,), falling.
        sigmas: noise per unit of signal there, (calls,), falling.
        end: sigma that the last step ends at.
    """

    name: str
    steps: NDArray[np.integer]
    timesteps: Row
    sigmas: Row
    end: float

    @property
    def calls(self) -> int:
        """How often the U-Net will be asked."""
        return len(self.timesteps)


def plan_run(
    name: str, base_config: Settings, params: Mapping[str, object] | None = None, steps: int = 20
) -> RunPlan:
    """Plan a run without torch.

    Args:
        name: one of ``SCHEDULERS``.
        base_config: the checkpoint's scheduler config.
        params: settings of the scheduler, as for ``make_scheduler``.
        steps: scheduler steps.

    Returns:
        The plan; equal to what the library's scheduler does.

    Raises:
        ExplainerError: the scheduler is unknown, a setting or the number of steps is wrong, or the
            checkpoint's config is of a kind that is not planned here.
        SchedulerParameterError: a setting is unknown, not allowed, or contradicts another.
    """
    info = find_scheduler(name)
    check_whole(steps, f"number of {info.title} steps", info.min_steps, info.max_steps)
    settings = settings_in_force(info, base_config, params or {})
    alpha_bar = alpha_bar_in_force(info, settings)
    if settings.get("timestep_spacing") == "trailing" and not _chosen_spacing(settings):
        refuse_overrun(info, steps, len(alpha_bar))
    try:
        return FAMILIES[info.name](info.name, settings, alpha_bar, steps)
    except ValueError as error:
        raise ExplainerError(
            f"{info.title} cannot take {steps} steps from this noise schedule.",
            "Choose another number of steps, or leave settings out.",
        ) from error


def settings_in_force(
    name: str | SchedulerInfo, base_config: Settings, params: Mapping[str, object]
) -> dict[str, Any]:  # Any: what JSON holds
    """Return every setting of a scheduler as a run would have it.

    Args:
        name: one of ``SCHEDULERS``.
        base_config: the checkpoint's scheduler config.
        params: settings that were chosen.

    Returns:
        The class's defaults, with the checkpoint's values in their place, and over both what was
        chosen.

    Raises:
        ExplainerError: a setting is wrong, or the config is of a kind that is not planned here.
    """
    info, base = find_scheduler(name), latent_config(base_config)
    for key, plain in FOREIGN.items():
        if base.get(key, plain) != plain:
            raise ExplainerError(
                f"This checkpoint's scheduler config sets {key}, which no curve is drawn for.",
                "The run itself may work; choose another model to see its schedule.",
            )
    kept = ("num_train_timesteps", "trained_betas")
    own = {option.name: option.default for option in OPTIONS[info.name]}
    given = {key: value for key, value in base.items() if key in own or key in kept}
    return {**own, **given, **check_params(info, params, base)}


def alpha_bar_in_force(info: SchedulerInfo, settings: Settings) -> Row:
    """Return the signal power left at every training timestep as a scheduler has it.

    The library multiplies up numbers of 32 bits, which moves the noise levels at the two ends of a
    schedule by some ten-thousandths, and with them the timesteps that are looked up there.

    Args:
        info: of the scheduler.
        settings: from ``settings_in_force``.

    Returns:
        (T,), float32. With zero terminal SNR the last is 0 where a scheduler works with alpha_bar
        itself, and 2^-24 where it works with sigma, which would be infinite.

    Raises:
        ExplainerError: the betas are wrong, or this scheduler does not know their schedule.
    """
    if settings.get("beta_schedule") == "sigmoid" and info.name != "ddpm":
        raise ExplainerError(f"{info.title} knows no sigmoid beta_schedule.", "Choose DDPM.")
    rescaled = bool(settings.get("rescale_betas_zero_snr"))
    betas = read_betas({**settings, "rescale_betas_zero_snr": False}).astype(np.float32)
    alpha_bar = np.cumprod(1 - betas, dtype=np.float64).astype(np.float32)
    if not rescaled:
        return alpha_bar
    root = np.sqrt(alpha_bar)
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    kept = np.concatenate([root[:1] ** 2, root[1:] ** 2 / root[:-1] ** 2])
    alpha_bar = np.cumprod(1 - (1 - kept), dtype=np.float64).astype(np.float32)
    by_sigma = FAMILIES[info.name] in (_plan_sigmas, _plan_solvers)
    return keep_sigma_finite(alpha_bar) if by_sigma else alpha_bar


def schedule_levels(config: Settings) -> Row:
    """Return the noise level of every training timestep, (T,), rising; finite to be drawn.

    Args:
        config: the checkpoint's scheduler config.
    """
    return sigmas_of(keep_sigma_finite(read_alpha_bar(latent_config(config))))


def sigmas_of(alpha_bar: Row) -> Row:
    """Return the noise level of every training timestep, (T,), rising.

    Args:
        alpha_bar: signal power left, (T,).
    """
    return np.asarray(sigma_from_alpha_bar(alpha_bar))


def drawn(sigmas: Row) -> Row:
    """Return noise levels as a chart shows them: pure noise, at infinity, stands at 4,096.

    Args:
        sigmas: noise per unit of signal, any shape.
    """
    return np.where(np.isinf(sigmas), sigmas_of(np.array(SMALLEST_ALPHA_BAR)), sigmas)


def _plan_alphas(name: str, settings: Settings, alpha_bar: Row, steps: int) -> RunPlan:
    """Plan DDIM, DDPM and PNDM: whole timesteps, the noise level is read off the schedule."""
    t = _space(settings, steps, len(alpha_bar)).round().astype(int)
    last = 1.0 if settings.get("set_alpha_to_one", True) else float(alpha_bar[0])
    pairs = pair_with_next(t, alpha_bar) if name == "ddpm" else pair_with_stride(t, alpha_bar, last)
    index = np.arange(steps)
    if name == "pndm" and steps > 1:  # asks twice at the second timestep: to start, and to go on
        t = np.concatenate([t[:2], t[1:]])
        index = np.concatenate([[0], index])
    levels = sigmas_of(alpha_bar)
    return _finish(name, index, t, levels[t], _sigma(pairs[-1][1]))


def _plan_distilled(name: str, settings: Settings, alpha_bar: Row, steps: int) -> RunPlan:
    """Plan LCM and TCD: an even choice of the timesteps that a model was distilled on."""
    distilled = int(settings["original_inference_steps"])
    stride = len(alpha_bar) // distilled
    origin = np.arange(distilled, 0, -1) * stride - 1  # falling
    t = origin[np.floor(np.linspace(0, distilled, steps, endpoint=False)).astype(int)]
    end = 0.0 if name == "lcm" else _sigma(float(alpha_bar[0]))
    levels = sigmas_of(alpha_bar)
    return _finish(name, np.arange(steps), t, levels[t], end)


def _plan_sigmas(name: str, settings: Settings, alpha_bar: Row, steps: int) -> RunPlan:
    """Plan the samplers that keep x0 + sigma eps: timesteps may have fractions."""
    levels = sigmas_of(alpha_bar)
    t = _space(settings, steps, len(alpha_bar)).astype(np.float32)
    end = float(levels[0]) if settings.get("final_sigmas_type") == "sigma_min" else 0.0
    evenly = settings.get("interpolation_type") == "log_linear"
    sigmas = (
        space_exponential(steps + 1, levels[0], levels[-1])  # over the whole schedule; t stays
        if evenly
        else np.asarray(sigma_at_timestep(t, levels))
    )
    spacing = _chosen_spacing(settings)
    if spacing:
        trailing = settings.get("timestep_spacing") == "trailing"
        least = levels[0] if trailing and overruns(steps, len(alpha_bar)) else sigmas[-1]
        sigmas = SIGMA_SPACINGS[spacing](steps, float(least), float(sigmas[0]))
        t = np.asarray(timestep_at_sigma(sigmas, levels))
        if name in ("kdpm2", "kdpm2-a") and spacing == "use_karras_sigmas":
            t = t.round()
    elif evenly:
        sigmas, end = sigmas[:-1], float(sigmas[-1])
    return _ask_between(name, t, sigmas, end, levels)


def _plan_solvers(name: str, settings: Settings, alpha_bar: Row, steps: int) -> RunPlan:
    """Plan the DPM-Solver family: whole timesteps, none of them at t = 0."""
    levels = sigmas_of(alpha_bar)
    spacing = _chosen_spacing(settings)
    if spacing:  # always over the whole schedule
        sigmas = SIGMA_SPACINGS[spacing](steps, float(levels[0]), float(levels[-1]))
        t = np.asarray(timestep_at_sigma(sigmas, levels))
        rounds = spacing in ("use_karras_sigmas", "use_lu_lambdas")
        if name == "dpmpp-2m" and settings.get("beta_schedule") == "squaredcos_cap_v2":
            rounds = False  # there the library cuts off
        t = t.round() if rounds else np.floor(t)
    else:
        t = _space(settings, steps, len(alpha_bar), above_zero=True)
        sigmas = levels[t.astype(int)]
    if settings.get("final_sigmas_type", "sigma_min") == "zero":
        end = 0.0
    elif spacing and name in ("deis", "sa-solver", "unipc"):
        end = float(sigmas[-1])  # which the library says twice
    else:  # DEIS and SA-Solver never take the last step to 0
        end = float(levels[0])
    return _finish(name, np.arange(steps), t, sigmas, end)


def _ask_between(name: str, t: Row, sigmas: Row, end: float, levels: Row) -> RunPlan:
    """Add the second question of every step but the last, for those that ask two."""
    if name in ("euler", "euler-a", "lms"):
        return _finish(name, np.arange(len(t)), t, sigmas, end)
    before, after = sigmas[:-1], sigmas[1:]
    # Heun asks where an Euler step lands, KDPM2 half way in log sigma.
    if name == "heun":
        between = after
    elif name == "kdpm2-a":
        between = _half_way_down(before, after)
    else:
        between = np.sqrt(before * after)
    t_between = t[1:] if name == "heun" else np.asarray(timestep_at_sigma(between, levels))
    both = np.stack([between, after], axis=1).ravel()  # (N - 1,), (N - 1,) -> (2N - 2,)
    both_t = np.stack([t_between, t[1:]], axis=1).ravel()
    asked = np.arange(2 * len(t) - 1) // 2
    return _finish(
        name, asked, np.concatenate([t[:1], both_t]), np.concatenate([sigmas[:1], both]), end
    )


def _half_way_down(before: Row, after: Row) -> Row:
    """Return where KDPM2 ancestral asks within its steps, half way to where each goes down to.

    It goes down to sigma'^2 / sigma, so that this is sigma' itself. The library finds it as a
    difference of squares in 32 bits, which is far off where the two lie far apart, and no number
    where they lie close.
    """
    s, n = before.astype(np.float32), after.astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        up = np.sqrt(n**2 * (s**2 - n**2) / s**2)
        down = np.sqrt(n**2 - up**2)
        between = np.exp(np.log(s) + (np.log(down) - np.log(s)) / 2)
    if np.isnan(between).any():
        raise ValueError("where the steps go down to is no number")
    return between


def _finish(
    name: str, steps: NDArray[np.integer], t: NDArray[np.number], sigmas: Row, end: float
) -> RunPlan:
    return RunPlan(name, steps, t.astype(np.float64), sigmas.astype(np.float64), end)


def _space(settings: Settings, steps: int, train_steps: int, above_zero: bool = False) -> Row:
    """Choose timesteps as ``timestep_spacing`` says."""
    spacing = settings.get("timestep_spacing", "linspace")  # DPM++ 2S has no other
    if spacing == "trailing":
        return space_trailing(steps, train_steps)
    if spacing == "leading":
        leading = space_leading_above_zero if above_zero else space_leading
        return leading(steps, train_steps, int(settings["steps_offset"]))
    return (space_linspace_above_zero if above_zero else space_linspace)(steps, train_steps)


def _chosen_spacing(settings: Settings) -> str:
    """Return the one spacing of sigmas that is switched on, or ""."""
    return next((name for name in SIGMA_SPACINGS if settings.get(name)), "")


def _sigma(alpha_bar: float) -> float:
    return float(sigma_from_alpha_bar(alpha_bar))


Plan = Callable[[str, Settings, Row, int], RunPlan]
FAMILIES: dict[str, Plan] = {
    **dict.fromkeys(("ddim", "ddpm", "pndm"), _plan_alphas),
    **dict.fromkeys(("lcm", "tcd"), _plan_distilled),
    **dict.fromkeys(
        ("euler", "euler-a", "lms", "heun", "kdpm2", "kdpm2-a", "dpmpp-sde"), _plan_sigmas
    ),
    **dict.fromkeys(("dpmpp-2m", "dpmpp-2s", "deis", "unipc", "sa-solver"), _plan_solvers),
}
