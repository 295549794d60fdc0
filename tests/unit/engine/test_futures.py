"""Futures of a run: exact where nothing changed, right in both spaces, the library's img2img."""

import functools
import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
    StableDiffusionImg2ImgPipeline,
)
from diffusers.schedulers import scheduling_euler_ancestral_discrete as euler_ancestral
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from PIL import Image
from transformers import CLIPTokenizer

from core.engine.alone import run_alone
from core.engine.ask import ask_unet, rows_of
from core.engine.denoise import Placed, denoise, levels_of
from core.engine.engine import Engine
from core.engine.loaded import LoadedModel
from core.engine.request import Request
from core.engine.trace import Step, Trace
from core.engine.works.futures import (
    BranchWork,
    FromPictureWork,
    Future,
    steps_made,
)
from core.errors import ExplainerError
from core.ideas.forward import add_noise, add_one_step
from core.ideas.noise_levels import nearest_level
from core.models.catalog import builtin_folder
from core.models.gallery import gallery, open_picture
from core.models.latents import decode_latents
from core.models.loading import Checkpoint
from core.models.schedulers.table import SCHEDULERS
from core.models.uploads import fit
from tests.unit.engine.conftest import seeded, tick_until_quiet

pytestmark = pytest.mark.filterwarnings("ignore:Should have t:UserWarning")  # torchsde's rounding

Make = Callable[..., Engine]
OFFERED = [name for name, one in SCHEDULERS.items() if one.available]
# What these remember of earlier calls, or draw at each step, is lost where a run begins anew.
# DPM++ SDE draws from one path of noise over all levels, which its seed fixes once and for all.
EXACT = ("ddim", "euler", "heun", "kdpm2", "dpmpp-sde")
CAT = Request(prompt="a red cat", negative="blurry", seed=3, steps=6, guidance=4.0)
PICTURE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def branch(trace: Trace, call: int, **changes: Any) -> BranchWork:  # Any: as the look has them
    """The look that takes a run up again at one of its calls."""
    before = trace.steps[: call + 1]
    own = {name: changes.pop(name) for name in ("noise_seed", "noise_share") if name in changes}
    return BranchWork(
        trace.request.model, replace(trace.request, **changes), trace.request, call,
        trace.steps[call].alpha_bar, tuple(trace.latents.shape),
        torch.stack([step.eps for step in before]).numpy().tobytes(),
        torch.stack([step.x0 for step in before]).numpy().tobytes(),
        **own,
    )  # fmt: skip


def read(worker: Engine, look: Any) -> Future:  # Any: one of the two looks
    ticket = worker.submit(look)
    tick_until_quiet(worker)
    return ticket.result()


