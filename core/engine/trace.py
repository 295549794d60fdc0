"""What a run leaves behind: every step of it, and the picture."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from core.engine.request import Request, from_json, to_json

STACKED = ("xt", "eps_uncond", "eps_cond", "eps", "x0", "x_prev")
COLUMNS = {"index": "index", "step": "step", "t": "timesteps", "sigma": "sigmas",
           "alpha_bar": "alpha_bars"}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class Step:
    """One U-Net call and what the scheduler made of it.

    Latents are float32 CPU tensors (C, H, W) at unit scale, whatever space the scheduler works in;
    the last ``x_prev`` is what is decoded.

    Attributes:
        index: number of the call, 0 first; it runs up.
        step: the scheduler step it belongs to; Heun and KDPM2 ask twice a step.
        t: timestep the U-Net was told, 999 is the noisiest; it runs down.
        sigma: noise per unit of signal in ``xt``.
        alpha_bar: signal power left in ``xt``.
        xt: the noisy latents the U-Net was shown.
        eps_uncond: noise it saw with the negative prompt; None at w = 1, where it is not asked.
        eps_cond: noise it saw with the prompt.
        eps: the guided noise.
        x0: the clean latents, if ``eps`` were right.
        x_prev: what the scheduler made of it, the next ``xt``.
    """

    index: int
    step: int
    t: float
    sigma: float
    alpha_bar: float
    xt: Tensor
    eps_uncond: Tensor | None
    eps_cond: Tensor
    eps: Tensor
    x0: Tensor
    x_prev: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A finished run.

    Attributes:
        request: what was asked, validated.
        fingerprint: of the weights that answered.
        steps: one a U-Net call, in order.
        picture: the decoded picture, uint8 (height, width, 3).
        seconds: from the first step to the picture, as lived through on the machine that ran it:
            what it did for others meanwhile is in it.
        computer: what answered for the U-Net, and in which numbers.
        memory: the most that the process had held by then, bytes; on a GPU of its memory.
    """

    request: Request
    fingerprint: str
    steps: tuple[Step, ...]
    picture: np.ndarray
    seconds: float
    computer: str = ""
    memory: int = 0

    @property
    def calls(self) -> int:
        """How often the U-Net was asked; guidance widens a call, it does not add one."""
        return len(self.steps)

    @property
    def timesteps(self) -> tuple[float, ...]:
        """The timestep of every call."""
        return tuple(step.t for step in self.steps)

    @property
    def sigmas(self) -> tuple[float, ...]:
        """The noise level of every call."""
        return tuple(step.sigma for step in self.steps)

    @property
    def latents(self) -> Tensor:
        """The latents that were decoded, (C, H, W)."""
        return self.steps[-1].x_prev

    @property
    def path(self) -> Tensor:
        """All noisy latents and the final ones at unit scale, (calls + 1, C, H, W)."""
        return torch.stack([*(step.xt for step in self.steps), self.latents])

    def to_tensors(self) -> dict[str, Tensor]:
        """Return everything but the request as tensors, one row a call, for safetensors."""
        rows = {
            name: torch.stack([getattr(step, name) for step in self.steps])
            for name in STACKED
            if getattr(self.steps[0], name) is not None
        }
        numbers = {
            column: torch.tensor([getattr(step, name) for step in self.steps], dtype=torch.float64)
            for name, column in COLUMNS.items()
        }
        return {**rows, **numbers, "picture": torch.from_numpy(self.picture)}

    def to_bytes(self) -> bytes:
        """Return the whole trace as one safetensors file."""
        about = {
            "request": to_json(self.request),
            "fingerprint": self.fingerprint,
            "seconds": repr(self.seconds),
            "computer": self.computer,
            "memory": str(self.memory),
        }
        return safetensors.torch.save(self.to_tensors(), about)


def from_tensors(
    tensors: Mapping[str, Tensor], request: Request, fingerprint: str, seconds: float
) -> Trace:
    """Build a trace from what ``to_tensors`` gave, and what it leaves out.

    Raises:
        ValueError: tensors are missing or differ in their number of rows.
    """
    columns = COLUMNS.values()
    missing = {*STACKED, *columns, "picture"} - {"eps_uncond"} - set(tensors)
    rows = {len(tensors[name]) for name in (*STACKED, *columns) if name in tensors}
    if missing or len(rows) != 1 or rows == {0}:
        raise ValueError(f"tensors lack {sorted(missing)} or have {rows} rows, expected one number")
    steps = []
    for row in range(rows.pop()):
        index, step, t, sigma, alpha_bar = (tensors[name][row].item() for name in columns)
        latents = {name: tensors[name][row] if name in tensors else None for name in STACKED}
        steps.append(Step(int(index), int(step), t, sigma, alpha_bar, **latents))  # type: ignore[arg-type]  # None only where checked above
    return Trace(request, fingerprint, tuple(steps), tensors["picture"].numpy(), seconds)


def from_bytes(content: bytes) -> Trace:
    """Read a trace that ``to_bytes`` wrote; raises ValueError where it is none."""
    try:
        # length of the header, the header as JSON, the tensors
        (length,) = struct.unpack_from("<Q", content)
        about = json.loads(content[8 : 8 + length])["__metadata__"]
        tensors = safetensors.torch.load(content)
        request = from_json(about["request"])
        trace = from_tensors(tensors, request, about["fingerprint"], float(about["seconds"]))
        return replace(trace, computer=about["computer"], memory=int(about["memory"]))
    except Exception as error:  # safetensors, JSON and the request each have their own kinds
        raise ValueError(f"{len(content)} bytes are no trace: {error!s:.200}") from error
