"""Inpainting: outside the mask the original's latents, whatever the scheduler, as by hand."""

import inspect
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.engine.alone import run_alone
from core.engine.ask import ask_unet, rows_of
from core.engine.denoise import Kept, denoise, read_prompts
from core.engine.loaded import LoadedModel
from core.engine.request import Request
from core.engine.trace import Trace
from core.engine.work import NoiseQuery
from core.engine.works.inpainting import Inpainted, InpaintWork
from core.errors import ExplainerError
from core.models.loading import Checkpoint
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.table import SCHEDULERS
from core.models.small_decoder import find_small_decoder
from core.models.text import encode_text

pytestmark = pytest.mark.filterwarnings("ignore:Should have t:UserWarning")  # torchsde's rounding

OFFERED = [name for name, one in SCHEDULERS.items() if one.available]
ONE_CALL = [name for name in OFFERED if SCHEDULERS[name].calls == "N"]
CAT = Request(prompt="a red cat", negative="blurry", seed=3, steps=6, guidance=4.0)


@pytest.fixture(scope="module")
def own(tiny_checkpoint: Checkpoint) -> Trace:
    """The run of which a part is drawn anew."""
    return run_alone(tiny_checkpoint, CAT)


def mask_of(trace: Trace) -> np.ndarray:
    """A lopsided mask: a block and one latent apart from it."""
    height, width = trace.latents.shape[1:]
    mask = np.zeros((height, width), np.uint8)
    mask[1 : height // 2, 2:] = 1
    mask[-1, 0] = 1
    return mask


def work_of(trace: Trace, request: Request, mask: np.ndarray | None = None) -> InpaintWork:
    """The work that draws a part of a run anew."""
    drawn = mask_of(trace) if mask is None else mask
    shape: Any = tuple(trace.latents.shape)  # three numbers
    return InpaintWork(
        request.model, request, trace.latents.numpy().tobytes(), shape, drawn.tobytes()
    )


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("scheduler", OFFERED)
def test_outside_the_mask_the_latents_are_the_originals_and_the_noised_original_at_every_call(
    scheduler: str, kind: str, tiny_checkpoint: Checkpoint, own: Trace
) -> None:
    config = {**tiny_checkpoint.scheduler_config, "prediction_type": kind}
    checkpoint = replace(tiny_checkpoint, scheduler_config=config)
    other = replace(CAT, prompt="a dog", scheduler=scheduler)
    found = run_alone(checkpoint, work_of(own, other))
    outside = torch.from_numpy(mask_of(own)) == 0
    x0 = own.latents
    torch.testing.assert_close(found.trace.latents[:, outside], x0[:, outside], atol=1e-5, rtol=0)
    eps = torch.randn((1, *x0.shape), generator=torch.Generator().manual_seed(CAT.seed))[0]
    for step in found.trace.steps:
        noised = math.sqrt(step.alpha_bar) * x0 + math.sqrt(1 - step.alpha_bar) * eps
        torch.testing.assert_close(step.xt[:, outside], noised[:, outside], atol=1e-5, rtol=1e-5)
        assert (step.xt[:, ~outside] - noised[:, ~outside]).abs().max() > 1e-3 or step.index == 0
    assert (found.trace.latents - x0)[:, ~outside].abs().max() > 1e-2


@pytest.mark.parametrize("scheduler", ONE_CALL)
def test_a_loop_written_by_hand_gives_equal_latents(
    scheduler: str, tiny_checkpoint: Checkpoint, own: Trace
) -> None:
    """With the library's scheduler as it is, and noise put on by the library itself."""
    request = replace(CAT, prompt="a dog", scheduler=scheduler)
    mask = torch.from_numpy(mask_of(own)).bool()
    states = read_prompts(request, lambda *how: encode_text(tiny_checkpoint, *how))
    theirs: Any = make_scheduler(  # Any: diffusers' own classes
        SCHEDULERS[scheduler], tiny_checkpoint.scheduler_config, seed=request.seed
    )
    theirs.set_timesteps(request.steps)
    generator = torch.Generator().manual_seed(request.seed)
    x0 = own.latents[None]
    noise = torch.randn(x0.shape, generator=generator)

    def known(index: int) -> Tensor:
        if index == len(theirs.timesteps):
            return x0
        t = theirs.timesteps[index : index + 1]
        if hasattr(theirs, "sigmas"):
            sigma = theirs.sigmas[index]
            if SCHEDULERS[scheduler].space == "ve":
                return x0 + sigma * noise
            return (x0 + sigma * noise) / (1 + sigma**2).sqrt()
        return theirs.add_noise(x0, noise, t)

    x = torch.where(mask, noise * theirs.init_noise_sigma, known(0))
    for index, t in enumerate(theirs.timesteps):
        xt = theirs.scale_model_input(x, t)
        rows = rows_of(NoiseQuery(xt, float(t), states))
        without, words = ask_unet(tiny_checkpoint, rows).chunk(2)
        guided = without + request.guidance * (words - without)
        takes = inspect.signature(theirs.step).parameters
        draws = {"generator": generator} if "generator" in takes else {}
        x = theirs.step(guided, t, x, **draws).prev_sample
        x = torch.where(mask, x, known(index + 1))
    found = run_alone(tiny_checkpoint, work_of(own, request))
    torch.testing.assert_close(found.trace.latents[None], x, atol=1e-4, rtol=1e-4)


def test_what_a_scheduler_remembers_outside_never_reaches_the_part_that_is_drawn(
    tiny_checkpoint: Checkpoint, own: Trace
) -> None:
    """Where the network answers number by number as well, another original changes nothing."""

    def walked(x0: Tensor, scheduler: str) -> Tensor:
        request = replace(CAT, scheduler=scheduler, guidance=1.0)
        mask = torch.from_numpy(mask_of(own)).float()
        eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(CAT.seed))
        loop = denoise(tiny_checkpoint, request, torch.zeros(1, 77, 32), kept=Kept(x0, eps, mask))
        query = next(loop)
        while True:
            try:
                query = loop.send((query.latents * 0.7 + 0.1).tanh())
            except StopIteration as end:
                return end.value[-1].x_prev

    inside = torch.from_numpy(mask_of(own)) == 1
    x0 = own.latents[None]
    for scheduler in OFFERED:
        one, other = walked(x0, scheduler), walked(5 - 3 * x0, scheduler)
        assert torch.equal(one[:, inside], other[:, inside]), scheduler


