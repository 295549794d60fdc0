"""Pictures while somebody types: few calls, the noise between two seeds, and the words' weight."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.loaded import LoadedModel
from core.engine.request import Request, validated
from core.engine.worker import Worker
from core.engine.works import live
from core.engine.works.live import LiveWork, in_few_calls
from core.models.few_steps import PLAIN
from core.models.loading import Checkpoint
from core.models.small_decoder import decode_quickly, find_small_decoder
from tests.unit.engine.conftest import Network, tick_until_quiet

CAT = Request(prompt="a red cat", seed=1, height=64, width=64)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the tiny model, which has no LoRA for few calls."""
    monkeypatch.setattr(live, "few_steps", lambda _: PLAIN)


Make = Callable[..., Engine]


@pytest.mark.usefixtures("plain")
def test_a_live_picture_takes_few_calls_of_one_row(make_worker: Make, network: Network) -> None:
    few = in_few_calls(replace(CAT, negative="a dog", params=(("eta", 0.5),)))
    assert few == replace(in_few_calls(CAT), prompt=CAT.prompt)
    worker = make_worker()
    ticket = worker.submit(LiveWork(few.model, few))
    tick_until_quiet(worker)
    assert network.calls == [1] * PLAIN.steps
    run = worker.submit(few)
    tick_until_quiet(worker)
    assert np.abs(ticket.result().astype(int) - run.result().picture).max() <= 1


def test_the_small_decoder_draws_it_where_there_is_one(checkpoint: Checkpoint) -> None:
    few = in_few_calls(Request(prompt="a red apple"))
    loaded = LoadedModel(checkpoint, 0, find_small_decoder(checkpoint))
    worker = Worker(load=lambda _: loaded, check=lambda _: None, threaded=False)
    ticket = worker.submit(LiveWork(few.model, few))
    tick_until_quiet(worker)
    assert loaded.small_decoder is not None
    latents = run_alone(checkpoint, few).latents
    wanted = decode_quickly(loaded.small_decoder, latents[None])[0].numpy()
    assert np.abs(ticket.result().astype(int) - wanted).max() <= 1
    worker.close()


@pytest.mark.usefixtures("plain")
def test_the_run_goes_the_way_of_its_live_picture(make_worker: Make, network: Network) -> None:
    few = in_few_calls(CAT)
    worker = make_worker()
    live_one = worker.submit(LiveWork(few.model, few))
    tick_until_quiet(worker)
    run = worker.submit(few)
    tick_until_quiet(worker)
    assert network.calls == [1] * PLAIN.steps  # for both
    trace = run.result()
    assert (trace.calls, trace.request) == (PLAIN.steps, few)
    assert np.abs(live_one.result().astype(int) - trace.picture).max() <= 1
    other = worker.submit(replace(few, seed=5))
    tick_until_quiet(worker)
    assert len(network.calls) == 2 * PLAIN.steps
    assert trace.seconds > 0
    assert not np.array_equal(other.result().picture, trace.picture)


@pytest.mark.usefixtures("plain")
def test_a_class_shares_calls_and_its_newest_questions_take_the_place_of_older_ones(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    older, newer = (
        [
            worker.submit(LiveWork(CAT.model, in_few_calls(replace(CAT, seed=seed))), f"pupil {n}")
            for n, seed in enumerate(range(first, first + 12))
        ]
        for first in (100, 200)
    )
    assert {one.state for one in older} == {"cancelled"}
    tick_until_quiet(worker)
    assert {one.state for one in newer} == {"done"}
    assert sum(network.calls) == 12 * PLAIN.steps
    assert len(network.calls) <= PLAIN.steps + 1  # those that are new count as wider


@pytest.mark.usefixtures("plain")
def test_the_noise_turns_from_one_seed_to_the_other(tiny_checkpoint: Checkpoint) -> None:
    few = in_few_calls(CAT)
    first, half, other, end = (
        run_alone(tiny_checkpoint, validated(request)).path[0].numpy()
        for request in (
            few,
            replace(few, other_seed=2, turn=0.5),
            replace(few, seed=2),
            replace(few, other_seed=2, turn=1.0),
        )
    )
    np.testing.assert_allclose(end, other, atol=1e-5)
    for noise in (first, other):
        share = float((half * noise).sum() / (half**2).sum() ** 0.5 / (noise**2).sum() ** 0.5)
        assert 0.6 < share < 0.8  # an eighth of a turn
    assert validated(replace(few, other_seed=2)) == few


@pytest.mark.usefixtures("plain")
def test_words_weigh_from_nothing_to_the_prompt_and_beyond(tiny_checkpoint: Checkpoint) -> None:
    loaded = LoadedModel(tiny_checkpoint, 0)
    none, half, plain, twice = (
        loaded.states(replace(in_few_calls(CAT), words=words)).numpy() for words in (0, 0.5, 1, 2)
    )
    empty = loaded.read("").numpy()
    np.testing.assert_allclose(none, empty, atol=1e-6)
    np.testing.assert_allclose(half, (empty + plain) / 2, atol=1e-5)
    np.testing.assert_allclose(twice, 2 * plain - empty, atol=1e-5)
