"""The loop: equal to the library's pipeline for every scheduler, and right at every step."""

import functools
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from core.engine.alone import run_alone
from core.engine.ask import ask_unet, rows_of
from core.engine.denoise import denoise, latent_shape, read_prompts
from core.engine.request import Request
from core.engine.trace import Step
from core.engine.work import NoiseQuery
from core.errors import ExplainerError
from core.ideas.prediction import from_unit_scale
from core.models.loading import Checkpoint
from core.models.schedulers.factory import make_scheduler, noise_level
from core.models.schedulers.table import SCHEDULERS
from core.models.text import encode_text

# torchsde's Brownian path rounds its own ends and then warns of them
pytestmark = pytest.mark.filterwarnings("ignore:Should have t:UserWarning")

OFFERED = [name for name, one in SCHEDULERS.items() if one.available]
SPACED = [name for name in OFFERED if "use_karras_sigmas" in SCHEDULERS[name].takes]
CAT = Request(prompt="a red cat", negative="blurry", seed=3, steps=6, guidance=4.0)
Oracle = Callable[[Checkpoint, Request], Tensor]


def steps_of(
    checkpoint: Checkpoint, request: Request, ask: Callable[[NoiseQuery], Tensor]
) -> tuple[Step, ...]:
    """Drive the loop with any answers."""
    states = torch.zeros(1 if request.guidance == 1 else 2, 77, 32)
    loop = denoise(checkpoint, request, states)
    query = next(loop)
    while True:
        try:
            query = loop.send(ask(query))
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("steps", [1, 5, 12])
@pytest.mark.parametrize("scheduler", OFFERED)
def test_latents_equal_the_library_pipelines(
    scheduler: str, steps: int, tiny_checkpoint: Checkpoint, library_latents: Oracle
) -> None:
    steps = max(steps, SCHEDULERS[scheduler].min_steps)
    request = replace(CAT, scheduler=scheduler, steps=steps)
    trace = run_alone(tiny_checkpoint, request)
    theirs = library_latents(tiny_checkpoint, request)
    torch.testing.assert_close(trace.latents, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("scheduler", "params"),
    [
        ("ddim", {"eta": 0.8}),
        ("dpmpp-2m", {"use_karras_sigmas": True}),
        ("dpmpp-2m", {"algorithm_type": "sde-dpmsolver++"}),
        ("euler", {"use_karras_sigmas": True, "timestep_spacing": "trailing"}),
        ("euler", {"s_churn": 3.0}),
        ("kdpm2-a", {"use_karras_sigmas": True}),
        ("pndm", {"timestep_spacing": "trailing"}),
        ("tcd", {"eta": 0.9}),
    ],
)
def test_options_reach_the_scheduler_as_they_do_in_the_library(
    scheduler: str,
    params: dict[str, str | float | bool],
    tiny_checkpoint: Checkpoint,
    library_latents: Oracle,
) -> None:
    request = replace(CAT, scheduler=scheduler, params=tuple(sorted(params.items())))
    trace = run_alone(tiny_checkpoint, request)
    theirs = library_latents(tiny_checkpoint, request)
    torch.testing.assert_close(trace.latents, theirs, atol=1e-4, rtol=1e-4)
    plain = run_alone(tiny_checkpoint, replace(request, params=()))
    assert not torch.allclose(trace.latents, plain.latents, atol=1e-3)


@pytest.mark.parametrize(
    "request_",
    [
        replace(CAT, guidance=1.0),
        replace(CAT, guidance=1.0, negative="not asked about at w = 1"),
        replace(CAT, prompt="", negative=""),
        replace(CAT, height=128, width=72),
        replace(CAT, prompt="many words " * 200, negative="¬ <b>"),
    ],
    ids=["w=1", "w=1, negative", "empty prompt", "another size", "long prompt"],
)
def test_other_requests_equal_the_library_pipelines(
    request_: Request, tiny_checkpoint: Checkpoint, library_latents: Oracle
) -> None:
    trace = run_alone(tiny_checkpoint, request_)
    theirs = library_latents(tiny_checkpoint, request_)
    torch.testing.assert_close(trace.latents, theirs, atol=1e-4, rtol=1e-4)
    assert trace.picture.shape == (request_.height or 64, request_.width or 64, 3)


def test_without_guidance_the_negative_prompt_is_not_asked(tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, guidance=1.0))
    assert all(step.eps_uncond is None for step in trace.steps)
    assert all(torch.equal(step.eps, step.eps_cond) for step in trace.steps)
    read = functools.partial(encode_text, tiny_checkpoint)
    assert read_prompts(replace(CAT, guidance=1.0), read).shape == (1, 77, 32)
    assert read_prompts(CAT, read).shape == (2, 77, 32)


