"""The look at the variance: in pieces, with figures of its own small model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.engine.engine import Engine
from core.engine.work import Progress, within
from core.engine.works.variance import EACH, HALF, VarianceWork
from core.errors import ExplainerError
from core.models.pixel_model import finish, load_held_out, load_pixel_model, read_variances


def test_reading_is_the_models_own(make_worker: Callable[..., Engine]) -> None:
    worker = make_worker()
    ticket = worker.submit(VarianceWork(steps=4, seed=2))
    worker.tick()
    assert (ticket.status().step, ticket.status().steps) == (0, 8)
    for _ in range(30):
        worker.tick()
    found = ticket.result()
    expected = finish(read_variances(load_pixel_model(), load_held_out()[::HALF], 4, 2))
    assert found.reading.total("learned") == pytest.approx(expected.total("learned"))
    assert found.drawn.shape[:2] == (3, EACH)


@pytest.mark.parametrize("bad", [{"steps": 3}, {"steps": 101}, {"seed": -1}, {"model": "../x"}])
def test_bad_wishes_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ExplainerError):
        replace(VarianceWork(), **bad).validated()


def test_parts_are_counted_among_the_whole() -> None:
    def part() -> Any:
        yield 0, 2
        yield 1, 2
        return "done"

    work = within(part(), 3, 5)
    assert [next(work), next(work)] == [Progress(3, 5), Progress(4, 5)]
    assert finish(work) == "done"