def placed(checkpoint: Checkpoint, request: Request, start: Placed) -> tuple[Step, ...]:
    """Walk from latents that were put in the middle of a run."""
    loop = denoise(checkpoint, request, None, start)
    query = next(loop)
    while True:
        try:
            query = loop.send(ask_unet(checkpoint, rows_of(query)))
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("scheduler", OFFERED)
def test_a_branch_without_a_change_is_the_runs_own_future_for_every_scheduler(
    scheduler: str, kind: str, tiny_checkpoint: Checkpoint, make_worker: Make
) -> None:
    """Also for those that remember and those that draw noise, and in the middle of a step."""
    config = {**tiny_checkpoint.scheduler_config, "prediction_type": kind}
    checkpoint = replace(tiny_checkpoint, scheduler_config=config)
    trace = run_alone(checkpoint, replace(CAT, scheduler=scheduler))

    worker = make_worker(load=lambda _: LoadedModel(checkpoint, 0))
    call = 3
    found = read(worker, branch(trace, call))
    assert found.remembers
    assert [step.index for step in found.trace.steps] == list(range(call, trace.calls))
    assert [step.step for step in found.trace.steps] == [s.step for s in trace.steps[call:]]
    for mine, own in zip(found.trace.steps, trace.steps[call:], strict=True):
        torch.testing.assert_close(mine.xt, own.xt, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(mine.x_prev, own.x_prev, atol=1e-5, rtol=1e-5)
    assert np.abs(found.trace.picture.astype(int) - trace.picture).max() <= 1


@pytest.mark.parametrize("scheduler", OFFERED)
def test_latents_placed_at_a_step_go_on_exactly_where_nothing_is_remembered(
    scheduler: str, tiny_checkpoint: Checkpoint
) -> None:
    request = replace(CAT, scheduler=scheduler)
    own = run_alone(tiny_checkpoint, request).steps
    step = 3
    first = next(one for one in own if one.step == step)
    found = placed(tiny_checkpoint, request, Placed(first.xt[None], step))
    assert [one.index for one in found] == list(range(len(found)))
    assert found[0].step == step
    assert found[-1].step == request.steps - 1
    assert found[0].alpha_bar == pytest.approx(first.alpha_bar)
    # All but PNDM, which begins by asking once more, make the calls that were left.
    assert len(found) == len(own) - first.index + (scheduler == "pndm")
    away = float((found[-1].x_prev - own[-1].x_prev).square().mean().sqrt())
    size = float(own[-1].x_prev.square().mean().sqrt())
    if scheduler in EXACT:
        assert away <= 1e-5
    elif SCHEDULERS[scheduler].stochastic:
        assert away > 1e-3  # other noise is drawn
    else:
        assert 1e-5 < away < 0.1 * size  # the first step is of first order


@pytest.mark.parametrize("space", ["vp", "ve"])
def test_levels_are_those_of_the_run(space: str, tiny_checkpoint: Checkpoint) -> None:
    for scheduler in [name for name in OFFERED if SCHEDULERS[name].space == space]:
        request = replace(CAT, scheduler=scheduler)
        steps = run_alone(tiny_checkpoint, request).steps
        first = {one.step: one.alpha_bar for one in reversed(steps)}
        assert levels_of(tiny_checkpoint, request) == pytest.approx(
            [first[step] for step in sorted(first)]
        )


def test_latents_of_another_shape_or_step_are_refused(tiny_checkpoint: Checkpoint) -> None:
    for start in (Placed(torch.zeros(1, 4, 9, 8), 1), Placed(torch.zeros(1, 4, 8, 8), 6)):
        with pytest.raises(ValueError, match="expected"):
            next(denoise(tiny_checkpoint, CAT, None, start))


def test_other_words_and_guidance_leave_only_the_future_changed(
    tiny_checkpoint: Checkpoint, make_worker: Make
) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, scheduler="dpmpp-2m"))
    found = read(make_worker(), branch(trace, 2, prompt="a dog", guidance=1.0))
    assert found.remembers
    torch.testing.assert_close(found.trace.steps[0].xt, trace.steps[2].xt, atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(found.start, trace.steps[2].xt, atol=1e-6)
    assert not torch.allclose(found.trace.latents, trace.latents, atol=1e-3)
    assert found.trace.steps[0].eps_uncond is None
    # From the first call on it is the other run.
    from_noise = read(make_worker(), branch(trace, 0, prompt="a dog", guidance=1.0))
    other = run_alone(tiny_checkpoint, replace(trace.request, prompt="a dog", guidance=1.0))
    torch.testing.assert_close(from_noise.trace.latents, other.latents, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("old", "new"), [("ddim", "heun"), ("euler", "dpmpp-2m")])
def test_another_scheduler_begins_at_its_nearest_noise_level(
    old: str, new: str, tiny_checkpoint: Checkpoint, make_worker: Make
) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, scheduler=old))
    look = branch(trace, 3, scheduler=new, steps=9)
    found = read(make_worker(), look)
    levels = np.array(levels_of(tiny_checkpoint, look.request))
    lambdas = np.log(levels / (1 - levels))
    own = trace.steps[3]
    nearest = int(np.abs(lambdas - np.log(own.alpha_bar / (1 - own.alpha_bar))).argmin())
    assert not found.remembers
    assert found.step == nearest
    assert found.alpha_bar == pytest.approx(levels[nearest])
    mixed = add_noise(own.x0[None], own.eps[None], float(levels[nearest]))
    np.testing.assert_allclose(found.start, mixed[0], atol=1e-5)
    torch.testing.assert_close(found.trace.steps[0].xt, mixed[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scheduler", OFFERED)
def test_second_of_two_steps_begins_at_its_own_level(
    scheduler: str, tiny_checkpoint: Checkpoint
) -> None:
    # Two steps of two calls each are three calls, as many as PNDM makes of two.
    request = replace(CAT, scheduler=scheduler, steps=2)
    own = run_alone(tiny_checkpoint, request).steps
    second = next(one for one in own if one.step == 1)
    assert levels_of(tiny_checkpoint, request)[1] == pytest.approx(second.alpha_bar)


def test_branch_begun_anew_draws_none_of_the_noise_that_its_run_drew(
    tiny_checkpoint: Checkpoint, make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[torch.Tensor] = []
    theirs = euler_ancestral.randn_tensor

    def watched(*given: Any, **named: Any) -> torch.Tensor:  # Any: as the library has them
        drawn.append(theirs(*given, **named))
        return drawn[-1]

    monkeypatch.setattr(euler_ancestral, "randn_tensor", watched)
    trace = run_alone(tiny_checkpoint, replace(CAT, scheduler="euler-a"))
    before = len(drawn)
    read(make_worker(), branch(trace, 3, noise_seed=8, noise_share=0.5))
    assert len(drawn) > before
    assert not any(torch.equal(one, old) for one in drawn[before:] for old in drawn[:3])


def test_fresh_noise_is_exchanged_and_keeps_level_and_variance(
    tiny_checkpoint: Checkpoint, make_worker: Make
) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, scheduler="euler"))
    own = trace.steps[2]
    found = read(make_worker(), branch(trace, 2, noise_seed=8, noise_share=0.36))
    fresh = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(8))
    noise = 0.8 * own.eps + 0.6 * fresh
    torch.testing.assert_close(add_one_step(own.eps[None], fresh, 0.36), noise)
    np.testing.assert_allclose(
        found.start, add_noise(own.x0[None], noise, own.alpha_bar)[0], atol=1e-5
    )
    assert found.step == own.step
    assert found.alpha_bar == pytest.approx(own.alpha_bar)
    again = read(make_worker(), branch(trace, 2, noise_seed=8, noise_share=0.36))
    np.testing.assert_array_equal(again.trace.picture, found.trace.picture)
    # A vanishing share of noise is no change at all, only that the scheduler begins anew.
    none = read(make_worker(), branch(trace, 2, noise_seed=8, noise_share=1e-12))
    torch.testing.assert_close(none.trace.latents, trace.latents, atol=2e-5, rtol=2e-5)


