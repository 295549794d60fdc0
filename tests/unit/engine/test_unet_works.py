"""Looks into the U-Net through the engine: read by the worker that owns the model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.loaded import LoadedModel
from core.engine.request import Request
from core.engine.trace import Trace
from core.engine.works.call_input import CallInput
from core.engine.works.unet_attention import SelfAttentionWork
from core.engine.works.unet_blocks import BlocksWork
from core.engine.works.unet_off import OffAtCallWork, OffRunWork, Switch
from core.errors import ExplainerError
from core.models.unet_reading import readable_unet
from core.nets.watching import boxes

REQUEST = Request(prompt="a cat", steps=3, guidance=4.0)


@pytest.fixture(scope="module")
def trace(tiny_checkpoint: Any) -> Trace:
    return run_alone(tiny_checkpoint, REQUEST)


@pytest.fixture(scope="module")
def given(trace: Trace) -> CallInput:
    step = trace.steps[1]
    shape = step.xt.shape
    return CallInput(
        REQUEST, step.t, step.alpha_bar, (shape[0], shape[1], shape[2]), step.xt.numpy().tobytes()
    )


def finish(worker: Engine, most: int = 200) -> int:
    ticks = 0
    while worker.busy:
        worker.tick()
        ticks += 1
        assert ticks < most
    return ticks


def test_input_of_a_call_keeps_the_latents_as_they_were(given: CallInput, trace: Trace) -> None:
    assert torch.equal(given.latents()[0], trace.steps[1].xt)
    assert given.of_model(REQUEST.model) == given


@pytest.mark.parametrize(
    "wrong",
    [{"xt": b"1234"}, {"alpha_bar": -0.1}, {"alpha_bar": 1.1}, {"alpha_bar": float("nan")},
     {"t": float("nan")}, {"shape": (4, 4096, 4096)}],
    ids=str,
)  # fmt: skip
def test_what_is_no_input_of_a_call_is_refused_in_a_sentence(
    given: CallInput, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ExplainerError, match="no call of a run"):
        replace(given, **wrong).of_model(REQUEST.model)


def test_boxes_are_those_of_the_run_and_computed_once(
    make_worker: Callable[..., Engine], given: CallInput, trace: Trace, tiny_checkpoint: Any
) -> None:
    worker = make_worker()
    look = BlocksWork(REQUEST.model, given)
    tickets = [worker.submit(look, who) for who in "abc"]
    finish(worker)
    seen = tickets[0].result()
    assert (worker.counters().computed, worker.counters().joined) == (1, 2)
    assert set(seen.boxes) == set(boxes(readable_unet(tiny_checkpoint)))
    # the prompt's half of the very call: what the trace kept as eps_cond
    torch.testing.assert_close(
        torch.from_numpy(seen.noise), trace.steps[1].eps_cond, rtol=0, atol=1e-4
    )
    assert all(box.seconds > 0 for box in seen.boxes.values())
    assert seen.bytes == sum(
        box.channels.nbytes + (0 if box.components is None else box.components.nbytes)
        for box in seen.boxes.values()
    )


def test_run_of_another_model_is_refused(
    make_worker: Callable[..., Engine], given: CallInput
) -> None:
    with pytest.raises(ExplainerError, match="another model's"):
        make_worker().submit(BlocksWork("tiny", given))


SWITCHES = (
    Switch("attention"), Switch("prompt"), Switch("time"), Switch("clock", 500), Switch("skip", 1),
)  # fmt: skip


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.part)
def test_step_as_it_is_equals_the_run_and_off_differs(
    make_worker: Callable[..., Engine], given: CallInput, trace: Trace, switch: Switch
) -> None:
    worker = make_worker()
    ticket = worker.submit(OffAtCallWork(REQUEST.model, given, switch))
    finish(worker)
    found = ticket.result()
    np.testing.assert_allclose(found.noise, trace.steps[1].eps, atol=1e-4)
    assert found.change > 1e-3
    assert found.picture.shape == found.picture_off.shape == (64, 64, 3)
    moved = np.sqrt(np.mean((found.noise_off - found.noise) ** 2))
    assert found.change == pytest.approx(moved / np.sqrt(np.mean(found.noise**2)))


def test_step_of_pure_noise_changes_what_is_believed_and_not_the_noise(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any
) -> None:
    """Without signal the latents are the noise, whatever a network that predicts v answers."""
    bent = {
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }
    config = {**tiny_checkpoint.scheduler_config, **bent}
    checkpoint = replace(tiny_checkpoint, scheduler_config=config)
    request = replace(REQUEST, scheduler="ddim")
    step = run_alone(checkpoint, request).steps[0]
    assert step.alpha_bar == 0
    channels, height, width = step.xt.shape
    xt = step.xt.numpy().tobytes()
    given = CallInput(request, step.t, step.alpha_bar, (channels, height, width), xt)
    worker = make_worker(load=lambda _: LoadedModel(checkpoint, 0))
    asked = (
        OffAtCallWork(request.model, given, Switch("attention")),
        BlocksWork(request.model, given),
        SelfAttentionWork(request.model, given, 3, 6),
    )
    tickets = [worker.submit(look, who) for look, who in zip(asked, "abc", strict=True)]
    finish(worker)
    off, seen, looking = (ticket.result() for ticket in tickets)
    np.testing.assert_array_equal(off.noise, step.xt)
    assert off.change == 0
    assert np.abs(off.picture.astype(int) - off.picture_off).max() > 0
    assert np.isfinite(seen.noise).all()
    assert all(np.isfinite(look.weights).all() for look in looking)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.part)
def test_whole_run_takes_one_call_a_piece(
    make_worker: Callable[..., Engine], trace: Trace, switch: Switch
) -> None:
    worker = make_worker()
    ticket = worker.submit(OffRunWork(REQUEST.model, REQUEST, switch))
    ticks = finish(worker)
    picture = ticket.result()
    assert picture.shape == trace.picture.shape
    assert not np.array_equal(picture, trace.picture)
    assert REQUEST.steps <= ticks <= REQUEST.steps + 2  # every call has a turn of its own


def hooked_run(checkpoint: Any, switch: Switch) -> np.ndarray:
    """The library's own U-Net with the same thing off, driven by our loop."""
    unet, hooks = checkpoint.unet, []

    def zeros(_module: object, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(output)

    for name, part in unet.named_modules():
        if switch.part == "attention" and name.endswith("attn2"):
            hooks.append(part.register_forward_hook(zeros))
    if switch.part == "time":
        hooks.append(unet.time_embedding.register_forward_hook(zeros))
    if switch.part == "clock":

        def stopped(
            _module: object, inputs: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> tuple[tuple[Any, ...], dict[str, Any]]:
            return (inputs[0], torch.full_like(inputs[1], switch.number)), kwargs

        hooks.append(unet.register_forward_pre_hook(stopped, with_kwargs=True))
    words = replace(REQUEST, prompt="") if switch.part == "prompt" else REQUEST
    try:
        return run_alone(checkpoint, words).picture
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("switch", SWITCHES[:-1], ids=lambda switch: switch.part)
def test_off_is_what_the_words_say_it_is(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any, switch: Switch
) -> None:
    expected = hooked_run(tiny_checkpoint, switch)
    worker = make_worker()
    ticket = worker.submit(OffRunWork(REQUEST.model, REQUEST, switch))
    finish(worker)
    assert np.abs(ticket.result().astype(int) - expected).max() <= 1


def test_without_guidance_the_words_can_go_as_well(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any
) -> None:
    plain = replace(REQUEST, guidance=1.0)
    worker = make_worker()
    ticket = worker.submit(OffRunWork(REQUEST.model, plain, Switch("prompt")))
    finish(worker)
    expected = run_alone(tiny_checkpoint, replace(plain, prompt="")).picture
    assert np.abs(ticket.result().astype(int) - expected).max() <= 1


def test_other_pictures_go_on_while_a_run_is_looked_at(
    make_worker: Callable[..., Engine],
) -> None:
    worker = make_worker()
    look = worker.submit(OffRunWork(REQUEST.model, REQUEST, Switch("time")), "one")
    other = worker.submit(replace(REQUEST, steps=2, seed=5), "two")
    while not other.wait(0):
        worker.tick()
    assert not look.wait(0)


def test_cancelled_run_stops_at_the_next_piece(
    make_worker: Callable[..., Engine], network: Any
) -> None:
    worker = make_worker()
    ticket = worker.submit(OffRunWork(REQUEST.model, replace(REQUEST, steps=50), Switch("time")))
    worker.tick()
    worker.tick()
    ticket.cancel()
    worker.tick()
    assert not worker.busy
    assert ticket.state == "cancelled"


@pytest.mark.parametrize("number", [4, 0.5])
def test_skip_that_is_not_there_is_named(make_worker: Callable[..., Engine], number: float) -> None:
    worker = make_worker()
    ticket = worker.submit(OffRunWork(REQUEST.model, REQUEST, Switch("skip", number)))
    finish(worker)
    with pytest.raises(ExplainerError, match=f"no skip connection {number:g}"):
        ticket.result()


@pytest.mark.parametrize(
    "switch",
    [Switch("roof"), Switch("clock", float("inf"))],  # type: ignore[arg-type]  # on purpose
    ids=str,
)
def test_what_cannot_be_off_is_refused_in_a_sentence(
    make_worker: Callable[..., Engine], switch: Switch
) -> None:
    with pytest.raises(ExplainerError, match="cannot be switched off"):
        make_worker().submit(OffRunWork(REQUEST.model, REQUEST, switch))


def test_self_attention_equals_the_librarys_row_of_weights(
    make_worker: Callable[..., Engine], given: CallInput, tiny_checkpoint: Any
) -> None:
    worker = make_worker()
    ticket = worker.submit(SelfAttentionWork(REQUEST.model, given, 3, 6))
    finish(worker)
    looks = {look.name: look for look in ticket.result()}

    expected: dict[str, torch.Tensor] = {}
    hooks = []
    for name, part in tiny_checkpoint.unet.named_modules():
        if name.endswith("attn1"):

            def note(module: Any, inputs: tuple[Any, ...], name: str = name) -> None:
                q, k = (
                    module.head_to_batch_dim(layer(inputs[0]))
                    for layer in (module.to_q, module.to_k)
                )
                expected[name] = module.get_attention_scores(q, k)  # (heads, N, N)

            hooks.append(part.register_forward_pre_hook(note))
    try:
        with torch.no_grad():
            words = LoadedModel(tiny_checkpoint, 0).read(REQUEST.prompt)
            tiny_checkpoint.unet(given.latents(), given.t, encoder_hidden_states=words)
    finally:
        for hook in hooks:
            hook.remove()
    assert set(looks) == set(expected)
    for name, look in looks.items():
        heads, height, width = look.weights.shape
        row, column = look.position
        assert (row, column) == (3 * height // 8, 6 * width // 8)
        theirs = expected[name][:, row * width + column].reshape(heads, height, width)
        np.testing.assert_allclose(look.weights, theirs, atol=1e-5)
        np.testing.assert_allclose(look.weights.sum(axis=(1, 2)), 1, atol=1e-5)


def test_position_that_is_not_there_is_refused(given: CallInput) -> None:
    with pytest.raises(ExplainerError, match="no position 8, 0"):
        SelfAttentionWork(REQUEST.model, given, 8, 0).validated()
