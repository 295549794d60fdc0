"""The engine's promises on two replicas of Ray Serve, one of which is killed; make test-ray."""

import importlib.util
import itertools
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from core.engine.alone import run_alone
from core.engine.loaded import LoadedModel
from core.engine.pool import Pool
from core.engine.request import FilmRequest, Request
from core.engine.results import Results
from core.engine.ticket import Ticket
from core.engine.trace import Trace
from core.engine.work import Work
from core.engine.works.grid import GridWork
from core.models.hardware import Hardware
from core.models.loading import Checkpoint, load_folder
from core.models.loras import LORAS
from tests.unit.engine.test_pool import assert_right
from tests.unit.engine.test_worker import MIXED, assert_account, assert_equal_alone
from tests.unit.engine.test_works import CAT, KINDS, picture_in, works_of

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed; make test-ray installs it",
    ),
    pytest.mark.filterwarnings("default"),  # Ray has many of its own
]
WAIT_S = 300.0


def load_tiny(folder: Path, _: str) -> LoadedModel:
    return LoadedModel(load_folder("tiny-sd", folder, Hardware("cpu", "float32", "CPU", 0, 1)), 0)


@pytest.fixture(scope="module")
def pool(tiny_folder: Path, lora_folder: Path) -> Iterator[Pool]:
    from core.engine.on_ray import open_pool

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv(LORAS, str(lora_folder))  # before the replicas start, which have it too
        opened = open_pool(Results(), partial(load_tiny, tiny_folder))
        yield opened
        opened.close()
        assert_account(opened)
        importlib.import_module("ray").shutdown()


@pytest.fixture(scope="module")
def trace(tiny_checkpoint: Checkpoint) -> Trace:
    return run_alone(tiny_checkpoint, replace(CAT, steps=3))


def result(ticket: Ticket[Any]) -> Any:  # Any: the work's own
    assert ticket.wait(WAIT_S), ticket.status()
    return ticket.result()


def results(tickets: list[Ticket[Any]]) -> list[Any]:
    """Wait for all at the same time: one that nobody looks at is dropped."""
    ends = time.monotonic() + WAIT_S
    while sum(not ticket.wait(0) for ticket in tickets):
        assert time.monotonic() < ends, [ticket.status() for ticket in tickets]
        time.sleep(0.02)
    return [ticket.result() for ticket in tickets]


def until(pool: Pool, tickets: list[Ticket[Any]], step: int) -> None:
    """Wait until all have come so far."""
    ends = time.monotonic() + WAIT_S
    while min(ticket.status().step for ticket in tickets) < step:  # looks at every one
        assert time.monotonic() < ends, [ticket.status() for ticket in tickets]
        time.sleep(0.02)


def runs(count: int, steps: int, first: int) -> list[Request]:
    return [replace(CAT, seed=first + number, steps=steps) for number in range(count)]


def test_everybody_has_the_picture_that_is_computed_alone(
    pool: Pool, tiny_checkpoint: Checkpoint
) -> None:
    tickets = [pool.submit(request, f"pupil {n}") for n, request in enumerate(MIXED)]
    for trace in results(tickets):
        assert_equal_alone(tiny_checkpoint, trace)


def test_both_replicas_compute(pool: Pool) -> None:
    tickets = [pool.submit(one, f"pupil {n}") for n, one in enumerate(runs(40, 60, 1000))]
    ends = time.monotonic() + WAIT_S
    while not all(place.jobs for place in pool._places):
        assert time.monotonic() < ends
        time.sleep(0.02)
    for ticket in tickets:
        ticket.cancel()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_work_is_done(
    kind: str, pool: Pool, trace: Trace, tiny_checkpoint: Checkpoint
) -> None:
    work = works_of(trace)[kind]
    found = result(pool.submit(work, "ann"))
    assert picture_in(found) == picture_in(run_alone(tiny_checkpoint, work))
    if work.kept:
        assert pool.find(replace(work)) is found


def test_thirty_equal_wishes_are_one_computation(pool: Pool) -> None:
    before = pool.counters().computed
    wish = replace(CAT, seed=77)
    tickets = [pool.submit(replace(wish), f"pupil {n}") for n in range(30)]
    assert len({id(found) for found in results(tickets)}) == 1
    assert pool.counters().computed == before + 1