@pytest.fixture
def no_signal(tiny_checkpoint: Checkpoint) -> Checkpoint:
    """A model that predicts v, whose schedule ends in nothing but noise, and which begins there."""
    bent = {
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }
    return replace(tiny_checkpoint, scheduler_config={**tiny_checkpoint.scheduler_config, **bent})


@pytest.mark.parametrize("scheduler", ["ddim", "ddpm", "lcm", "tcd"])
def test_branch_at_pure_noise_is_the_run_itself_and_with_other_words_the_other_run(
    scheduler: str, no_signal: Checkpoint, make_worker: Make
) -> None:
    trace = run_alone(no_signal, replace(CAT, scheduler=scheduler, steps=3))
    assert (trace.steps[0].alpha_bar, trace.steps[0].sigma) == (0, float("inf"))
    worker = make_worker(load=lambda _: LoadedModel(no_signal, 0))
    same = read(worker, branch(trace, 0))
    assert same.remembers
    assert same.alpha_bar == 0
    torch.testing.assert_close(same.trace.latents, trace.latents, atol=1e-5, rtol=1e-5)
    other = run_alone(no_signal, replace(trace.request, prompt="a dog"))
    found = read(worker, branch(trace, 0, prompt="a dog"))
    torch.testing.assert_close(found.trace.latents, other.latents, atol=1e-5, rtol=1e-5)
    # Calls before it that were answered at pure noise are gone through again.
    later = read(worker, branch(trace, 1))
    torch.testing.assert_close(later.trace.latents, trace.latents, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("levels", "alpha_bar", "nearest"),
    [
        ((0.0, 0.005, 0.3), 0.0, 0),
        ((2.0**-24, 0.005, 0.3), 0.0, 0),
        ((0.0, 0.005, 0.3), 2.0**-24, 0),  # Euler's pure noise
        ((0.0, 0.005, 0.3), 0.004, 1),
        ((0.0, 0.0, 0.3), 0.0, 0),
        ((0.9, 1.0), 1.0, 1),
    ],
)
def test_nearest_level_is_found_where_no_signal_or_no_noise_is_left(
    levels: tuple[float, ...], alpha_bar: float, nearest: int
) -> None:
    assert nearest_level(levels, alpha_bar) == nearest


