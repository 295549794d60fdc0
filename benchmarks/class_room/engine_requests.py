"""What is asked of the engine itself: a picture alone, and many requests from many threads."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine.request import Request

KINDS = 20  # different requests
THREADS = 16
WAIT_S = 120.0


@cache
def _checkpoint() -> Any:  # Any: its class imports torch
    from core.models.loading import load_checkpoint

    return load_checkpoint()


def picture_alone(wish: Request) -> NDArray[np.uint8]:
    """Return the picture that the engine makes of a request when nothing else is asked."""
    from core.engine.alone import run_alone

    return run_alone(_checkpoint(), wish).picture


def ask_engine(count: int) -> tuple[int, int]:
    """Ask one engine for short runs from many threads at once.

    Args:
        count: of requests.

    Returns:
        How many were answered rightly, and how many wrongly; the others were lost.
    """
    from core.engine.loaded import LoadedModel
    from core.engine.worker import Worker

    kinds = [
        Request(prompt=f"a cat {number}", seed=number, steps=2 + number % 3)
        for number in range(KINDS)
    ]
    wanted = [picture_alone(one) for one in kinds]
    worker = Worker(load=lambda _: LoadedModel(_checkpoint(), 0))

    def ask(number: int) -> bool | None:
        kind = number % KINDS
        ticket = worker.submit(kinds[kind], f"thread {number}", replace=False)
        if not ticket.wait(WAIT_S):
            return None
        far = np.abs(ticket.result().picture.astype(int) - wanted[kind].astype(int)).max()
        return bool(far <= 1)

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            said = list(pool.map(ask, range(count)))
    finally:
        worker.close()
    return said.count(True), said.count(False)
