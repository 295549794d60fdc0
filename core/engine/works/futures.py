"""Other futures of a run: it goes on from its own middle, or begins at a picture with noise."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import MAX_SEED, Request, RunWork, validated
from core.engine.work import BESIDE, Course, Decode, Progress
from core.engine.works.given_picture import check_picture
from core.errors import ExplainerError
from core.ideas.checks import check_real, check_whole
from core.ideas.noise_levels import nearest_level
from core.words import tr

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from core.engine.denoise import Answered, Placed
    from core.engine.loaded import LoadedModel
    from core.engine.trace import Trace

LARGEST = 64 * 1024 * 1024  # bytes of latents: a long run of a model of 512 pixels has 20 million


@dataclass(frozen=True, slots=True, eq=False)  # a trace has no plain ==
class Future:
    """A run that did not begin at noise alone.

    Attributes:
        trace: the calls that were made for it, and its picture.
        step: the scheduler step it began with.
        alpha_bar: signal power where it began.
        remembers: whether the scheduler went through the calls before as well, so that it knows
            all that it knew there.
        start: noisy latents at unit scale that it began with, float32 (C, h, w).
        start_picture: they decoded, uint8 (H, W, 3).
    """

    trace: "Trace"
    step: int
    alpha_bar: float
    remembers: bool
    start: "np.ndarray"
    start_picture: "np.ndarray"


@dataclass(frozen=True, slots=True)
class _FutureWork(RunWork[Future]):
    """A whole run with another beginning; the time it took stands in its trace."""

    rank: ClassVar[int] = BESIDE

    def timed(self, result: Future, seconds: float) -> Future:
        return replace(result, trace=replace(result.trace, seconds=seconds))


@dataclass(frozen=True, slots=True)
class BranchWork(_FutureWork):
    """A run taken up again after some U-Net calls, with something changed from there on.

    Words, guidance and text settings may change at will: the scheduler goes through the calls
    before again with the answers that it got, and all that is different comes from the change.
    With another scheduler, other steps, or fresh noise it begins anew, at the step whose noise
    level is the nearest. Nothing is lost or added by that move: the latents are the estimate and
    the noise that the network saw in them, mixed for the new level.

    Attributes:
        run: the run that is left, of the same model, seed and size.
        call: of ``run``; the calls before it stay as they are.
        alpha_bar: signal power left in the latents of that call, in [0, 1].
        shape: of the latents, (C, h, w).
        eps: guided noise of all calls up to and with ``call``, float32 in C order.
        x0: what it meant, shaped alike.
        noise_seed: of the fresh noise.
        noise_share: variance of the noise that is exchanged for fresh noise, 0 to 1.
    """

    run: Request
    call: int
    alpha_bar: float
    shape: tuple[int, int, int]
    eps: bytes
    x0: bytes
    noise_seed: int = 0
    noise_share: float = 0.0

    def _checked(self) -> dict[str, Any]:
        run, size = validated(self.run), 4 * (self.call + 1) * math.prod(self.shape)
        right = self.call >= 0 and len(self.eps) == len(self.x0) == size <= LARGEST
        if not (right and 0 <= self.alpha_bar <= 1):  # 0: nothing but noise is left there
            raise ExplainerError(tr("This is no place of a run."), tr("Draw the picture again."))
        same = ("model", "seed", "other_seed", "turn", "height", "width")
        if any(getattr(run, name) != getattr(self.request, name) for name in same):
            raise ExplainerError(
                tr("A future has the model, seed and size of its run."),
                tr("Change something else."),
            )
        return {
            "run": run,
            "noise_seed": check_whole(self.noise_seed, tr("seed of the fresh noise"), 0, MAX_SEED),
            "noise_share": check_real(self.noise_share, tr("share of fresh noise"), 0, 1),
        }

    @property
    def remembers(self) -> bool:
        """Whether the scheduler can go through the calls before again."""
        same = ("scheduler", "params", "steps")
        return not self.noise_share and all(
            getattr(self.run, name) == getattr(self.request, name) for name in same
        )

    def course(self, loaded: "LoadedModel") -> Course[Future]:
        """Go on to the end."""
        import torch

        from core.engine.denoise import Answered, Placed, levels_of
        from core.ideas.forward import add_noise, add_one_step

        shape = self.call + 1, *self.shape
        eps, x0 = (
            torch.frombuffer(bytearray(numbers), dtype=torch.float32).reshape(shape)
            for numbers in (self.eps, self.x0)
        )
        if self.remembers:
            before = Answered(eps[: self.call], x0[: self.call])
            return (yield from _go_on(loaded, self.request, before, None))
        levels = levels_of(loaded.checkpoint, self.request)
        step = nearest_level(levels, self.alpha_bar)
        noise = eps[-1:]
        if self.noise_share:
            fresh = torch.randn(
                noise.shape, generator=torch.Generator().manual_seed(self.noise_seed)
            )
            noise = add_one_step(noise, fresh, self.noise_share)
        latents = add_noise(x0[-1:], noise, levels[step])
        start = Placed(latents, step, self._unused_noise(noise.shape))
        return (yield from _go_on(loaded, self.request, start, latents))

    def _unused_noise(self, shape: "torch.Size") -> "torch.Generator":
        """Return what draws noise that is new: the first, and one for each call, may be used up."""
        import torch

        generator = torch.Generator().manual_seed(self.request.seed)
        for _ in range(self.call + 1):
            torch.randn(shape, generator=generator)
        return generator


@dataclass(frozen=True, slots=True)
class FromPictureWork(_FutureWork):
    """A run that begins at a picture with noise on it, not at noise alone (img2img).

    As in the library, int(steps x strength) steps are made; one generator draws the latents from
    what the encoder says of the picture, then the noise on them, then any noise of the steps.

    Attributes:
        request: its size is not used: that of the picture is.
        pixels: red, green, blue, row by row.
        width: pixels.
        height: pixels.
        strength: share of the steps to make, above 0, at most 1.
    """

    pixels: bytes
    width: int
    height: int
    strength: float

    def _checked(self) -> dict[str, Any]:
        given = check_picture(self.width, self.height, self.pixels)
        strength = check_real(self.strength, tr("strength"), 0, 1)
        steps = self.request.steps
        if not steps_made(steps, strength):
            raise ExplainerError(
                tr(
                    "A strength of {strength:g} leaves none of the {steps} steps.",
                    strength=strength,
                    steps=steps,
                ),
                tr("Choose at least {ceil:g}, or more steps.", ceil=math.ceil(100 / steps) / 100),
            )
        return {**given, "strength": strength}

    def course(self, loaded: "LoadedModel") -> Course[Future]:
        """Encode, add noise, then go on to the end."""
        import torch

        from core.engine.denoise import Placed, first_noise, latent_shape, levels_of
        from core.ideas.forward import add_noise
        from core.models.latents import encode_picture, picture_tensor

        total = steps_made(self.request.steps, self.strength)
        checkpoint = loaded.checkpoint
        request = replace(self.request, width=self.width, height=self.height)
        shape = latent_shape(checkpoint, request)
        noise = torch.Generator().manual_seed(request.seed)
        picture = picture_tensor(self.pixels, self.width, self.height)
        x0 = encode_picture(checkpoint, picture, noise).cpu()
        yield Progress(0, total)
        step = request.steps - total
        level = levels_of(checkpoint, request)[step]
        latents = add_noise(x0, first_noise(request, shape, noise), level)
        start = Placed(latents, step, noise)
        return (yield from _go_on(loaded, request, start, latents))


def steps_made(steps: int, strength: float) -> int:
    """Return how many of a run's steps are made at a strength of 0 to 1."""
    return min(int(steps * strength), steps)  # as the library has it, rounding included


def _go_on(
    loaded: "LoadedModel",
    request: Request,
    start: "Answered | Placed",
    latents: "Tensor | None",
) -> Course[Future]:
    """Ask to the end, then decode the first and the last latents."""
    from core.engine.denoise import Answered, denoise
    from core.engine.trace import Trace

    steps = yield from denoise(loaded.checkpoint, request, loaded.states(request), start)
    first = steps[0].xt if latents is None else latents[0]
    opened, ended = yield Decode([first, steps[-1].x_prev])
    trace = Trace(request, loaded.checkpoint.fingerprint, steps, ended.numpy(), 0.0)
    return Future(
        trace, steps[0].step, steps[0].alpha_bar, isinstance(start, Answered),
        first.numpy(), opened.numpy(),
    )  # fmt: skip