def test_w_zero_is_the_negative_prompt_alone(tiny_checkpoint: Checkpoint) -> None:
    nothing = run_alone(tiny_checkpoint, replace(CAT, guidance=0.0))
    other = run_alone(tiny_checkpoint, replace(CAT, guidance=0.0, prompt="something else"))
    torch.testing.assert_close(nothing.latents, other.latents)
    alone = run_alone(tiny_checkpoint, Request(prompt="blurry", seed=3, steps=6, guidance=1.0))
    torch.testing.assert_close(nothing.latents, alone.latents, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scheduler", OFFERED)
def test_every_steps_sigma_is_what_the_scheduler_divides_by(
    scheduler: str, tiny_checkpoint: Checkpoint
) -> None:
    """Asked through the scheduler's public interface, beside the loop's own reading of it."""
    made = make_scheduler(SCHEDULERS[scheduler], tiny_checkpoint.scheduler_config)
    made.set_timesteps(9)
    x = torch.zeros(1, 4, 8, 8)
    for t in made.timesteps:
        shrunk = float(made.scale_model_input(torch.ones(1, 4, 8, 8), t)[0, 0, 0, 0])
        sigma = noise_level(made, t)
        if SCHEDULERS[scheduler].space == "ve":
            assert shrunk == pytest.approx((1 + sigma**2) ** -0.5, rel=1e-5)
        else:
            assert shrunk == 1.0
        x = made.step(torch.zeros_like(x), t, x).prev_sample


@pytest.mark.parametrize(
    ("scheduler", "params"),
    [(name, ()) for name in OFFERED] + [(name, (("use_karras_sigmas", True),)) for name in SPACED],
)
def test_sigma_belongs_to_the_timestep_the_network_is_told(
    scheduler: str, params: tuple[tuple[str, bool], ...], tiny_checkpoint: Checkpoint
) -> None:
    request = replace(CAT, scheduler=scheduler, params=params, steps=10)
    made = make_scheduler(SCHEDULERS[scheduler], tiny_checkpoint.scheduler_config, dict(params))
    table = ((1 - made.alphas_cumprod) / made.alphas_cumprod).sqrt().log().double()
    for step in steps_of(tiny_checkpoint, request, lambda query: query.latents.repeat(2, 1, 1, 1)):
        low = min(int(step.t), 998)
        between = torch.lerp(table[low], table[low + 1], step.t - low)
        # Some schedulers round t to a whole number after they placed sigma.
        slack = 0.5 * float(table[low + 1] - table[low]) + 1e-4
        assert math.log(step.sigma) == pytest.approx(float(between), abs=slack)
        assert step.alpha_bar == pytest.approx(1 / (1 + step.sigma**2))


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("scheduler", OFFERED)
def test_a_network_that_knows_the_picture_gives_it_as_x0_at_every_step(
    scheduler: str, kind: str, tiny_checkpoint: Checkpoint
) -> None:
    """All data is one point c: the exact answer is known, and x0 must be c whatever the space."""
    config = {**tiny_checkpoint.scheduler_config, "prediction_type": kind}
    knowing = replace(tiny_checkpoint, scheduler_config=config)
    c = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(9))
    request = replace(CAT, scheduler=scheduler, steps=8, guidance=1.0)
    made = make_scheduler(SCHEDULERS[scheduler], config)
    made.set_timesteps(8)
    levels: list[float] = []

    def know(query: NoiseQuery) -> Tensor:
        # A twin scheduler tells the noise level; the loop's own reading is what is tested.
        index = len(levels)
        t = made.timesteps[index]
        shrink = float(made.scale_model_input(torch.ones(1, 1, 1, 1, dtype=torch.float64), t))
        if SCHEDULERS[scheduler].space == "ve":
            alpha_bar = shrink**2
        elif hasattr(made, "sigmas"):
            alpha_bar = 1 / (1 + float(made.sigmas[index]) ** 2)
        else:
            alpha_bar = float(made.alphas_cumprod[int(t)])
        levels.append(alpha_bar)
        eps = (query.latents - alpha_bar**0.5 * c) / (1 - alpha_bar) ** 0.5
        v = alpha_bar**0.5 * eps - (1 - alpha_bar) ** 0.5 * c
        made.step(torch.zeros(1, 4, 8, 8), t, torch.zeros(1, 4, 8, 8))
        return eps if kind == "epsilon" else v

    steps = steps_of(knowing, request, know)
    assert len(levels) == len(steps)
    for step, alpha_bar in zip(steps, levels, strict=True):
        assert step.alpha_bar == pytest.approx(alpha_bar, rel=1e-4)
        torch.testing.assert_close(step.x0, c[0], atol=2e-3, rtol=1e-3)
        rebuilt = step.alpha_bar**0.5 * step.x0 + (1 - step.alpha_bar) ** 0.5 * step.eps
        torch.testing.assert_close(rebuilt, step.xt, atol=1e-4, rtol=1e-4)
    ends_at_sigma = scheduler in ("deis", "sa-solver", "ddim", "pndm", "lcm", "tcd")
    torch.testing.assert_close(steps[-1].x_prev, c[0], atol=0.15 if ends_at_sigma else 2e-3, rtol=0)


