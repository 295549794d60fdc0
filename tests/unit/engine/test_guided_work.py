"""Guidance by the call: where it is off, one row is asked, and the rest is the plain run."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.request import Request
from core.engine.works.guided import GuidedRun, GuidedWork
from core.errors import ExplainerError
from core.models.loading import Checkpoint
from tests.unit.engine.conftest import Network, tick_until_quiet

Make = Callable[..., Engine]
CAT = Request(prompt="a red cat", seed=1, steps=4, guidance=6.0)


def drawn(make_worker: Make, first: int, last: int, along: float = 1.0) -> GuidedRun:
    worker = make_worker()
    ticket = worker.submit(GuidedWork(CAT.model, CAT, first, last, along))
    tick_until_quiet(worker)
    return ticket.result()


def apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


def test_guided_at_every_call_it_is_the_plain_run(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    found, plain = drawn(make_worker, 1, 4), run_alone(tiny_checkpoint, CAT)
    assert apart(found.picture, plain.picture) <= 1
    assert (found.calls, found.rows) == (4, 8)


@pytest.mark.parametrize(("first", "last", "rows"), [(1, 1, 5), (2, 3, 6), (4, 4, 5), (5, 9, 4)])
def test_rows_are_asked_where_it_is_on(
    make_worker: Make, network: Network, first: int, last: int, rows: int
) -> None:
    found = drawn(make_worker, first, last)
    assert found.rows == rows
    assert sum(network.calls) == rows


def test_never_guided_it_is_the_run_without_guidance(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    bare = run_alone(tiny_checkpoint, replace(CAT, guidance=1.0))
    assert apart(drawn(make_worker, 5, 5).picture, bare.picture) <= 1


def test_what_lies_along_the_answer_can_be_taken_away(make_worker: Make) -> None:
    plain, half, none = (drawn(make_worker, 1, 4, along).picture for along in (1.0, 0.999999, 0.0))
    assert apart(plain, half) <= 1
    assert apart(plain, none) > 1


@pytest.mark.parametrize(
    "fields", [(0, 3, 1.0), (3, 2, 1.0), (1, 10_000, 1.0), (1, 2, 1.5), (1, 2, float("nan"))]
)
def test_wrong_field_is_refused_in_a_sentence(fields: tuple[int, int, float]) -> None:
    with pytest.raises(ExplainerError):
        GuidedWork(CAT.model, CAT, *fields).validated()
