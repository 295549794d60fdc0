"""A grid as one job: each cell as if it had been alone, told as it comes, failing alone."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.engine import worker as working
from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.request import Request
from core.engine.works.grid import MOST_CELLS, GridWork
from core.errors import ExplainerError
from core.models.loading import Checkpoint
from tests.unit.engine.conftest import Network, tick_until_quiet

Make = Callable[..., Engine]
CAT = Request(prompt="a red cat", seed=1, steps=3, guidance=4.0)
CELLS = tuple(
    replace(CAT, scheduler=scheduler, steps=steps, guidance=guidance)
    for scheduler, guidance in (("ddim", 4.0), ("heun", 1.0), ("dpmpp-2m", 7.5))
    for steps in (2, 4)
)
LOOK = GridWork(CAT.model, CELLS)


def test_every_cell_equals_its_own_lone_run(
    make_worker: Make, network: Network, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker(slots=4)
    ticket = worker.submit(LOOK)
    tick_until_quiet(worker)
    calls = len(network.calls)
    for request, cell in zip(CELLS, ticket.result(), strict=True):
        alone = run_alone(tiny_checkpoint, request)
        assert cell.error is None
        assert cell.request == request
        assert cell.calls == alone.calls
        assert np.abs(cell.picture.astype(int) - alone.picture).max() <= 1
    apart = sum(cell.calls for cell in ticket.result())
    assert apart == 2 * (2 + 4) + (2 * 2 - 1) + (2 * 4 - 1)
    assert calls <= apart / 2  # cells share calls


def test_seconds_of_the_cells_are_shares_of_the_calls(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that counts its readings: every call, decoding and going on takes one second."""
    now = map(float, range(10_000))
    monkeypatch.setattr(working, "time", SimpleNamespace(perf_counter=lambda: next(now)))
    worker = make_worker(slots=2)
    one, other = CAT, replace(CAT, guidance=1.0)  # two rows and one row in every shared call
    ticket = worker.submit(GridWork(CAT.model, (one, other)))
    tick_until_quiet(worker)
    first, second = (cell.seconds for cell in ticket.result())
    going_on = 1 + 3  # to the first question, and from each answer
    assert first == pytest.approx(going_on + 3 * 2 / 3 + 1 / 2)
    assert second == pytest.approx(going_on + 3 * 1 / 3 + 1 / 2)
    # Opened as runs of their own they tell no share, but all that passed.
    opened = [worker.submit(request).result().seconds for request in (one, other)]
    assert opened[0] > first
    assert opened[1] > second
    again = worker.submit(GridWork(CAT.model, (one,)))
    tick_until_quiet(worker)
    [kept] = again.result()
    assert (kept.stored, kept.seconds) == (True, opened[0])


def test_cells_are_told_as_they_are_finished(make_worker: Make) -> None:
    worker = make_worker(slots=2)
    ticket = worker.submit(LOOK)
    assert ticket.partial() is None
    seen = []
    while worker.busy:
        worker.tick()
        cells = ticket.partial()
        if cells is not None:
            seen.append(sum(cell is not None for cell in cells))
            status = ticket.status()
            assert status.state == "done" or status.step <= status.steps
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert len(set(seen)) > 3
    assert seen[-1] == len(CELLS)
    assert ticket.partial() == ticket.result()


def test_a_cell_that_cannot_be_run_fails_alone_with_its_sentence(make_worker: Make) -> None:
    wrong = (
        replace(CAT, scheduler="lcm", steps=150),
        replace(CAT, width=4096, height=4096),
        replace(CAT, height=1024, width=1024),  # found out by the loop itself
        replace(CAT, params=(("nonsense", 1),)),
    )
    worker = make_worker()
    ticket = worker.submit(GridWork(CAT.model, (*wrong, CAT)))
    tick_until_quiet(worker)
    *failed, right = ticket.result()
    for cell in failed:
        assert cell.picture is None
        assert cell.error.what.endswith(".")
        assert cell.error.fix
    assert "150" in failed[0].error.what
    assert right.picture is not None
    assert right.error is None


def test_numbers_that_run_away_end_one_cell(make_worker: Make, tiny_checkpoint: Any) -> None:
    def poison(_: Any, args: Any, output: Any) -> Any:
        noise = output[0].clone()
        noise[args[1] > 990] = float("nan")  # only DDPM's trailing list begins there
        return (noise,)

    runs_away = replace(CAT, scheduler="ddpm", params=(("timestep_spacing", "trailing"),))
    hook = tiny_checkpoint.unet.register_forward_hook(poison)
    try:
        worker = make_worker()
        ticket = worker.submit(GridWork(CAT.model, (runs_away, CAT)))
        tick_until_quiet(worker)
    finally:
        hook.remove()
    bad, good = ticket.result()
    assert "ran away" in bad.error.what
    assert bad.calls == 1
    assert good.picture is not None


def test_what_is_finished_is_not_drawn_again_and_is_kept_for_others(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    run = worker.submit(CELLS[0])
    tick_until_quiet(worker)
    before = len(network.calls)
    ticket = worker.submit(GridWork(CAT.model, (CELLS[0], CELLS[0], CELLS[1])))
    tick_until_quiet(worker)
    first, again, other = ticket.result()
    assert first is again
    assert first.stored
    assert first.seconds == run.result().seconds
    assert not other.stored
    assert len(network.calls) == before + CELLS[1].steps
    opened = worker.submit(CELLS[1])
    assert opened.status().state == "done"
    np.testing.assert_array_equal(opened.result().picture, other.picture)
    assert len(network.calls) == before + CELLS[1].steps


def test_other_peoples_pictures_go_on_between_two_pieces(make_worker: Make) -> None:
    worker = make_worker(slots=4)
    ticket = worker.submit(LOOK, "a teacher")
    for _ in range(2):
        worker.tick()
    picture = worker.submit(replace(CAT, seed=9), "a pupil")
    for _ in range(CAT.steps + 2):
        worker.tick()
    assert picture.status().state == "done"
    assert ticket.status().state == "running"


def test_a_grid_that_is_stopped_asks_no_more(make_worker: Make, network: Network) -> None:
    worker = make_worker(slots=2)
    ticket = worker.submit(LOOK)
    for _ in range(4):
        worker.tick()
    before = len(network.calls)
    assert before > 0
    ticket.cancel()
    tick_until_quiet(worker)
    assert ticket.status().state == "cancelled"
    assert len(network.calls) == before


@pytest.mark.parametrize(
    "bad",
    [
        GridWork(CAT.model, ()),
        GridWork(CAT.model, (CAT,) * (MOST_CELLS + 1)),
        GridWork("another", (CAT,)),
        GridWork("../x", (replace(CAT, model="../x"),)),
    ],
    ids=["no cell", "too many cells", "two models", "no model"],
)
def test_bad_grids_are_refused(bad: GridWork) -> None:
    with pytest.raises(ExplainerError):
        bad.validated()