@pytest.mark.parametrize(
    "scheduler", ["ddim", "ddpm", "euler", "euler-a", "heun", "kdpm2", "kdpm2-a", "lms"]
)
def test_x0_is_the_librarys_where_the_library_says_it(
    scheduler: str, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: list[Tensor] = []

    def listening(*args: object, **kwargs: object) -> object:
        made = make_scheduler(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        real = made.step

        @functools.wraps(real)  # keeps the signature that the loop looks at
        def step(*args: object, **kwargs: object) -> object:
            result = real(*args, **kwargs)
            theirs.append(result.pred_original_sample[0])
            return result

        made.step = step
        return made

    monkeypatch.setattr("core.engine.denoise.make_scheduler", listening)
    trace = run_alone(tiny_checkpoint, replace(CAT, scheduler=scheduler))
    assert len(theirs) == len(trace.steps)
    for step, x0 in zip(trace.steps, theirs, strict=True):
        torch.testing.assert_close(step.x0, x0, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("scheduler", OFFERED)
def test_steps_join_into_one_path(scheduler: str, tiny_checkpoint: Checkpoint) -> None:
    trace = run_alone(tiny_checkpoint, replace(CAT, scheduler=scheduler, steps=7))
    for before, after in zip(trace.steps, trace.steps[1:], strict=False):
        assert torch.equal(before.x_prev, after.xt)
    assert [step.index for step in trace.steps] == list(range(trace.calls))
    parts = [step.step for step in trace.steps]
    assert parts == sorted(parts)
    assert set(parts) == set(range(7))
    assert trace.timesteps[0] > trace.timesteps[-1]
    assert all(step.xt.dtype == torch.float32 and not step.xt.requires_grad for step in trace.steps)
    for step in trace.steps:
        assert step.eps_uncond is not None
        guided = step.eps_uncond + 4.0 * (step.eps_cond - step.eps_uncond)
        torch.testing.assert_close(guided, step.eps, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("scheduler", "calls"), [("ddim", 7), ("pndm", 8), ("heun", 13), ("kdpm2", 13), ("kdpm2-a", 13)]
)
def test_calls_are_counted_at_the_network(
    scheduler: str, calls: int, tiny_checkpoint: Checkpoint
) -> None:
    counted: list[int] = []
    hook = tiny_checkpoint.unet.register_forward_pre_hook(lambda *_: counted.append(1))
    try:
        trace = run_alone(tiny_checkpoint, replace(CAT, scheduler=scheduler, steps=7))
    finally:
        hook.remove()
    assert len(counted) == trace.calls == calls


def test_the_first_latents_are_the_seeds_noise_in_both_spaces(tiny_checkpoint: Checkpoint) -> None:
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3))[0]
    ddim = run_alone(tiny_checkpoint, replace(CAT, scheduler="ddim"))
    torch.testing.assert_close(ddim.steps[0].xt, noise)
    euler = run_alone(tiny_checkpoint, replace(CAT, scheduler="euler"))
    made = make_scheduler(SCHEDULERS["euler"], tiny_checkpoint.scheduler_config)
    made.set_timesteps(6)
    raw = from_unit_scale(euler.steps[0].xt, euler.sigmas[0])
    torch.testing.assert_close(raw, noise * made.init_noise_sigma, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("scheduler", OFFERED)
def test_the_same_seed_gives_the_same_run_whatever_the_global_generator_does(
    scheduler: str, tiny_checkpoint: Checkpoint
) -> None:
    kept = torch.random.get_rng_state()
    request = replace(CAT, scheduler=scheduler, steps=4)
    first = run_alone(tiny_checkpoint, request)
    torch.manual_seed(99)
    second = run_alone(tiny_checkpoint, request)
    torch.random.set_rng_state(kept)
    assert torch.equal(first.path, second.path)
    other = run_alone(tiny_checkpoint, replace(request, seed=4))
    assert not torch.allclose(first.latents, other.latents, atol=1e-2)


@pytest.mark.parametrize(("height", "width"), [(256, 128), (1024, 64)], ids=["8 times", "16 times"])
def test_a_picture_far_larger_than_the_model_knows_is_refused(
    height: int, width: int, tiny_checkpoint: Checkpoint
) -> None:
    with pytest.raises(ExplainerError, match="trained at 64 × 64"):
        latent_shape(tiny_checkpoint, replace(CAT, height=height, width=width))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_are_not_finite_end_the_run_with_a_sentence(
    bad: float, tiny_checkpoint: Checkpoint
) -> None:
    asked: list[NoiseQuery] = []

    def ask(query: NoiseQuery) -> Tensor:
        asked.append(query)
        out = torch.zeros(2, 4, 8, 8)
        out[1, 0, 0, 0] = bad if len(asked) == 3 else 0.0
        return out

    with pytest.raises(ExplainerError, match="call 3 of 6"):
        steps_of(tiny_checkpoint, CAT, ask)


def test_each_question_carries_the_step_before_it(tiny_checkpoint: Checkpoint) -> None:
    seen: list[NoiseQuery] = []

    def ask(query: NoiseQuery) -> Tensor:
        seen.append(query)
        return ask_unet(tiny_checkpoint, rows_of(query))

    steps = steps_of(tiny_checkpoint, CAT, ask)
    assert seen[0].last is None
    assert [query.last for query in seen[1:]] == list(steps[:-1])
    assert [query.t for query in seen] == [step.t for step in steps]
    assert {query.calls for query in seen} == {len(steps)}
