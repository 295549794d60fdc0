"""One training of a lab in a process of its own: settings come in, lines of JSON go out.

A process has its own threads and its own Python lock, so that a class that trains takes neither
from the pages nor from the engine; and it can be ended at any moment.
"""

import base64
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from core.errors import ExplainerError

NICENESS = 10  # pictures that people wait for go first

Event = dict[str, Any]  # Any: what JSON holds
Train = Callable[[dict[str, Any], dict[str, Tensor]], Iterator[Event]]


def serve(train: Train) -> None:
    """Read what to train from the standard input, train, and print every event.

    An ``ExplainerError`` ends it, and is told as {"kind": "failed", "what", "fix"}.

    Args:
        train: yields events, given the settings' fields and the tensors to go on from, none at the
            beginning.
    """
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    torch.set_num_threads(1)  # of this process, which does nothing else
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # nobody reads any more
        asked = json.load(sys.stdin)
        try:
            for event in train(asked["settings"], unpack(asked["saved"])):
                print(json.dumps(event), flush=True)
        except ExplainerError as error:
            told = {"kind": "failed", "what": error.what, "fix": error.fix}
            print(json.dumps(told), flush=True)


def saved(tensors: dict[str, Tensor]) -> Event:
    """Return the event that says what a training needs to go on from here.

    Args:
        tensors: all of it.
    """
    whole = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    packed = safetensors.torch.save(whole)
    return {"kind": "saved", "state": base64.b64encode(packed).decode("ascii")}


def unpack(text: str | None) -> dict[str, Tensor]:
    """Return the tensors of a ``saved`` event's state, none of None."""
    return safetensors.torch.load(base64.b64decode(text)) if text else {}


def numbers(values: Any, kind: str = "<f4") -> str:  # Any: an array or a tensor
    """Return numbers in base64.

    Args:
        values: any shape.
        kind: numpy's name of their type.
    """
    plain = values.detach().numpy() if isinstance(values, Tensor) else values
    return base64.b64encode(np.ascontiguousarray(plain, kind).tobytes()).decode("ascii")
