"""What the network was given at one call of a run, to ask about again; imports no torch."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.request import Request, of_model
from core.engine.work import How, NoiseQuery
from core.errors import ExplainerError
from core.words import tr

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 4 * 1024 * 1024  # bytes of latents: far more than any picture of this family has


@dataclass(frozen=True, slots=True)
class CallInput:
    """What the network was asked at one call of a finished run.

    Attributes:
        request: the run; its prompts are read again.
        t: the timestep the network was told.
        alpha_bar: signal power left in the latents, in [0, 1]; 0 where they are nothing but noise.
        shape: of the latents, (C, H, W).
        xt: the noisy latents at unit scale, float32 in C order.
    """

    request: Request
    t: float
    alpha_bar: float
    shape: tuple[int, int, int]
    xt: bytes

    def of_model(self, model: str) -> Self:
        """Return it with every field checked, which must be of a model's run."""
        right = 0 < len(self.xt) == 4 * math.prod(self.shape) <= LARGEST
        if not (right and 0 <= self.alpha_bar <= 1 and math.isfinite(self.t)):
            raise ExplainerError(tr("This is no call of a run."), tr("Draw the picture again."))
        request = of_model(self.request, model)
        return type(self)(request, self.t, self.alpha_bar, self.shape, self.xt)

    def latents(self) -> "Tensor":
        """Return the noisy latents, (1, C, H, W)."""
        import torch

        return torch.frombuffer(bytearray(self.xt), dtype=torch.float32).reshape(1, *self.shape)

    def query(self, states: "Tensor", how: How) -> NoiseQuery:
        """Return what is asked here, once more, with these text states, (B, L, D)."""
        return NoiseQuery(self.latents(), self.t, states, how=how, loras=self.request.loras)