def test_a_mask_of_everything_is_a_plain_run_and_one_of_nothing_the_original(
    tiny_checkpoint: Checkpoint, own: Trace
) -> None:
    every = np.ones_like(mask_of(own))
    found = run_alone(tiny_checkpoint, work_of(own, CAT, every))
    assert torch.equal(found.trace.latents, own.latents)
    assert np.abs(found.trace.picture.astype(int) - own.picture).max() <= 1
    dog = replace(CAT, prompt="a dog")
    kept = run_alone(tiny_checkpoint, work_of(own, dog, 0 * every))
    assert torch.equal(kept.trace.latents, own.latents)
    assert np.abs(kept.original.astype(int) - own.picture).max() <= 1
    assert kept.film is None  # without a small decoder


def test_the_built_in_model_has_its_film_by_the_small_decoder(checkpoint: Checkpoint) -> None:
    request = Request(prompt="a red apple", steps=3)
    trace = run_alone(checkpoint, request)
    loaded = LoadedModel(checkpoint, 0, find_small_decoder(checkpoint))
    course, answer = work_of(trace, request).validated().course(loaded), None
    while True:
        try:
            asked = course.send(answer)
        except StopIteration as end:
            found: Inpainted = end.value
            break
        [answer] = loaded.answers([asked])  # type: ignore[list-item]  # no Progress comes
    assert found.film is not None
    assert found.film.small
    assert found.film.xt.shape == (4, 128, 128, 3)
    assert np.array_equal(found.film.xt[-1], found.trace.picture)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (4, 8)},
        {"shape": (4, 8, 9)},
        {"latents": b"1234"},
        {"mask": b"\x00\x01"},
        {"mask": "twos"},
        {"latents": "nan"},
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], own: Trace) -> None:
    work = work_of(own, CAT)
    if wrong.get("mask") == "twos":
        wrong = {"mask": bytes([2]) * len(work.mask)}
    if wrong.get("latents") == "nan":
        wrong = {"latents": np.full(own.latents.shape, np.nan, np.float32).tobytes()}
    with pytest.raises(ExplainerError):
        replace(work, **wrong).validated()


def test_a_picture_of_another_size_than_the_runs_is_refused(
    tiny_checkpoint: Checkpoint, own: Trace
) -> None:
    larger = replace(CAT, height=2 * tiny_checkpoint.height, width=tiny_checkpoint.width)
    with pytest.raises(ExplainerError, match="another size"):
        run_alone(tiny_checkpoint, work_of(own, larger))
