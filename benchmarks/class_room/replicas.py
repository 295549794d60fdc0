"""A class on two replicas of Ray Serve, one of which is killed while everybody draws."""

import importlib.util
import itertools
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from core.engine.request import Request

WAIT_S = 300.0
BEGUN = 2  # calls that half of the runs have had when the replica is killed


def kill_one(pupils: int, steps: int) -> dict[str, float]:
    """Kill a replica in mid-run; returns what was lost, and when it computed again.

    Args:
        pupils: who draw at the same time.
        steps: of their runs.

    Returns:
        Figures by name; none where Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        return {}
    from core.engine.on_ray import open_pool
    from core.engine.results import Results

    pool = open_pool(Results())
    try:
        wishes = [Request(prompt="a red cat", seed=seed, steps=steps) for seed in range(pupils)]
        tickets = [pool.submit(wish, f"pupil {n}") for n, wish in enumerate(wishes)]
        _until(lambda: sum(map(_begun, tickets)) >= pupils / 2)
        again = _kill(pool, tickets)
        _until(lambda: sum(not one.wait(0) for one in tickets) == 0)  # looks at every one
        return {"serves again": again, "lost": sum(one.state != "done" for one in tickets)}
    finally:
        pool.close()
        importlib.import_module("ray").shutdown()


def _kill(pool: Any, tickets: list[Any]) -> float:  # Any: their modules import torch
    """Kill the first replica; returns the seconds until it has the model and works again."""
    place, began, numbers = pool._places[0], time.monotonic(), itertools.count()

    def works() -> bool:
        # More than the other one has room for, so that there is work for this one.
        number = next(numbers)
        pool.submit(Request(prompt="a dog", seed=number, steps=2), f"guest {number}")
        looked_at = [one.status() for one in tickets]
        return bool(looked_at and place.link.lives > 1 and place.jobs)

    os.kill(place.link.handle.process.remote().result(), signal.SIGKILL)
    _until(works, 0.1)
    return time.monotonic() - began


def _begun(ticket: Any) -> bool:  # Any: as above
    return ticket.wait(0) or ticket.status().step >= BEGUN


def _until(there: Callable[[], bool], turn_s: float = 0.02) -> None:
    """Ask again and again whether something is there, no longer than ``WAIT_S``."""
    ends = time.monotonic() + WAIT_S
    while not there() and time.monotonic() < ends:
        time.sleep(turn_s)
