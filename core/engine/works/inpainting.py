"""A run that draws a part of a picture anew, and keeps the rest of it (inpainting)."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from core.engine.request import RunWork
from core.engine.work import BESIDE, Course, Decode
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.words import tr

if TYPE_CHECKING:
    from core.engine.film import Film
    from core.engine.loaded import LoadedModel
    from core.engine.trace import Trace

MOST_NUMBERS = 1 << 20  # of the latents: a picture of 2048 pixels each way has a quarter of it
FRAMES = 64  # most calls in the film


@dataclass(frozen=True, slots=True, eq=False)  # a trace has no plain ==
class Inpainted:
    """What came of a picture of which a part was drawn anew.

    Attributes:
        trace: the calls that were made for it, and its picture.
        original: the picture's own latents decoded, uint8 (H, W, 3).
        film: its frames by the model's small decoder; None where it has none.
    """

    trace: "Trace"
    original: np.ndarray
    film: "Film | None"


@dataclass(frozen=True, slots=True)
class InpaintWork(RunWork[Inpainted]):
    """A run beside whose own drawing a picture's latents are put back, outside a mask.

    The noise that is put on them is the run's first one, at every call: so a run that is inpainted
    with its own words and seed sees nothing new at its first call.

    Attributes:
        request: its words, seed, steps, guidance and scheduler draw; its size is the picture's.
        latents: of the picture at unit scale, float32 in C order.
        shape: of them, (C, h, w).
        mask: one byte a position, row by row: 1 where it is drawn anew, 0 where it is kept.
    """

    latents: bytes
    shape: tuple[int, int, int]
    mask: bytes

    rank: ClassVar[int] = BESIDE

    def _checked(self) -> dict[str, Any]:
        wrong = ExplainerError(
            tr("These latents have another shape."), tr("Choose the picture again.")
        )
        if len(self.shape) != 3:
            raise wrong
        for side in self.shape:
            check_whole(side, tr("side of the latents"), 1, MOST_NUMBERS)
        if math.prod(self.shape) > MOST_NUMBERS or len(self.latents) != 4 * math.prod(self.shape):
            raise wrong
        if not np.isfinite(np.frombuffer(self.latents, np.float32)).all():
            raise ExplainerError(
                tr("These latents hold numbers that are not finite."), tr("Start again.")
            )
        if len(self.mask) != self.shape[1] * self.shape[2] or not {*self.mask} <= {0, 1}:
            raise ExplainerError(tr("This mask does not fit the picture."), tr("Paint it again."))
        return {}

    def course(self, loaded: "LoadedModel") -> Course[Inpainted]:
        """Walk to the end, putting back at every call; then decode both ends and the film."""
        import torch

        from core.engine.denoise import Kept, denoise, first_noise, latent_shape
        from core.engine.film import filmed
        from core.engine.trace import Trace

        request = self.request
        if latent_shape(loaded.checkpoint, request)[1:] != self.shape:
            raise ExplainerError(
                tr("This picture has another size than the run."), tr("Choose it again.")
            )
        x0 = torch.from_numpy(
            np.frombuffer(self.latents, np.float32).reshape(1, *self.shape).copy()
        )
        drawn = np.frombuffer(self.mask, np.uint8).reshape(self.shape[1:])
        mask = torch.from_numpy(drawn.astype(np.float32))
        kept = Kept(x0, first_noise(request, x0.shape), mask)
        steps = yield from denoise(loaded.checkpoint, request, loaded.states(request), kept=kept)
        original, ended = yield Decode([x0[0], steps[-1].x_prev])
        trace = Trace(request, loaded.checkpoint.fingerprint, steps, ended.numpy(), 0.0)
        film = None
        if loaded.small_decoder is not None:
            film = yield from filmed(trace, FRAMES, small=True)
        return Inpainted(trace, original.numpy(), film)

    def timed(self, result: Inpainted, seconds: float) -> Inpainted:
        """Return it with the time it took."""
        return replace(result, trace=replace(result.trace, seconds=seconds))
