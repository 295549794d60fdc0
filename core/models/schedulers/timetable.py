"""Which timesteps a run visits: what its scheduler says, in the order of the U-Net's calls."""

from collections.abc import Mapping
from typing import Any

from core.models.schedulers.factory import make_scheduler


def timetable(
    name: str,
    base_config: Mapping[str, Any],  # Any: what JSON holds
    params: Mapping[str, object],
    steps: int,
) -> tuple[float, ...]:
    """Return the timesteps of a run; no network is needed for it.

    Args:
        name: the scheduler's short name.
        base_config: the checkpoint's scheduler config.
        params: the scheduler's own options.
        steps: scheduler steps.

    Returns:
        One timestep for every U-Net call, the noisiest first; some samplers visit one twice,
        some take fractions.

    Raises:
        ExplainerError: the scheduler is unknown, cannot be had, or refuses an option.
    """
    scheduler = make_scheduler(name, base_config, params)
    scheduler.set_timesteps(steps)
    return tuple(float(t) for t in scheduler.timesteps)
