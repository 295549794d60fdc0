"""The way from noise to latents, which a picture while you type and the run itself share."""

import time
from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor

from core.engine.denoise import denoise
from core.engine.loaded import LoadedModel
from core.engine.request import Request
from core.engine.trace import Step
from core.engine.work import NoiseQuery


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A run from noise to latents.

    Attributes:
        steps: one a call of the U-Net.
        computer: what answered for the U-Net, and in which numbers.
        seconds: that it took, as lived through.
    """

    steps: tuple[Step, ...]
    computer: str
    seconds: float


def walk(loaded: LoadedModel, request: Request) -> Generator[NoiseQuery, Tensor, Walk]:
    """Walk from noise to latents; a work's course goes through all of it by ``yield from``.

    Args:
        loaded: the model.
        request: validated.
    """
    started, computers = time.perf_counter(), [loaded.computer_of(request)]
    steps = yield from denoise(loaded.checkpoint, request, loaded.states(request))
    computers.append(loaded.computer_of(request))  # one that was built meanwhile
    seconds = time.perf_counter() - started
    return Walk(steps, ", then ".join(dict.fromkeys(computers)), seconds)
