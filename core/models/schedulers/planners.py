"""Where the steps of each scheduler fall, in numpy alone; rows of the table point to these.

Every one takes the settings in force, alpha_bar of all training timesteps (T,) and a number of
steps, and raises ValueError where the noise schedule does not have that many.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Numbers
from core.ideas.beta_spacing import space_beta
from core.ideas.interpolation import sigma_at_timestep, timestep_at_sigma
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.samplers.levels import pair_with_stride
from core.ideas.spacings import (
    overruns,
    space_exponential,
    space_karras,
    space_leading,
    space_leading_above_zero,
    space_linspace,
    space_linspace_above_zero,
    space_trailing,
)
from core.models.schedulers.record import Config, RunPlan

SIGMA_SPACINGS: dict[str, Callable[[int, float, float], Numbers]] = {
    "use_karras_sigmas": space_karras,
    "use_exponential_sigmas": space_exponential,
    "use_lu_lambdas": space_exponential,  # even in lambda = -log sigma
    "use_beta_sigmas": space_beta,
}


def plan_ddim(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan DDIM: whole timesteps, the noise level is read off the schedule."""
    t = _whole(settings, steps, len(alpha_bar))
    return _at_timesteps(t, alpha_bar, _stride_end(settings, t, alpha_bar))


def plan_ddpm(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan DDPM: as DDIM, but it always ends clean."""
    return _at_timesteps(_whole(settings, steps, len(alpha_bar)), alpha_bar, 0.0)


def plan_pndm(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan PNDM: as DDIM, asking twice at the second timestep: to start, and to go on."""
    t = _whole(settings, steps, len(alpha_bar))
    end = _stride_end(settings, t, alpha_bar)
    if steps == 1:
        return _at_timesteps(t, alpha_bar, end)
    asked = np.concatenate([[0], np.arange(steps)])
    return _at_timesteps(np.concatenate([t[:2], t[1:]]), alpha_bar, end, asked)


def plan_lcm(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan LCM: an even choice of the timesteps that a model was distilled on."""
    return _at_timesteps(_distilled(settings, steps, len(alpha_bar)), alpha_bar, 0.0)


def plan_tcd(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan TCD: as LCM, but it ends at the least noise that a model is trained with."""
    t = _distilled(settings, steps, len(alpha_bar))
    return _at_timesteps(t, alpha_bar, _sigma(float(alpha_bar[0])))


def plan_euler(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan one call a step of what keeps x0 + sigma eps: timesteps may have fractions."""
    return _finish(np.arange(steps), *_visit(settings, alpha_bar, steps))


def plan_heun(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan Heun: as Euler, and every step but the last also asks where it lands."""
    t, sigmas, end = _visit(settings, alpha_bar, steps)
    return _ask_between(t, sigmas, end, t[1:], sigmas[1:])


def plan_midpoint(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan DPM++ SDE: as Euler, and every step but the last also asks half way in log sigma."""
    t, sigmas, end = _visit(settings, alpha_bar, steps)
    return _ask_half_way(t, sigmas, end, np.sqrt(sigmas[:-1] * sigmas[1:]), alpha_bar)


def plan_kdpm2(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan KDPM2: half way as well, but Karras' sigmas are asked about at whole timesteps."""
    t, sigmas, end = _visit(settings, alpha_bar, steps, whole_karras=True)
    return _ask_half_way(t, sigmas, end, np.sqrt(sigmas[:-1] * sigmas[1:]), alpha_bar)


def plan_kdpm2_ancestral(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan KDPM2 ancestral: it asks half way to where each step goes down to."""
    t, sigmas, end = _visit(settings, alpha_bar, steps, whole_karras=True)
    return _ask_half_way(t, sigmas, end, _half_way_down(sigmas[:-1], sigmas[1:]), alpha_bar)


def plan_dpmpp_2m(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan DPM++ 2M: whole timesteps, which the library cuts off on a cosine schedule."""
    cosine = settings.get("beta_schedule") == "squaredcos_cap_v2"
    return _plan_solver(settings, alpha_bar, steps, rounds=not cosine)


def plan_dpmpp_2s(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan DPM++ 2S: whole timesteps, none of them at t = 0."""
    return _plan_solver(settings, alpha_bar, steps)


def plan_unipc(settings: Config, alpha_bar: Numbers, steps: int) -> RunPlan:
    """Plan DEIS, SA-Solver and UniPC: with spaced sigmas the library says the last one twice."""
    return _plan_solver(settings, alpha_bar, steps, last_twice=True)


def chosen_spacing(settings: Config) -> str:
    """Return the one spacing of sigmas that is switched on, or "".

    Args:
        settings: in force.
    """
    return next((name for name in SIGMA_SPACINGS if settings.get(name)), "")


def sigmas_of(alpha_bar: Numbers) -> Numbers:
    """Return the noise level of every training timestep, (T,), rising.

    Args:
        alpha_bar: signal power left, (T,).
    """
    return np.asarray(sigma_from_alpha_bar(alpha_bar))


def _whole(settings: Config, steps: int, train_steps: int) -> NDArray[np.integer]:
    return _space(settings, steps, train_steps).round().astype(int)


def _stride_end(settings: Config, t: NDArray[np.integer], alpha_bar: Numbers) -> float:
    """Return the noise level that DDIM's last step leads to."""
    last = 1.0 if settings.get("set_alpha_to_one", True) else float(alpha_bar[0])
    return _sigma(pair_with_stride(t, alpha_bar, last)[-1][1])


def _distilled(settings: Config, steps: int, train_steps: int) -> NDArray[np.integer]:
    distilled = int(settings["original_inference_steps"])
    origin = np.arange(distilled, 0, -1) * (train_steps // distilled) - 1  # falling
    return origin[np.floor(np.linspace(0, distilled, steps, endpoint=False)).astype(int)]


def _at_timesteps(
    t: NDArray[np.integer],
    alpha_bar: Numbers,
    end: float,
    asked: NDArray[np.integer] | None = None,
) -> RunPlan:
    """Read noise levels off the schedule; ``asked`` says the step of each call, if not one each."""
    return _finish(np.arange(len(t)) if asked is None else asked, t, sigmas_of(alpha_bar)[t], end)


def _visit(
    settings: Config, alpha_bar: Numbers, steps: int, whole_karras: bool = False
) -> tuple[Numbers, Numbers, float]:
    """Return timesteps and sigmas where steps begin, (steps,) each, and where the last one ends."""
    levels = sigmas_of(alpha_bar)
    t = _space(settings, steps, len(alpha_bar)).astype(np.float32)
    end = float(levels[0]) if settings.get("final_sigmas_type") == "sigma_min" else 0.0
    evenly = settings.get("interpolation_type") == "log_linear"
    sigmas = (
        space_exponential(steps + 1, levels[0], levels[-1])  # over the whole schedule; t stays
        if evenly
        else np.asarray(sigma_at_timestep(t, levels))
    )
    spacing = chosen_spacing(settings)
    if spacing:
        trailing = settings.get("timestep_spacing") == "trailing"
        least = levels[0] if trailing and overruns(steps, len(alpha_bar)) else sigmas[-1]
        sigmas = SIGMA_SPACINGS[spacing](steps, float(least), float(sigmas[0]))
        t = np.asarray(timestep_at_sigma(sigmas, levels))
        if whole_karras and spacing == "use_karras_sigmas":
            t = t.round()
    elif evenly:
        sigmas, end = sigmas[:-1], float(sigmas[-1])
    return t, sigmas, end


def _plan_solver(
    settings: Config, alpha_bar: Numbers, steps: int, rounds: bool = True, last_twice: bool = False
) -> RunPlan:
    """Plan the DPM-Solver family: whole timesteps, none of them at t = 0."""
    levels = sigmas_of(alpha_bar)
    spacing = chosen_spacing(settings)
    if spacing:  # always over the whole schedule
        sigmas = SIGMA_SPACINGS[spacing](steps, float(levels[0]), float(levels[-1]))
        t = np.asarray(timestep_at_sigma(sigmas, levels))
        rounds = rounds and spacing in ("use_karras_sigmas", "use_lu_lambdas")
        t = t.round() if rounds else np.floor(t)
    else:
        t = _space(settings, steps, len(alpha_bar), above_zero=True)
        sigmas = levels[t.astype(int)]
    if settings.get("final_sigmas_type", "sigma_min") == "zero":
        end = 0.0
    else:  # DEIS and SA-Solver never take the last step to 0
        end = float(sigmas[-1] if spacing and last_twice else levels[0])
    return _finish(np.arange(steps), t, sigmas, end)


def _ask_half_way(
    t: Numbers, sigmas: Numbers, end: float, between: Numbers, alpha_bar: Numbers
) -> RunPlan:
    t_between = np.asarray(timestep_at_sigma(between, sigmas_of(alpha_bar)))
    return _ask_between(t, sigmas, end, t_between, between)


def _ask_between(
    t: Numbers, sigmas: Numbers, end: float, t_between: Numbers, between: Numbers
) -> RunPlan:
    """Add the second question of every step but the last."""
    both = np.stack([between, sigmas[1:]], axis=1).ravel()  # (N - 1,), (N - 1,) -> (2N - 2,)
    both_t = np.stack([t_between, t[1:]], axis=1).ravel()
    asked = np.arange(2 * len(t) - 1) // 2
    return _finish(asked, np.concatenate([t[:1], both_t]), np.concatenate([sigmas[:1], both]), end)


def _half_way_down(before: Numbers, after: Numbers) -> Numbers:
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
    steps: NDArray[np.integer], t: NDArray[np.number], sigmas: Numbers, end: float
) -> RunPlan:
    return RunPlan(steps, t.astype(np.float64), sigmas.astype(np.float64), end)


def _space(settings: Config, steps: int, train_steps: int, above_zero: bool = False) -> Numbers:
    """Choose timesteps as ``timestep_spacing`` says."""
    spacing = settings.get("timestep_spacing", "linspace")  # DPM++ 2S has no other
    if spacing == "trailing":
        return space_trailing(steps, train_steps)
    if spacing == "leading":
        leading = space_leading_above_zero if above_zero else space_leading
        return leading(steps, train_steps, int(settings["steps_offset"]))
    return (space_linspace_above_zero if above_zero else space_linspace)(steps, train_steps)


def _sigma(alpha_bar: float) -> float:
    return float(sigma_from_alpha_bar(alpha_bar))
