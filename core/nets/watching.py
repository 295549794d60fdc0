"""Looking into a running network: what each part puts out, and how long it takes."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.nets.attention import SpatialTransformer
from core.nets.residual import Downsample, ResnetBlock, Upsample
from core.nets.time_embedding import TimeEmbedding

Keep = Callable[[Any], Tensor]  # Any: whatever a part returns


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest call of one part: what was kept of its output, and its time in seconds."""

    value: Tensor
    seconds: float


def feature_map(output: Tensor | tuple[Tensor, object]) -> Tensor:
    """Keep what a part hands on, the first where it returns several, apart from any gradient."""
    return (output if isinstance(output, Tensor) else output[0]).detach()


@contextmanager
def watch(net: nn.Module, parts: Mapping[str, Keep]) -> Iterator[dict[str, Seen]]:
    """Note what the named parts put out while the block below ``with`` runs the network.

    Only calls from the same thread are noted, so that several may watch one network. Weights of
    large maps fill the memory: give a ``Keep`` that pools them as they come.

    Args:
        net: any network; the result is the same as without watching.
        parts: name of a part (as in ``named_modules``) -> what to keep of its output.

    Yields:
        What was seen, by name, filled in the order in which the parts finish.

    Raises:
        ValueError: the network has no part of a name.
    """
    modules = dict(net.named_modules())
    unknown = sorted(set(parts) - set(modules))
    if unknown:
        raise ValueError(f"parts are {unknown}, expected names from named_modules()")
    seen: dict[str, Seen] = {}
    with ExitStack() as stack:
        for name, keep in parts.items():
            for handle in _hook(modules[name], name, keep, seen):
                stack.callback(handle.remove)
        yield seen


def boxes(unet: nn.Module) -> dict[str, nn.Module]:
    """Name the boxes of the diagram: convolutions in and out, time, and what each level is made of.

    Args:
        unet: a ``UNet``.

    Returns:
        Name -> part. No part lies inside another, and together they hold every weight.
    """
    kinds = (ResnetBlock, SpatialTransformer, Downsample, Upsample, TimeEmbedding)
    ends = ("conv_in", "conv_norm_out", "conv_out")
    return {
        name: part for name, part in unet.named_modules() if isinstance(part, kinds) or name in ends
    }


def _hook(
    module: nn.Module, name: str, keep: Keep, seen: dict[str, Seen]
) -> tuple[torch.utils.hooks.RemovableHandle, ...]:
    thread = threading.get_ident()
    started = 0.0

    def before(*_: object) -> None:
        nonlocal started
        if threading.get_ident() == thread:
            started = _now()

    def after(_module: nn.Module, _inputs: object, output: object) -> None:
        if threading.get_ident() == thread:
            seconds = _now() - started
            seen[name] = Seen(keep(output), seconds)

    return module.register_forward_pre_hook(before), module.register_forward_hook(after)


def _now() -> float:
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()  # a graphics card answers before it has finished
    return time.perf_counter()
