"""One run by itself: the loop driven by hand, for tests, notebooks and the command line."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.engine.ask import answer
from core.engine.denoise import denoise
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
    request = validated(request)
    started = time.perf_counter()
    loop = denoise(checkpoint, request)
    query = next(loop)
    while True:
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
