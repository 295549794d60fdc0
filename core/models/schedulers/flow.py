"""Schedulers of the library for flow models: none is offered, for no flow model ships."""

from typing import Any

FLOW_CLASSES = ("FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler")


def library_shares(steps: int, shift: float) -> dict[str, tuple[float, ...]]:
    """Ask the library where the steps of a flow stand.

    Args:
        steps: how many.
        shift: moves them up.

    Returns:
        Shares of noise, falling, with the 0 at the end, each once, by class.
    """
    import diffusers

    found = {}
    for name in FLOW_CLASSES:
        scheduler: Any = getattr(diffusers, name)(shift=shift)  # Any: diffusers has no common type
        scheduler.set_timesteps(steps)
        found[name] = tuple(dict.fromkeys(float(share) for share in scheduler.sigmas))
    return found
