"""Asking our own U-Net in the library's place: with parts left out, or looked at on the way."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from core.engine.work import CallRow
from core.models.loading import Checkpoint
from core.models.unet_reading import ask_readable
from core.nets.unet import NOTHING, Ablation
from core.nets.watching import Keep, Seen


class Readable:
    """A question to the readable U-Net.

    Attributes:
        seen: what was kept of each part's output, from the last call.
        seconds: of the last call.
    """

    def __init__(
        self,
        off: Ablation = NOTHING,
        told: Callable[[float], float] = float,
        parts: Mapping[str, Keep] | None = None,
    ) -> None:
        """Say what is different.

        Args:
            off: what to leave out.
            told: turns the timestep into the one that the network is told.
            parts: what to keep of which part's output, see ``watch``.
        """
        self._off, self._told, self._parts = off, told, parts
        self.seen: dict[str, Seen] = {}
        self.seconds = 0.0

    def ask(self, checkpoint: Checkpoint, rows: Sequence[CallRow]) -> Tensor:
        """Answer rows of one question: one latent and timestep, each with its own text."""
        first, states = rows[0], torch.stack([row.states for row in rows])
        answer, self.seen, self.seconds = ask_readable(
            checkpoint, first.latents[None], self._told(first.t), states, self._off, self._parts,
            first.loras,
        )  # fmt: skip
        return answer
