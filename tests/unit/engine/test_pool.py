"""The pool of several replicas: shared out, evened out, and nothing lost where one dies.

That one engine promises what the other does is in the tests of the worker, which run with both.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.errand import Told, completed, lightened
from core.engine.line import PATIENCE
from core.engine.loaded import LoadedModel
from core.engine.pool import AWAY_S, TRIES, Pool
from core.engine.request import FilmRequest, Request
from core.engine.ticket import Ticket
from core.engine.work import NoiseQuery, Progress, Work
from core.engine.works.attention import EditedAttentionWork, Swap
from core.engine.works.grid import GridWork
from core.engine.works.latents import PictureWork
from core.errors import ExplainerError
from core.models.loading import Checkpoint
from tests.unit.engine.conftest import Clock, LocalLink, Network, local_pool, tick_until_quiet
from tests.unit.engine.test_worker import assert_account

CAT = Request(prompt="a red cat", seed=1, steps=6, guidance=4.0)
MakePool = Callable[..., Pool]


@pytest.fixture
def make_pool(tiny_checkpoint: Checkpoint, clock: Clock) -> Iterator[MakePool]:
    """Pools of two replicas around the tiny checkpoint, whose calls take two pictures."""
    made: list[Pool] = []

    def make(count: int = 2, **settings: Any) -> Pool:  # Any: as Pool takes them
        def load(model: str) -> LoadedModel:
            loaded = LoadedModel(replace(tiny_checkpoint, fingerprint=model), 0)
            loaded.most_rows = 4
            return loaded

        own = {"load": load, "check": lambda _: None, "clock": clock, "threaded": False}
        made.append(local_pool(count=count, **(own | settings)))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def link_of(pool: Pool, number: int) -> LocalLink:
    link = pool._places[number].link
    assert isinstance(link, LocalLink)
    return link


def shares(pool: Pool) -> list[int]:
    return [len(place.jobs) for place in pool._places]


def submit(pool: Engine, works: list[Work[Any]]) -> list[Ticket[Any]]:
    return [pool.submit(work, f"pupil {number}") for number, work in enumerate(works)]


def seeds(count: int, **fields: Any) -> list[Work[Any]]:
    return [replace(CAT, seed=number, **fields) for number in range(count)]


def assert_right(checkpoint: Checkpoint, ticket: Ticket[Any], request: Request) -> None:
    expected = run_alone(checkpoint, request)
    torch.testing.assert_close(ticket.result().path, expected.path, atol=1e-4, rtol=1e-4)


def test_works_are_shared_out_evenly(make_pool: MakePool, tiny_checkpoint: Checkpoint) -> None:
    pool = make_pool()
    tickets = submit(pool, seeds(8))
    pool.tick()
    assert shares(pool) == [4, 4]
    tick_until_quiet(pool)
    for ticket in tickets:
        assert_right(tiny_checkpoint, ticket, ticket.result().request)
    assert pool.counters().computed == 8
    assert_account(pool)


@pytest.mark.parametrize("ticks", range(9))
def test_a_replica_that_dies_at_any_moment_loses_nothing(
    ticks: int, make_pool: MakePool, tiny_checkpoint: Checkpoint
) -> None:
    pool = make_pool()
    works: list[Work[Any]] = [
        *seeds(4, steps=3),
        FilmRequest(CAT),
        GridWork(CAT.model, (CAT, replace(CAT, seed=50))),
        EditedAttentionWork(CAT.model, CAT, Swap("a red dog", 0.5)),
    ]
    tickets = submit(pool, works)
    for _ in range(ticks):
        pool.tick()
    link_of(pool, 0).die()
    pool.tick()
    link_of(pool, 0).start()
    tick_until_quiet(pool)
    assert [ticket.state for ticket in tickets] == ["done"] * len(works)
    for ticket in tickets[:4]:
        assert_right(tiny_checkpoint, ticket, ticket.result().request)
    expected = run_alone(tiny_checkpoint, CAT).picture.astype(int)
    assert np.abs(tickets[4].result().xt[-1].astype(int) - expected).max() <= 1
    assert np.abs(tickets[5].result()[0].picture.astype(int) - expected).max() <= 1
    assert_account(pool)


def test_a_replica_that_comes_again_takes_over_what_the_other_has_too_much_of(
    make_pool: MakePool,
) -> None:
    pool = make_pool()
    tickets = submit(pool, seeds(8, steps=20))
    pool.tick()
    link_of(pool, 1).die()
    pool.tick()
    assert shares(pool) == [8, 0]
    link_of(pool, 1).start()
    ticks = tick_until_quiet(pool)
    assert all(ticket.state == "done" for ticket in tickets)
    assert ticks < 8 * 20 / 2 * 0.75  # of the ticks that one alone would have taken
    assert pool.counters().computed == 8


def test_a_work_whose_replica_always_dies_fails_with_a_sentence(make_pool: MakePool) -> None:
    pool = make_pool(count=1)
    ticket = pool.submit(CAT, "ann")
    for _ in range(TRIES):
        pool.tick()
        assert not ticket.ended.is_set()
        link_of(pool, 0).die()
        link_of(pool, 0).start()
    pool.tick()
    assert f"broke down {TRIES} times" in str(ticket.status().error)
    assert_account(pool)
    assert tick_until_quiet(pool) == 0


def test_who_was_beside_a_work_that_breaks_replicas_is_not_blamed(make_pool: MakePool) -> None:
    pool = make_pool(count=1)
    breaks = replace(CAT, seed=99)
    tickets = submit(pool, [*seeds(3, steps=40), breaks])
    link, deaths = link_of(pool, 0), 0
    while not tickets[-1].ended.is_set():
        pool.tick()
        if any(job.work == breaks for job in pool._places[0].jobs):
            deaths += 1
            link.die()
            pool.tick()
            link.start()
        assert deaths <= 2 + TRIES
    assert f"broke down {TRIES} times" in str(tickets[-1].status().error)
    tick_until_quiet(pool)
    assert [ticket.state for ticket in tickets[:-1]] == ["done"] * 3
    assert_account(pool)


def test_a_run_given_up_by_all_is_given_up_by_the_replica(
    make_pool: MakePool, network: Network
) -> None:
    pool = make_pool(count=1)
    first, second = pool.submit(CAT, "ann"), pool.submit(CAT, "bob")
    for _ in range(2):
        pool.tick()
    first.cancel()
    pool.tick()
    assert len(network.calls) == 3
    second.cancel()
    tick_until_quiet(pool)
    for _ in range(3):
        pool.tick()
    assert len(network.calls) == 3
    again = pool.submit(CAT, "eve")  # it was set aside on both sides
    tick_until_quiet(pool)
    assert again.state == "done"
    assert len(network.calls) == CAT.steps


def test_what_is_told_of_a_run_grows_by_its_new_steps_alone(make_pool: MakePool) -> None:
    pool = make_pool(count=1)
    ticket = pool.submit(CAT, "ann")
    pool.tick()
    before = ticket.partial()
    pool.tick()
    after = ticket.partial()
    assert len(after) == len(before) + 1 == 2
    assert all(one is other for one, other in zip(before, after[:1], strict=True))
    assert ticket.newest() is after[-1]


def test_a_preview_comes_also_where_another_work_has_fitted_the_colours(
    make_pool: MakePool,
) -> None:
    pool = make_pool(count=1)
    pool.submit(PictureWork(CAT.model, bytes(64 * 64 * 3), 64, 64), "ann")
    tick_until_quiet(pool)
    ticket = pool.submit(CAT, "bob")
    pool.tick()
    assert pool.preview(ticket) is None
    pool.tick()
    assert pool.preview(ticket) is not None


def test_a_question_is_told_by_its_shapes_and_new_entries() -> None:
    states, latents = torch.randn(2, 77, 32), torch.randn(1, 4, 8, 8)
    query = NoiseQuery(latents, 3.0, states, Progress(2, 5, ("a", "b", "c")))
    light = lightened(query, 2)
    assert isinstance(light, NoiseQuery)
    assert (light.states.shape, light.latents.shape) == (states.shape, latents.shape)
    assert light.states.untyped_storage().nbytes() == 4
    whole = completed(Told(1, light, 2), ("a", "b"))
    assert isinstance(whole, NoiseQuery)
    assert whole.progress == query.progress


def test_two_models_are_in_memory_at_the_same_time(
    make_pool: MakePool, tiny_checkpoint: Checkpoint
) -> None:
    loaded: list[str] = []

    def load(model: str) -> LoadedModel:
        loaded.append(model)
        return LoadedModel(replace(tiny_checkpoint, fingerprint=model), 0)

    pool = make_pool(load=load)
    works = [replace(CAT, seed=n, model=model) for n in range(3) for model in ("emoji128", "o/m")]
    tickets = submit(pool, [*works])
    tick_until_quiet(pool)
    assert sorted(loaded) == ["emoji128", "o/m"]
    for work, ticket in zip(works, tickets, strict=True):
        assert ticket.result().fingerprint == work.model


def test_a_replica_that_would_compute_otherwise_is_left_out(
    make_pool: MakePool, tiny_checkpoint: Checkpoint
) -> None:
    made: list[LoadedModel] = []

    def load(_: str) -> LoadedModel:
        other = replace(tiny_checkpoint, fingerprint=f"version {len(made)}")
        made.append(LoadedModel(other, 0))
        return made[-1]

    pool = make_pool(load=load)
    tickets = submit(pool, seeds(4))
    tick_until_quiet(pool)
    assert len(made) == 2
    assert {ticket.result().fingerprint for ticket in tickets} == {"version 0"}


def test_who_waits_is_told_where_no_replica_is_there_for_long(
    make_pool: MakePool, clock: Clock
) -> None:
    pool = make_pool(count=1)
    link_of(pool, 0).die()
    ticket = pool.submit(CAT, "ann")
    for _ in range(int(AWAY_S / PATIENCE) + 2):
        pool.tick()
        assert pool.busy
        clock.now += PATIENCE - 1
        ticket.status()
    clock.now += PATIENCE - 1
    pool.tick()
    assert "No machine" in str(ticket.status().error)
    link_of(pool, 0).start()
    again = pool.submit(CAT, "ann")
    tick_until_quiet(pool)
    assert again.state == "done"
    assert_account(pool)


def test_a_picture_that_was_only_wanted_goes_first_once_somebody_waits_for_it(
    make_pool: MakePool,
) -> None:
    pool = make_pool(count=1)
    cells = tuple(replace(CAT, seed=number, steps=20) for number in range(2))
    pool.submit(GridWork(CAT.model, cells), "ann")
    for _ in range(2):
        pool.tick()
    others = submit(pool, seeds(12, steps=20))
    mine = pool.submit(cells[0], "bob")
    for _ in range(40):  # of the 120 that all others take
        pool.tick()
    assert mine.state == "done"
    assert others[-1].state != "done"


def test_a_field_that_is_wrong_is_refused_before_any_replica_hears_of_it(
    make_pool: MakePool,
) -> None:
    pool = make_pool()
    with pytest.raises(ExplainerError, match="steps"):
        pool.submit(replace(CAT, steps=-1))
    assert not pool.busy