def test_a_film_and_a_grid_find_a_run_wherever_it_was_drawn(pool: Pool) -> None:
    wishes = runs(6, 4, 200)
    before = pool.counters().computed
    for number, wish in enumerate(wishes):
        pool.submit(wish, f"pupil {number}")
    films = [pool.submit(FilmRequest(wish), f"guest {n}") for n, wish in enumerate(wishes)]
    *shown, cells = results([*films, pool.submit(GridWork(CAT.model, tuple(wishes)), "eve")])
    assert [len(film.x0) for film in shown] == [4] * 6
    assert all(cell.picture is not None for cell in cells)
    assert pool.counters().computed == before + 6 + 6 + 1


def test_how_far_a_run_is_can_be_watched(pool: Pool) -> None:
    ticket = pool.submit(replace(CAT, seed=300, steps=150), "ann")
    seen = []
    while not ticket.wait(0.02):
        seen.append(ticket.status().step)
        step = ticket.newest()
        assert step is None or len(ticket.partial() or ()) in (0, *range(step.index, 151))
    assert len(set(seen)) > 3
    assert seen[:-1] == sorted(seen[:-1])  # at the last look it may have ended


def test_a_preview_comes_once_the_colours_are_fitted(pool: Pool) -> None:
    picture, ends, seeds = None, time.monotonic() + WAIT_S, itertools.count(3000)
    while picture is None:  # the first run may be over before they are
        assert time.monotonic() < ends
        ticket = pool.submit(replace(CAT, seed=next(seeds), steps=150), "ann")
        while picture is None and not ticket.wait(0.02):
            picture = pool.preview(ticket)
    assert (picture.shape, picture.dtype) == ((8, 8, 3), np.uint8)


def test_one_that_cannot_be_done_fails_alone_with_its_sentence(pool: Pool) -> None:
    large = pool.submit(replace(CAT, height=512, width=512), "ann")
    good = pool.submit(replace(CAT, seed=400), "bob")
    assert result(good).calls == CAT.steps
    assert large.wait(WAIT_S)
    assert "trained at 64 × 64" in str(large.status().error)


def test_what_is_given_up_stops_there_as_well(pool: Pool) -> None:
    first = pool.submit(replace(CAT, seed=500, steps=150), "ann")
    until(pool, [first], 1)
    second = pool.submit(replace(CAT, seed=501, steps=150), "ann")  # in the place of the first
    until(pool, [second], 1)
    second.cancel()
    assert [first.status().state, second.status().state] == ["cancelled", "cancelled"]
    ends = time.monotonic() + WAIT_S
    while any(place.jobs or place.orders for place in pool._places):
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_nothing_listens_beyond_this_machine(pool: Pool) -> None:
    assert result(pool.submit(replace(CAT, seed=600), "ann"))
    mine = psutil.Process()
    ours = [
        at.laddr.ip
        for process in (mine, *mine.children(recursive=True))
        for at in process.net_connections("inet")
        if at.status == psutil.CONN_LISTEN
    ]
    assert len(ours) > 3
    assert {ip.removeprefix("::ffff:") for ip in ours} <= {"127.0.0.1", "::1"}
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64


def test_a_replica_killed_in_mid_run_loses_nothing_and_serves_again(
    pool: Pool, tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    place: Any = pool._places[0]  # Any: its link is one to Ray
    wishes: list[Work[Any]] = [*runs(12, 150, 700), FilmRequest(replace(CAT, seed=700, steps=150))]
    tickets = [pool.submit(wish, f"pupil {n}") for n, wish in enumerate(wishes)]
    until(pool, tickets[:12], 3)
    began = time.monotonic()
    assert place.jobs
    os.kill(place.link.handle.process.remote().result(), signal.SIGKILL)
    again, seeds = None, itertools.count(2000)
    while sum(not ticket.wait(0) for ticket in tickets) or again is None:  # as above
        assert time.monotonic() < began + WAIT_S, [ticket.status() for ticket in tickets]
        if again is None and place.link.lives > 1:
            # Enough for both, so that the one that is there again has its share.
            for number, run in enumerate(runs(4, 3, next(seeds) * 10)):
                pool.submit(run, f"guest {number}")
            again = time.monotonic() - began if place.model else None
        time.sleep(0.02)
    for ticket in tickets[:2]:
        assert_right(tiny_checkpoint, ticket, ticket.result().request)
    assert [ticket.state for ticket in tickets] == ["done"] * len(wishes)
    assert result(pool.submit(replace(CAT, seed=800), "ann")).calls == CAT.steps
    assert_account(pool)
    with capsys.disabled():
        print(f"\na killed replica answered again after {again:.1f} s; 0 of {len(wishes)} lost")