@pytest.mark.parametrize(("old", "new"), [("ddim", "euler"), ("euler", "ddim"), ("ddim", "heun")])
def test_branch_with_another_scheduler_goes_to_pure_noise_and_comes_from_it(
    old: str, new: str, no_signal: Checkpoint, make_worker: Make
) -> None:
    trace = run_alone(no_signal, replace(CAT, scheduler=old, steps=3))
    worker = make_worker(load=lambda _: LoadedModel(no_signal, 0))
    found = read(worker, branch(trace, 0, scheduler=new))
    assert not found.remembers
    assert found.step == 0  # the noisiest is the nearest, wherever it ends
    level = levels_of(no_signal, replace(CAT, scheduler=new, steps=3))[0]
    assert (level == 0) == (new in ("ddim", "ddpm"))
    first = trace.steps[0]
    mixed = level**0.5 * first.x0 + (1 - level) ** 0.5 * first.eps
    np.testing.assert_allclose(found.start, mixed, atol=1e-5)
    if level == 0:
        np.testing.assert_array_equal(found.start, first.eps)
    assert found.trace.latents.isfinite().all()


def test_fresh_noise_in_place_of_pure_noise_is_another_seeds_run(
    no_signal: Checkpoint, make_worker: Make
) -> None:
    trace = run_alone(no_signal, replace(CAT, scheduler="ddim", steps=3))
    worker = make_worker(load=lambda _: LoadedModel(no_signal, 0))
    found = read(worker, branch(trace, 0, noise_seed=8, noise_share=1.0))
    other = run_alone(no_signal, replace(trace.request, seed=8))
    torch.testing.assert_close(found.trace.latents, other.latents, atol=1e-5, rtol=1e-5)


def test_picture_under_pure_noise_leaves_no_trace(no_signal: Checkpoint, make_worker: Make) -> None:
    request = replace(CAT, scheduler="ddim", steps=3)
    worker = make_worker(load=lambda _: LoadedModel(no_signal, 0))
    found = [
        read(worker, FromPictureWork(CAT.model, request, picture.tobytes(), 64, 64, 1.0))
        for picture in (PICTURE, 255 - PICTURE)
    ]
    assert [one.alpha_bar for one in found] == [0, 0]
    np.testing.assert_array_equal(found[0].start, found[1].start)
    np.testing.assert_array_equal(found[0].trace.picture, found[1].trace.picture)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), float("inf")])
def test_levels_that_cannot_be_are_refused(bad: float, tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, steps=2))
    with pytest.raises(ExplainerError, match="no place of a run"):
        replace(branch(trace, 1), alpha_bar=bad).validated()


@pytest.mark.parametrize(
    "bad",
    [{"seed": 4}, {"height": 64}, {"noise_share": 1.5}, {"noise_share": float("nan")},
     {"noise_seed": -1}, {"guidance": 99.0}],
    ids=str,
)  # fmt: skip
def test_bad_branches_are_refused(bad: dict[str, Any], tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, steps=2))
    with pytest.raises(ExplainerError):
        branch(trace, 1, **bad).validated()
    with pytest.raises(ExplainerError):
        replace(branch(trace, 1), eps=b"").validated()


def from_library(
    checkpoint: Checkpoint, tokenizer: CLIPTokenizer, request: Request, pixels: np.ndarray,
    strength: float,
) -> torch.Tensor:  # fmt: skip
    """The final latents of diffusers' own img2img pipeline, (C, H, W)."""
    theirs: Any = getattr(diffusers, SCHEDULERS[request.scheduler].class_name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array", category=DeprecationWarning)
        scheduler = theirs.from_config(checkpoint.scheduler_config, **seeded(theirs, request.seed))
    if "eta" in inspect.signature(theirs.step).parameters and request.scheduler != "tcd":
        scheduler.step = functools.partial(scheduler.step)
    pipe = StableDiffusionImg2ImgPipeline(
        vae=checkpoint.vae,
        text_encoder=checkpoint.text_encoder,
        tokenizer=tokenizer,
        unet=checkpoint.unet,
        scheduler=DDIMScheduler.from_config(checkpoint.scheduler_config),
        safety_checker=None,  # type: ignore[arg-type]  # as the pipeline's own loader does
        feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    )
    pipe.scheduler = scheduler
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        request.prompt,
        image=Image.fromarray(pixels),
        strength=strength,
        negative_prompt=request.negative,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        generator=torch.Generator().manual_seed(request.seed),
        eta=0.3 if request.scheduler == "tcd" else 0.0,
        output_type="latent",
    ).images[0]


# PNDM: their list goes on in the middle, but its second prediction redoes the first step, so all
# later ones come one step too early. LMS: theirs weighs one prediction as if there were four.
SAME = [name for name in OFFERED if name not in ("pndm", "lms")]


