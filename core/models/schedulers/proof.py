"""The judge of every scheduler: data so simple that the exact end of a run is known."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor

from core.ideas.closed_form import GaussianData, find_moments, predict_exact_eps, solve_exactly
from core.ideas.noise_levels import alpha_bar_from_sigma
from core.ideas.prediction import from_unit_scale, to_unit_scale
from core.models.schedulers.call_count import need_finite
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.plans import plan_run
from core.models.schedulers.record import Scheduler

SIDE = 64  # values on a side: as many as are needed for the spread of a stochastic run


@dataclass(frozen=True, slots=True)
class ProofPoint:
    """How far one run ended from where it should have.

    Attributes:
        name: the scheduler's short name.
        steps: scheduler steps.
        calls: network calls, counted.
        error: root mean square distance from the exact end; of a stochastic scheduler, the
            distance of mean and standard deviation from the data's.
        mean: of the values at the end.
        std: of the values at the end.
    """

    name: str
    steps: int
    calls: int
    error: float
    mean: float
    std: float


def measure_error(
    scheduler: Scheduler,
    steps: int,
    base_config: Mapping[str, Any],  # Any: what JSON holds
    params: Mapping[str, object] | None = None,
    data: GaussianData | None = None,
) -> ProofPoint:
    """Run the library's scheduler with a perfect network, and compare its end with the exact one.

    Args:
        scheduler: which one.
        steps: scheduler steps.
        base_config: the checkpoint's scheduler config.
        params: settings of the scheduler.
        data: what clean values are like.

    Raises:
        ExplainerError: a setting is wrong, or the run ended in no finite number.
    """
    data = data or GaussianData()
    ours = {"prediction_type": "epsilon", "rescale_betas_zero_snr": False}
    config = {**base_config, **ours}
    plan = plan_run(scheduler, config, params, steps)
    made = make_scheduler(scheduler, config, params)
    made.set_timesteps(steps)
    generator = torch.Generator().manual_seed(0)
    takes_noise = "generator" in inspect.signature(made.step).parameters
    fresh = {"generator": generator} if takes_noise else {}
    levels = [float(alpha_bar_from_sigma(sigma)) for sigma in (*plan.sigmas, plan.end)]
    start = _quantiles(*find_moments(data, levels[0]))
    x = from_unit_scale(start, float(plan.sigmas[0])) if scheduler.space == "ve" else start
    calls = 0
    for index, t in enumerate(made.timesteps):
        # The sigma itself, not the timestep that it was rounded to: the scheduler alone is judged.
        asked = made.scale_model_input(x, t)
        eps = predict_exact_eps(asked, levels[index], data)
        calls += 1
        x = made.step(eps, t, x, **fresh).prev_sample
    end = (to_unit_scale(x, plan.end) if scheduler.space == "ve" else x).double()
    mean, std = float(end.mean()), float(end.std())
    if scheduler.stochastic:
        wanted = find_moments(data, levels[-1])
        error = ((mean - wanted[0]) ** 2 + (std - wanted[1]) ** 2) ** 0.5
    else:
        exact = solve_exactly(start, levels[0], levels[-1], data)
        error = float((end - exact).square().mean().sqrt())
    need_finite(end, scheduler, steps)
    return ProofPoint(scheduler.name, steps, calls, error, mean, std)


def _quantiles(mean: float, std: float) -> Tensor:
    """Return values spread exactly as a Gaussian is, (1, 1, SIDE, SIDE)."""
    count = SIDE * SIDE
    curve = NormalDist(mean, std)
    values = [curve.inv_cdf((at + 0.5) / count) for at in range(count)]
    return torch.tensor(values, dtype=torch.float32).reshape(1, 1, SIDE, SIDE)
