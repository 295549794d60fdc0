"""The denoising loop: from noise to latents, one question to the U-Net at a time."""

import inspect
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from core.engine.request import Request
from core.engine.trace import Step
from core.engine.work import How, NoiseQuery, Progress
from core.errors import ExplainerError
from core.ideas.forward import add_noise
from core.ideas.guidance import guide
from core.ideas.inpainting import put_back
from core.ideas.noise_levels import alpha_bar_from_sigma
from core.ideas.prediction import Point, from_unit_scale
from core.ideas.slerp import slerp
from core.ideas.text_geometry import blend
from core.models.latents import fit_latents
from core.models.loading import Checkpoint
from core.models.loras import Chosen
from core.models.schedulers.factory import (
    begin_at,
    make_scheduler,
    noise_level,
    scheduler_step,
    walk_levels,
)
from core.models.schedulers.table import SCHEDULERS
from core.models.text import encode_text
from core.words import tr


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A run whose first calls were answered before: it goes through the same steps again.

    So the scheduler remembers what it remembered then, and has drawn the same fresh noise.

    Attributes:
        eps: the guided noise of each of those calls, (calls, C, H, W).
        x0: the clean latents that it meant, shaped alike.
    """

    eps: Tensor
    x0: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A run that begins in the middle, at latents that somebody put there.

    Attributes:
        latents: noisy latents at unit scale, (1, C, H, W), as noisy as ``levels_of`` says.
        step: the scheduler step to begin with.
        generator: where fresh noise comes from; None is the request's own after its first draw.
    """

    latents: Tensor
    step: int
    generator: torch.Generator | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A picture of which a part is put back before every call, and at the end.

    Schedulers compute number by number, whatever they remember: what is put back reaches the part
    that is drawn by the network's answers alone, with every one of them.

    Attributes:
        x0: its latents at unit scale, (1, C, H, W).
        eps: the noise that is put on them, shaped alike, the same at every call.
        mask: 1 where the run draws, 0 where the picture is put back, (H, W).
    """

    x0: Tensor
    eps: Tensor
    mask: Tensor

    def put_back(self, x: Tensor, sigma: float, space: str) -> Tensor:
        """Return latents with the kept part as noisy as they are.

        Args:
            x: in the scheduler's own space, (1, C, H, W).
            sigma: of them, noise per unit of signal; 0 at the end.
            space: "vp" at unit scale, "ve" as x0 + sigma eps.
        """
        kept = add_noise(self.x0, self.eps, float(alpha_bar_from_sigma(sigma)))
        return put_back(x, from_unit_scale(kept, sigma) if space == "ve" else kept, self.mask)


@dataclass(frozen=True, slots=True)
class Along:
    """A run over noise levels that somebody chose.

    Attributes:
        sigmas: where its steps begin, falling, and where the last one ends.
    """

    sigmas: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Guided:
    """How both answers of a call become one, where that is not the plain way.

    Attributes:
        mix: gets the answers to negative prompt and prompt, the weight, and what was asked about.
        asks: whether the negative prompt is asked about at a call, 0 is the first; where it is not,
            the prompt's answer is taken as it is.
    """

    mix: Callable[[Tensor, Tensor, float, Point], Tensor]
    asks: Callable[[int], bool] = lambda index: True


def mix_plainly(uncond: Tensor, cond: Tensor, w: float, point: Point) -> Tensor:
    """Mix both answers as guidance does."""
    return guide(uncond, cond, w)


PLAIN = Guided(mix_plainly)
Loop = Generator[NoiseQuery, Tensor, tuple[Step, ...]]


def denoise(
    checkpoint: Checkpoint,
    request: Request,
    states: Tensor | None = None,
    start: Answered | Placed | Along | None = None,
    how: Callable[[NoiseQuery], How | None] | None = None,
    guided: Guided = PLAIN,
    kept: Kept | None = None,
) -> Loop:
    """Walk from noise to latents; a work's course goes through all of it by ``yield from``.

    All arithmetic here is float32 on the CPU, also when the U-Net runs elsewhere in half precision:
    latents are small, and so the same seed gives the same noise on every machine.

    Args:
        checkpoint: where the schedule and the prediction type are read from.
        request: validated.
        states: from ``read_prompts``; None reads them now.
        start: where to begin; None begins at noise.
        how: chooses for every question how it is asked; None asks all of them plainly.
        guided: mixes the answers to negative prompt and prompt, and says at which calls.
        kept: a picture of which a part is put back at every call; None draws all of it.

    Yields:
        What to ask; expects the answers back, (len(states), C, H, W) float32 on the CPU.

    Returns:
        One ``Step`` for every question; calls that were answered before are counted in its index.

    Raises:
        ExplainerError: the size does not suit the model, or the numbers stopped being finite.
    """
    if states is None:
        states = read_prompts(request, partial(encode_text, checkpoint), checkpoint.empty_is_zero)
    scheduler, timesteps, x, noise = _set_out(checkpoint, request, start)
    first_step = start.step if isinstance(start, Placed) else 0
    before = start if isinstance(start, Answered) else None
    takes = inspect.signature(scheduler.step).parameters
    fresh: dict[str, Any] = {"generator": noise} if "generator" in takes else {}  # Any: arguments

    space = SCHEDULERS[request.scheduler].space
    if kept is not None:
        x = kept.put_back(x, noise_level(scheduler, timesteps[0]), space)
    xt = scheduler.scale_model_input(x, timesteps[0])
    steps: list[Step] = []
    for index, t in enumerate(timesteps):
        sigma = noise_level(scheduler, t)
        point = Point(scheduler.config.prediction_type, xt, float(alpha_bar_from_sigma(sigma)))
        uncond = cond = None
        if before is not None and index < len(before.eps):
            output = point.output(before.eps[index : index + 1], before.x0[index : index + 1])
        else:
            told = Progress(index, len(timesteps), tuple(steps))
            asked = states if guided.asks(index) else states[-1:]
            query = NoiseQuery(xt, float(t), asked, told, loras=request.loras)
            if how is not None:
                query = replace(query, how=how(query))
            answer = yield query
            uncond, cond = answer.chunk(2) if len(asked) == 2 else (None, answer)
            output = cond
            if uncond is not None:
                output = guided.mix(uncond, cond, request.guidance, point)
        if "order" in takes:  # LMS would count predictions that it was never told
            fresh["order"] = min(index + 1, takes["order"].default)
        x = scheduler.step(output, t, x, **fresh).prev_sample
        more = index + 1 < len(timesteps)
        if kept is not None:
            x = kept.put_back(x, noise_level(scheduler, timesteps[index + 1]) if more else 0, space)
        # What is asked next: schedulers that keep x0 + sigma eps bring it to unit scale here.
        x_prev = scheduler.scale_model_input(x, timesteps[index + 1]) if more else x
        if cond is not None:
            left = len(timesteps), request.steps - first_step
            steps.append(
                Step(
                    index=index,
                    step=first_step + scheduler_step(scheduler.order, index, *left),
                    t=float(t),
                    sigma=sigma,
                    alpha_bar=point.alpha_bar,
                    xt=xt[0],
                    eps_uncond=None if uncond is None else point.noise(uncond)[0],
                    eps_cond=point.noise(cond)[0],
                    eps=point.noise(output)[0],
                    x0=point.clean(output)[0],
                    x_prev=x_prev[0],
                )
            )
            _check_finite(steps[-1], len(timesteps))
        xt = x_prev
    return tuple(steps)


def levels_of(checkpoint: Checkpoint, request: Request) -> tuple[float, ...]:
    """Return the signal power left where each scheduler step of a run begins."""
    scheduler = _scheduler_of(checkpoint, request)
    begun = (begin_at(scheduler, step, request.steps)[0] for step in range(request.steps))
    return tuple(float(alpha_bar_from_sigma(noise_level(scheduler, t))) for t in begun)


def _scheduler_of(checkpoint: Checkpoint, request: Request) -> Any:  # Any: diffusers' own classes
    scheduler = make_scheduler(
        SCHEDULERS[request.scheduler],
        checkpoint.scheduler_config,
        dict(request.params),
        seed=request.seed,
    )
    scheduler.set_timesteps(request.steps)
    return scheduler


def _set_out(
    checkpoint: Checkpoint, request: Request, start: Answered | Placed | Along | None
) -> tuple[Any, Tensor, Tensor, torch.Generator]:  # Any: as above
    """Return the scheduler, the timesteps to come, the first latents, and what draws noise."""
    scheduler = _scheduler_of(checkpoint, request)
    if isinstance(start, Along):
        walk_levels(scheduler, start.sigmas)
    noise = torch.Generator().manual_seed(request.seed)
    x = first_noise(request, latent_shape(checkpoint, request), noise)
    if not isinstance(start, Placed):
        return scheduler, scheduler.timesteps, x * scheduler.init_noise_sigma, noise
    if start.latents.shape != x.shape:
        raise ValueError(
            f"latents are {tuple(start.latents.shape)}, expected {tuple(x.shape)} as the request's"
        )
    timesteps = begin_at(scheduler, start.step, request.steps)
    x = start.latents
    if SCHEDULERS[request.scheduler].space == "ve":
        x = from_unit_scale(x, noise_level(scheduler, timesteps[0]))
    return scheduler, timesteps, x, start.generator or noise


def first_noise(
    request: Request, shape: tuple[int, ...], noise: torch.Generator | None = None
) -> Tensor:
    """Draw what a run begins with, turned towards a second seed's noise where that is asked.

    Args:
        request: validated.
        shape: of the latents.
        noise: of the request's seed, unused; what it draws next is the run's fresh noise.
    """
    noise = noise or torch.Generator().manual_seed(request.seed)
    x = torch.randn(shape, generator=noise)
    if not request.turn:
        return x
    other = torch.Generator().manual_seed(request.other_seed)
    return slerp(x, torch.randn(shape, generator=other), request.turn)


def read_prompts(
    request: Request,
    read: Callable[[str, int, bool, tuple[Chosen, ...]], Tensor],
    empty_is_zero: bool = False,
) -> Tensor:
    """Return the text states to ask with: negative prompt, then prompt.

    Args:
        request: validated; at guidance 1 the negative prompt is not asked about.
        read: turns one prompt into its text states, (1, L, D); it is also told how many layers to
            skip, whether to pass the padding mask, and the LoRAs.
        empty_is_zero: whether no negative prompt means zeros, as Stable Diffusion XL has it.

    Returns:
        (2, L, D), or (1, L, D) at guidance 1.
    """
    how = request.clip_skip, request.padding_mask, request.loras
    prompt = read(request.prompt, *how)
    if request.share:
        prompt = blend(prompt, read(request.blend, *how), request.share)
    if request.words != 1:
        prompt = blend(read("", *how), prompt, request.words)
    if request.guidance == 1:
        return prompt
    zero = empty_is_zero and not request.negative
    negative = torch.zeros_like(prompt) if zero else read(request.negative, *how)
    return torch.cat([negative, prompt])


def latent_shape(checkpoint: Checkpoint, request: Request) -> tuple[int, int, int, int]:
    """Return the shape of the latents of one picture, (1, C, H, W), see ``fit_latents``."""
    own = checkpoint.height, checkpoint.width
    asked = request.height, request.width
    return fit_latents(asked, checkpoint.latent_channels, checkpoint.vae_scale, own)


def _check_finite(step: Step, calls: int) -> None:
    if not (step.x_prev.isfinite().all() and step.x0.isfinite().all()):
        raise ExplainerError(
            tr(
                "The numbers ran away: call {index} of {calls} to the network gave values "
                "that are not finite.",
                index=step.index + 1,
                calls=calls,
            ),
            tr(
                "Try another number of steps, a lower guidance or another scheduler; if every "
                "prompt "
                "ends like this, the model's files are damaged."
            ),
        )