@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("scheduler", OFFERED)
def test_from_a_picture_is_the_librarys_img2img(
    scheduler: str,
    strength: float,
    tiny_checkpoint: Checkpoint,
    library_tokenizer: CLIPTokenizer,
    make_worker: Make,
) -> None:
    request = replace(CAT, scheduler=scheduler)
    look = FromPictureWork(CAT.model, request, PICTURE.tobytes(), 64, 64, strength)
    found = read(make_worker(), look)
    assert found.step == request.steps - int(request.steps * strength)
    theirs = from_library(tiny_checkpoint, library_tokenizer, request, PICTURE, strength)
    if scheduler in SAME or strength == 1.0:
        torch.testing.assert_close(found.trace.latents, theirs, atol=1e-4, rtol=1e-4)
    else:
        away = float((found.trace.latents - theirs).square().mean().sqrt())
        assert away > 0.02


def test_from_a_picture_turns_its_noise_towards_the_other_seed(
    tiny_checkpoint: Checkpoint,
) -> None:
    def start(**changed: Any) -> torch.Tensor:
        request = replace(CAT, **changed)
        look = FromPictureWork(CAT.model, request, PICTURE.tobytes(), 64, 64, 1.0)
        return torch.from_numpy(run_alone(tiny_checkpoint, look).start)

    own, half = start(other_seed=9), start(other_seed=9, turn=0.5)
    assert float((own - half).square().mean()) > 0.1
    torch.testing.assert_close(start(turn=0.0), own)


@pytest.mark.parametrize("scheduler", ["ddim", "euler", "dpmpp-2m"])
def test_from_a_picture_draws_the_librarys_pixels_with_the_built_in_model(
    scheduler: str, checkpoint: Checkpoint, tmp_path: Any
) -> None:

    pixels = np.asarray(fit(open_picture(gallery()[0].name), 128, 128))
    request = replace(CAT, prompt="a red apple", negative="", scheduler=scheduler, steps=5)
    look = FromPictureWork(request.model, request, pixels.tobytes(), 128, 128, 0.6)
    found = run_alone(checkpoint, look)
    tokenizer = CLIPTokenizer.from_pretrained(builtin_folder() / "tokenizer", model_max_length=77)
    theirs = from_library(checkpoint, tokenizer, request, pixels, 0.6)
    picture = decode_latents(checkpoint, theirs[None])[0].numpy()
    assert np.abs(found.trace.picture.astype(int) - picture).max() <= 1


def test_a_network_that_knows_the_picture_finds_it_from_any_start_with_pndm_and_lms(
    tiny_checkpoint: Checkpoint,
) -> None:
    """Where we differ from the library: all data is one point c, so the exact answer is known."""
    c = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(9))
    eps = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(10))
    for scheduler in ("pndm", "lms", "ddim", "heun"):
        request = replace(CAT, scheduler=scheduler, steps=8, guidance=1.0)
        level = levels_of(tiny_checkpoint, request)[4]
        loop = denoise(
            tiny_checkpoint, request, torch.zeros(1, 77, 32), Placed(add_noise(c, eps, level), 4)
        )
        query = next(loop)
        while True:
            asked = levels_at(tiny_checkpoint, query.t)
            try:
                query = loop.send((query.latents - asked**0.5 * c) / (1 - asked) ** 0.5)
            except StopIteration as end:
                steps = end.value
                break
        for step in steps:
            torch.testing.assert_close(step.x0, c[0], atol=5e-3, rtol=5e-3)


def levels_at(checkpoint: Checkpoint, t: float) -> float:
    """Signal power left at a timestep, from the library's own table."""
    made = DDIMScheduler.from_config(checkpoint.scheduler_config)
    return float(made.alphas_cumprod[int(t)])


@pytest.mark.parametrize(
    ("steps", "strength", "made"),
    [(20, 0.8, 16), (10, 0.75, 7), (50, 0.58, 28), (6, 1.0, 6), (10, 0.05, 0)],
)
def test_steps_made_are_whole_steps_of_the_share(steps: int, strength: float, made: int) -> None:
    assert steps_made(steps, strength) == made


@pytest.mark.parametrize(
    "bad",
    [{"strength": -1.0}, {"strength": 0.0}, {"strength": 0.1}, {"strength": 1.1},
     {"strength": 2.0}, {"strength": float("nan")}, {"pixels": b"x"}, {"width": 7}],
    ids=str,
)  # fmt: skip
def test_bad_starts_from_a_picture_are_refused(bad: dict[str, Any]) -> None:
    look = FromPictureWork(CAT.model, CAT, PICTURE.tobytes(), 64, 64, 0.5)
    with pytest.raises(ExplainerError):
        replace(look, **bad).validated()
