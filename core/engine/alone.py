"""One run by itself: the loop driven by hand, for tests, notebooks and the command line."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.engine.ask import answer
from core.engine.denoise import denoise
from core.engine.looks.look import Work, finish
from core.engine.request import Request, validated
from core.engine.trace import Step, Trace
from core.models.latents import decode_latents
from core.models.loading import Checkpoint


def run_alone(checkpoint: Checkpoint, request: Request) -> Trace:
    """Run one request from noise to picture.

    Args:
        checkpoint: answers, whatever model the request names.
        request: validated here.

    Returns:
        The whole run.

    Raises:
        ExplainerError: a field is wrong, or the numbers stopped being finite.
    """
    return finish(run_in_pieces(checkpoint, request))


def run_in_pieces(checkpoint: Checkpoint, request: Request) -> Work[Trace]:
    """Run one request, pausing before every call of the network.

    Args:
        checkpoint: as for ``run_alone``.
        request: as for ``run_alone``.

    Yields:
        Calls made, and calls in all.

    Returns:
        The whole run.

    Raises:
        ExplainerError: as for ``run_alone``.
    """
    request = validated(request)
    started = time.perf_counter()
    loop = denoise(checkpoint, request)
    query = next(loop)
    while True:
        yield 0 if query.last is None else query.last.index + 1, query.calls
        try:
            query = loop.send(answer(checkpoint, query))
        except StopIteration as end:
            steps: tuple[Step, ...] = end.value
            break
    picture = decode(checkpoint, [steps[-1].x_prev])[0]
    return Trace(request, checkpoint.fingerprint, steps, picture, time.perf_counter() - started)


def decode(checkpoint: Checkpoint, latents: Sequence[Tensor]) -> np.ndarray:
    """Turn latents into pictures.

    Args:
        checkpoint: whose autoencoder decodes.
        latents: each (C, H, W), at unit scale, all of one shape.

    Returns:
        uint8 (len(latents), height, width, 3).

    Raises:
        ExplainerError: the pictures hold numbers that are not finite.
    """
    return decode_latents(checkpoint, torch.stack(list(latents))).contiguous().numpy()
