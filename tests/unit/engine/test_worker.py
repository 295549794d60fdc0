"""The worker: everybody's pictures in shared calls, each as if it had been alone."""

import copy
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.engine import ask as asking
from core.engine import loaded
from core.engine.alone import run_alone
from core.engine.engine import Engine
from core.engine.film import Film
from core.engine.line import CEILING, FILM_WAITS, LONGEST, PATIENCE
from core.engine.loaded import LoadedModel
from core.engine.request import FilmRequest, Request
from core.engine.results import Results
from core.engine.store import Store
from core.engine.ticket import Ticket
from core.engine.trace import Trace
from core.engine.work import CallRow
from core.errors import ExplainerError
from core.models.folders import find_checkpoint
from core.models.latents import decode_latents
from core.models.loading import Checkpoint
from core.models.small_decoder import decode_quickly
from core.nets.small_decoder import SmallDecoder, SmallDecoderConfig
from tests.unit.engine.conftest import Clock, Network, tick_until_quiet

Make = Callable[..., Engine]
CAT = Request(prompt="a red cat", seed=1, steps=4, guidance=4.0)
MIXED = [
    CAT,
    replace(CAT, prompt="a dog", scheduler="euler", steps=7, guidance=1.0),
    replace(CAT, prompt="", negative="blurry", scheduler="heun", steps=3, seed=5),
    replace(CAT, scheduler="pndm", guidance=9.5, seed=6),
    replace(CAT, scheduler="kdpm2-a", steps=5, seed=7),
    replace(CAT, scheduler="dpmpp-2m", params=(("use_karras_sigmas", True),), steps=6),
    replace(CAT, scheduler="ddpm", steps=9, seed=8),
    replace(CAT, height=128, width=72, steps=2),
]


def assert_equal_alone(checkpoint: Checkpoint, trace: Trace) -> None:
    alone = run_alone(checkpoint, trace.request)
    torch.testing.assert_close(trace.path, alone.path, atol=1e-4, rtol=1e-4)
    assert trace.timesteps == alone.timesteps
    difference = trace.picture.astype(int) - alone.picture.astype(int)
    assert np.abs(difference).max() <= 1


def assert_account(worker: Engine) -> None:
    """When all is quiet, every ticket that was given out has ended, once."""
    counted = worker.counters()
    assert counted.accepted == counted.answered + counted.cancelled + counted.failed


def test_a_batched_answer_is_the_answer_alone_whatever_it_is_batched_with(
    make_worker: Make, network: Network, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker(slots=8)
    tickets = [worker.submit(request, f"pupil {n}") for n, request in enumerate(MIXED)]
    ticks = tick_until_quiet(worker)
    # Seven share every call, the one of another size has its own for two ticks.
    assert len(network.calls) == 9 + 2
    assert max(network.calls) == 6 * 2 + 1
    assert ticks <= 12
    for ticket in tickets:
        assert ticket.status().state == "done"
        assert_equal_alone(tiny_checkpoint, ticket.result())
    assert_account(worker)
    assert worker.counters().computed == len(MIXED)


def test_a_request_joins_at_the_next_tick_and_leaves_when_it_is_done(
    make_worker: Make, network: Network, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker()
    long = worker.submit(replace(CAT, steps=8), "ann")
    for _ in range(3):
        worker.tick()
    short = worker.submit(replace(CAT, steps=2, seed=9, scheduler="euler"), "bob")
    worker.tick()
    worker.tick()
    assert short.status().state == "done"
    assert long.status().state == "running"
    assert long.status().step == 5
    tick_until_quiet(worker)
    assert network.calls == [2, 2, 2, 4, 4, 2, 2, 2]
    for ticket in (long, short):
        assert_equal_alone(tiny_checkpoint, ticket.result())


def test_status_tells_the_way_from_the_line_to_the_picture(make_worker: Make) -> None:
    worker = make_worker(slots=1)
    first = worker.submit(CAT, "ann")
    second = worker.submit(replace(CAT, seed=2), "bob")
    third = worker.submit(replace(CAT, seed=3), "eve")
    assert [t.status().position for t in (first, second, third)] == [1, 2, 3]
    assert first.status().state == "queued"
    assert first.status().eta_s is None
    worker.tick()
    status = first.status()
    assert (status.state, status.step, status.steps, status.position) == ("running", 1, 4, 0)
    assert status.eta_s is not None
    assert status.eta_s > 0
    assert [t.status().position for t in (second, third)] == [1, 2]
    later = third.status().eta_s
    assert later is not None
    assert later > (second.status().eta_s or 0) > 0
    assert not first.wait(0)
    tick_until_quiet(worker)
    assert first.wait(0)
    assert first.status().state == "done"


@pytest.mark.parametrize("ticks", range(6))
def test_cancelling_at_any_moment_ends_the_work_at_the_next_tick(
    ticks: int, make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    ticket = worker.submit(CAT, "ann")
    for _ in range(ticks):
        worker.tick()
    asked = len(network.calls)
    ended = ticket.status().state == "done"
    ticket.cancel()
    tick_until_quiet(worker, most=2)
    assert len(network.calls) == asked
    assert ticket.status().state == ("done" if ended else "cancelled")
    ticket.cancel()
    if ended:
        assert ticket.result().calls == 4
    else:
        with pytest.raises(ExplainerError, match="cancelled"):
            ticket.result()
    assert_account(worker)


def test_a_full_line_refuses_at_once_and_nothing_else_breaks(make_worker: Make) -> None:
    worker = make_worker(slots=1, room=4)
    tickets = [worker.submit(replace(CAT, seed=n), f"pupil {n}") for n in range(4)]
    with pytest.raises(ExplainerError, match="busy: 4 runs are waiting"):
        worker.submit(replace(CAT, seed=99), "pupil 0", replace=False)  # who has a run there
    late = worker.submit(replace(CAT, seed=99), "late")  # who has none is never refused
    again = worker.submit(replace(CAT, seed=50), "pupil 3")  # gives up what it had waiting
    assert tickets[3].status().state == "cancelled"
    joined = worker.submit(replace(CAT, seed=0), "eve")  # equal work takes no room
    tick_until_quiet(worker)
    for ticket in (*tickets[:3], again, late, joined):
        assert ticket.status().state == "done"
    assert_account(worker)


def test_beyond_many_times_the_room_everybody_is_refused(make_worker: Make) -> None:
    worker = make_worker(slots=1, room=2)
    for number in range(2 * CEILING):
        worker.submit(replace(CAT, seed=number), f"tab {number}")
    with pytest.raises(ExplainerError, match="busy: 32 runs are waiting"):
        worker.submit(replace(CAT, seed=99), "late")


def test_forty_long_runs_do_not_keep_a_newcomer_waiting(make_worker: Make) -> None:
    """Each in a tab of its own, so that no session has more than one."""
    worker = make_worker(slots=2)
    long = [worker.submit(replace(CAT, seed=n, steps=100), f"tab {n}") for n in range(40)]
    for _ in range(60):
        worker.tick()
    newcomer = worker.submit(replace(CAT, seed=99, steps=8), "ann")
    worker.tick()
    assert newcomer.status().step == 1  # its first call comes at once
    ticks = 1
    while newcomer.status().state != "done":
        worker.tick()
        ticks += 1
    assert ticks <= 2 * 8
    before = [ticket.status().step for ticket in long]
    for _ in range(40):
        worker.tick()
    assert sum(ticket.status().step for ticket in long) > sum(before)


def test_long_work_ends_however_much_short_work_comes(make_worker: Make) -> None:
    worker = make_worker(slots=1)
    long = worker.submit(replace(CAT, steps=30), "ann")
    ticks = 0
    while long.status().state != "done":
        if ticks % 2 == 0:  # as much short work as there is room for
            worker.submit(replace(CAT, seed=ticks + 1, steps=2), f"pupil {ticks}")
        worker.tick()
        ticks += 1
        assert ticks <= 30 * LONGEST + 30
    assert ticks > 60  # it did wait


def test_one_session_cannot_fill_the_line(make_worker: Make) -> None:
    worker = make_worker(slots=1, room=10)
    for number in range(5):
        worker.submit(replace(CAT, seed=number), "spammer", replace=False)
    with pytest.raises(ExplainerError, match="already have 5 runs under way"):
        worker.submit(replace(CAT, seed=99), "spammer", replace=False)
    assert worker.submit(replace(CAT, seed=100), "ann").status().position == 2


def test_thirty_equal_requests_are_one_computation(make_worker: Make, network: Network) -> None:
    worker = make_worker()
    tickets = [worker.submit(replace(CAT), f"pupil {n}") for n in range(15)]
    worker.tick()
    tickets += [worker.submit(replace(CAT, guidance=4), f"pupil {n}") for n in range(15, 30)]
    tick_until_quiet(worker)
    assert network.calls == [2, 2, 2, 2]
    assert len({id(ticket.result()) for ticket in tickets}) == 1
    counted = worker.counters()
    assert (counted.computed, counted.joined, counted.answered) == (1, 29, 30)
    late = worker.submit(CAT, "late")
    assert late.status().state == "done"
    assert worker.counters().stored == 1
    assert len(network.calls) == 4


def test_equal_work_goes_on_while_anybody_waits_for_it(make_worker: Make, network: Network) -> None:
    worker = make_worker()
    first, second = worker.submit(CAT, "ann"), worker.submit(CAT, "bob")
    worker.tick()
    first.cancel()
    tick_until_quiet(worker)
    assert first.status().state == "cancelled"
    assert second.result().calls == 4
    assert len(network.calls) == 4


def test_a_run_given_up_and_wished_again_before_the_tick_goes_on(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    first = worker.submit(CAT, "ann")
    worker.tick()
    first.cancel()
    second = worker.submit(CAT, "ann")
    tick_until_quiet(worker)
    assert second.status().state == "done"
    assert len(network.calls) == 4


def test_the_newest_wish_of_a_session_replaces_the_older_if_it_may(make_worker: Make) -> None:
    worker = make_worker(slots=2)
    first = worker.submit(CAT, "ann")
    other = worker.submit(replace(CAT, seed=7), "bob")
    worker.tick()
    kept = worker.submit(replace(CAT, seed=2), "ann", replace=False)
    assert first.status().state == "running"
    newest = worker.submit(replace(CAT, seed=3), "ann")
    assert first.status().state == kept.status().state == "cancelled"
    tick_until_quiet(worker)
    assert newest.status().state == other.status().state == "done"
    assert_account(worker)


def test_a_slider_that_is_dragged_leaves_one_run_of_its_session(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    tickets = []
    for place in range(50):
        tickets.append(worker.submit(replace(CAT, guidance=1.5 + place / 10), "ann"))
        worker.tick()
        assert sum(ticket.status().state == "running" for ticket in tickets) <= 1
    tick_until_quiet(worker)
    assert [ticket.status().state for ticket in tickets] == ["cancelled"] * 49 + ["done"]
    assert set(network.calls) == {2}  # a prompt and its opposite, of one run at a time
    assert_account(worker)


def test_thirty_clicks_of_one_do_not_hold_up_the_others(make_worker: Make) -> None:
    worker = make_worker(slots=4)
    spam = [
        worker.submit(replace(CAT, seed=number), "spammer", replace=False) for number in range(30)
    ]
    worker.tick()
    others = [worker.submit(replace(CAT, seed=100 + n), f"pupil {n}") for n in range(6)]
    ticks = 0
    while any(ticket.status().state != "done" for ticket in others):
        worker.tick()
        ticks += 1
    alone = make_worker(slots=4)
    same = [alone.submit(replace(CAT, seed=100 + n), f"pupil {n}") for n in range(6)]
    without = tick_until_quiet(alone)
    assert all(ticket.status().state == "done" for ticket in same)
    assert ticks <= 3 * without
    assert sum(ticket.status().state == "done" for ticket in spam) <= 8
    for ticket in spam:
        ticket.cancel()
    tick_until_quiet(worker)
    assert_account(worker)


def test_tickets_nobody_looks_at_are_dropped(
    make_worker: Make, network: Network, clock: Clock
) -> None:
    worker = make_worker()
    seen, unseen = worker.submit(CAT, "ann"), worker.submit(replace(CAT, seed=2), "bob")
    worker.tick()
    clock.now += PATIENCE - 1
    seen.status()
    worker.tick()
    clock.now += 2
    worker.tick()
    tick_until_quiet(worker)
    assert seen.status().state == "done"
    assert unseen.status().state == "cancelled"
    assert network.calls == [4, 4, 2, 2]
    assert_account(worker)


def test_whoever_waits_counts_as_looking(make_worker: Make, clock: Clock) -> None:
    worker = make_worker()
    ticket = worker.submit(CAT, "ann")
    waiting = threading.Thread(target=ticket.wait, args=(30,))
    waiting.start()
    while ticket.waiters == 0:  # until the other thread has come to its wait
        pass
    clock.now += 10 * PATIENCE
    tick_until_quiet(worker)
    waiting.join()
    assert ticket.status().state == "done"


Wrong = Callable[[list[CallRow]], Exception | None]


def ask_with_faults(monkeypatch: pytest.MonkeyPatch, wrong: Wrong) -> list[int]:
    """Let U-Net calls fail where ``wrong`` says so; returns the widths that were tried."""
    real = asking.ask_unet
    tried: list[int] = []

    def ask_unet(checkpoint: Checkpoint, rows: list[CallRow]) -> torch.Tensor:
        tried.append(len(rows))
        error = wrong(rows)
        if error is not None:
            raise error
        return real(checkpoint, rows)

    monkeypatch.setattr(asking, "ask_unet", ask_unet)
    return tried


@pytest.mark.parametrize("fits", [1, 2, 3, 5])
def test_out_of_memory_halves_the_batch_and_everybody_gets_a_picture(
    fits: int, make_worker: Make, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker()
    with monkeypatch.context() as patch:
        full = torch.OutOfMemoryError("CUDA out of memory")
        tried = ask_with_faults(patch, lambda rows: full if len(rows) > fits else None)
        tickets = [worker.submit(replace(CAT, seed=n), f"pupil {n}") for n in range(4)]
        tick_until_quiet(worker)
    assert tried[0] == 8
    assert sum(width > fits for width in tried) <= 4  # it learns, and does not try again and again
    for ticket in tickets:
        assert_equal_alone(tiny_checkpoint, ticket.result())
    assert_account(worker)


def test_what_has_no_memory_even_alone_fails_alone_with_what_to_change(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker()
    full = torch.OutOfMemoryError("CUDA out of memory")

    def wrong(rows: list[CallRow]) -> Exception | None:
        return full if any(row.latents.shape[-1] > 8 for row in rows) else None

    ask_with_faults(monkeypatch, wrong)
    large = worker.submit(replace(CAT, width=128), "ann")
    small = worker.submit(CAT, "bob")
    tick_until_quiet(worker)
    assert small.status().state == "done"
    status = large.status()
    assert status.state == "failed"
    assert status.error is not None
    assert "memory" in status.error.what
    assert "smaller size" in status.error.fix
    with pytest.raises(ExplainerError, match="memory"):
        large.result()
    assert_account(worker)


def test_one_that_fails_fails_alone(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker()
    noise = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(66))

    def wrong(rows: list[CallRow]) -> Exception | None:
        poisoned = any(torch.equal(row.latents, noise) for row in rows)
        return RuntimeError("a kernel failed\nwith a long story") if poisoned else None

    ask_with_faults(monkeypatch, wrong)
    tickets = [worker.submit(replace(CAT, seed=n), f"pupil {n}") for n in (1, 66, 2)]
    tick_until_quiet(worker)
    assert [t.status().state for t in tickets] == ["done", "failed", "done"]
    error = tickets[1].status().error
    assert error is not None
    assert "a kernel failed" in error.what
    assert "story" not in error.what
    monkeypatch.undo()
    assert_equal_alone(tiny_checkpoint, tickets[0].result())
    assert_account(worker)


def test_numbers_that_are_not_finite_end_one_run_and_are_never_kept(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    results = Results(Store(tmp_path))
    worker = make_worker(results=results)
    real = asking.ask_unet
    noise = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(66))

    def ask_unet(checkpoint: Checkpoint, rows: list[CallRow]) -> torch.Tensor:
        answer = real(checkpoint, rows)
        for number, row in enumerate(rows):
            if torch.equal(row.latents, noise):
                answer[number, 0, 0, 0] = torch.nan
        return answer

    monkeypatch.setattr(asking, "ask_unet", ask_unet)
    bad = worker.submit(replace(CAT, seed=66), "ann")
    good = worker.submit(CAT, "bob")
    tick_until_quiet(worker)
    results.flush()
    assert good.status().state == "done"
    assert bad.status().state == "failed"
    assert "not finite" in str(bad.status().error)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_damaged_weights_end_with_a_sentence_and_are_never_kept(
    part: str, make_worker: Make, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    network = copy.deepcopy(getattr(tiny_checkpoint, part))
    with torch.no_grad():
        next(iter(network.parameters() if part == "unet" else network.decoder.parameters())).fill_(
            torch.nan
        )
    damaged = replace(tiny_checkpoint, **{part: network})
    worker = make_worker(load=lambda _: LoadedModel(damaged, 0), results=Results(Store(tmp_path)))
    tickets = [worker.submit(replace(CAT, seed=n), f"pupil {n}") for n in range(3)]
    tick_until_quiet(worker)
    for ticket in tickets:
        assert ticket.status().state == "failed"
        assert "finite" in str(ticket.status().error)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert_account(worker)


def test_a_request_that_does_not_suit_the_model_fails_alone(make_worker: Make) -> None:
    worker = make_worker()
    large = worker.submit(replace(CAT, height=512, width=512), "ann")
    good = worker.submit(CAT, "bob")
    tick_until_quiet(worker)
    assert "trained at 64 × 64" in str(large.status().error)
    assert good.status().state == "done"


@pytest.mark.parametrize("field", ["steps", "seed", "guidance"])
def test_a_bad_request_is_refused_before_it_is_accepted(field: str, make_worker: Make) -> None:
    worker = make_worker()
    with pytest.raises(ExplainerError, match=field):
        worker.submit(replace(CAT, **{field: -3}), "ann")
    with pytest.raises(ExplainerError, match="frames"):
        worker.submit(FilmRequest(CAT, 0), "ann")
    assert worker.counters().accepted == 0
    assert not worker.busy


def test_a_finished_run_comes_from_the_disk_after_a_restart(
    make_worker: Make, network: Network, tmp_path: Path
) -> None:
    first = make_worker(results=Results(Store(tmp_path)))
    made = first.submit(CAT, "ann")
    tick_until_quiet(first)
    first.close()
    network.calls.clear()
    second = make_worker(results=Results(Store(tmp_path)))
    found = second.submit(CAT, "ann")
    tick_until_quiet(second)
    assert network.calls == []
    np.testing.assert_array_equal(found.result().picture, made.result().picture)
    assert torch.equal(found.result().path, made.result().path)
    assert second.counters().stored == 1
    assert second.counters().computed == 0
    assert_account(second)


def test_a_damaged_entry_is_computed_again(
    make_worker: Make, network: Network, tmp_path: Path
) -> None:
    first = make_worker(results=Results(Store(tmp_path)))
    made = first.submit(CAT, "ann")
    tick_until_quiet(first)
    first.close()
    (entry,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    network.calls.clear()
    second = make_worker(results=Results(Store(tmp_path)))
    again = second.submit(CAT, "ann")
    tick_until_quiet(second)
    assert len(network.calls) == 4
    np.testing.assert_array_equal(again.result().picture, made.result().picture)


def test_a_disk_that_cannot_be_written_costs_no_picture(make_worker: Make, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("x")
    worker = make_worker(results=Results(Store(tmp_path / "in the way" / "cache")))
    ticket = worker.submit(CAT, "ann")
    tick_until_quiet(worker)
    assert ticket.status().state == "done"


def test_other_weights_never_answer_from_the_first_ones_store(
    make_worker: Make, network: Network, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    first = make_worker(results=Results(Store(tmp_path)))
    first.submit(CAT, "ann")
    tick_until_quiet(first)
    first.close()
    other = replace(tiny_checkpoint, fingerprint="another")
    second = make_worker(load=lambda _: LoadedModel(other, 0), results=Results(Store(tmp_path)))
    network.calls.clear()
    second.submit(CAT, "ann")
    tick_until_quiet(second)
    assert len(network.calls) == 4


def test_a_film_is_the_run_decoded(make_worker: Make, tiny_checkpoint: Checkpoint) -> None:
    worker = make_worker()
    request = replace(CAT, scheduler="euler", steps=6)
    film = worker.submit(FilmRequest(request), "ann")
    assert film.status().state == "queued"
    worker.tick()
    assert film.status().state == "running"  # as the run it wants
    tick_until_quiet(worker)
    shown = film.result()
    trace = run_alone(tiny_checkpoint, request)
    assert shown.xt.shape == (7, 64, 64, 3)
    assert shown.x0.shape == (6, 64, 64, 3)
    assert shown.indices == tuple(range(6))
    for index in range(6):
        for strip, latents in (
            (shown.xt, trace.steps[index].xt),
            (shown.x0, trace.steps[index].x0),
        ):
            alone = decode_latents(tiny_checkpoint, latents[None])[0].numpy()
            assert np.abs(strip[index].astype(int) - alone.astype(int)).max() <= 1
    found = worker.find(request)
    assert found is not None
    assert np.array_equal(shown.xt[-1], found.picture)
    assert not shown.small
    assert_account(worker)


def test_the_small_decoder_draws_a_films_frames_and_no_picture(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    torch.manual_seed(3)
    small = SmallDecoder(SmallDecoderConfig(4, (8, 8, 8), (1, 1, 1))).eval()
    worker = make_worker(load=lambda _: LoadedModel(tiny_checkpoint, 0, small))
    film = worker.submit(FilmRequest(CAT), "ann")
    tick_until_quiet(worker)
    shown, trace = film.result(), run_alone(tiny_checkpoint, CAT)
    assert shown.small
    for frames, name in ((shown.xt[:-1], "xt"), (shown.x0, "x0")):
        latents = torch.stack([getattr(step, name) for step in trace.steps])
        expected = decode_quickly(small, latents).numpy()
        assert np.abs(frames.astype(int) - expected.astype(int)).max() <= 1
    found = worker.find(CAT)
    assert found is not None
    for picture in (shown.xt[-1], found.picture):
        assert np.abs(picture.astype(int) - trace.picture.astype(int)).max() <= 1


def test_another_small_decoder_draws_the_film_anew(
    tiny_checkpoint: Checkpoint,
) -> None:
    stamps = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        small = SmallDecoder(SmallDecoderConfig(4, (8, 8, 8), (1, 1, 1))).eval()
        stamps.append(LoadedModel(tiny_checkpoint, 0, small).stamp)
    assert stamps[0] == stamps[2] != stamps[1]
    assert LoadedModel(tiny_checkpoint, 0).stamp not in stamps


def test_the_film_of_a_finished_run_asks_the_network_nothing(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    worker.submit(CAT, "ann")
    tick_until_quiet(worker)
    network.calls.clear()
    film = worker.submit(FilmRequest(CAT), "ann")
    worker.tick()
    assert film.status().state == "decoding"
    assert (film.status().step, film.status().steps) == (4, 8)
    tick_until_quiet(worker)
    assert len(film.result().x0) == 4
    assert network.calls == []
    assert worker.submit(FilmRequest(CAT), "bob").status().state == "done"


def test_a_film_never_delays_a_pictures_step(make_worker: Make) -> None:
    run = replace(CAT, steps=30)
    alone = make_worker()
    picture = alone.submit(replace(CAT, seed=9), "bob")
    ticks = tick_until_quiet(alone)
    assert picture.status().state == "done"
    worker = make_worker()
    worker.submit(run, "ann")
    tick_until_quiet(worker)
    film = worker.submit(FilmRequest(run), "ann")
    worker.tick()
    worker.tick()
    shown = film.status().step
    assert shown == 8
    picture = worker.submit(replace(CAT, seed=9), "bob")
    for _ in range(ticks):
        worker.tick()
    assert picture.status().state == "done"
    assert film.status().step == shown
    tick_until_quiet(worker)
    assert film.result().xt.shape[0] == 31


def test_a_film_is_decoded_however_many_pictures_come(make_worker: Make, clock: Clock) -> None:
    worker = make_worker(slots=1)
    worker.submit(CAT, "ann")
    tick_until_quiet(worker)
    film = worker.submit(FilmRequest(CAT), "ann")
    ticks = 0
    while film.status().state != "done":
        worker.submit(replace(CAT, seed=ticks + 50, steps=2), f"pupil {ticks}")
        worker.tick()
        ticks += 1
        if ticks == 3 * LONGEST:
            assert film.status().step == 0  # pictures come first
            clock.now += FILM_WAITS + 1
        assert ticks <= 9 * LONGEST
    assert ticks > 4 * LONGEST


def test_a_film_that_is_begun_is_finished_before_the_next(make_worker: Make) -> None:
    worker = make_worker()
    runs = [replace(CAT, seed=seed, steps=6) for seed in (1, 2)]
    for number, run in enumerate(runs):
        worker.submit(run, f"pupil {number}")
    tick_until_quiet(worker)
    films = [worker.submit(FilmRequest(run), f"pupil {n}") for n, run in enumerate(runs)]
    progress = []
    while worker.busy:
        worker.tick()
        progress.append([film.status().step for film in films])
    assert [4, 0] in progress
    assert [8, 0] in progress
    assert all(film.status().state == "done" for film in films)


def test_a_long_run_is_shown_by_as_many_frames_as_were_asked(make_worker: Make) -> None:
    worker = make_worker()
    film = worker.submit(FilmRequest(replace(CAT, steps=11), frames=5), "ann")
    tick_until_quiet(worker)
    assert film.result().indices == (0, 2, 5, 8, 10)
    assert len(film.result().xt) == 6


def test_a_film_given_up_stops_its_run_unless_others_want_it(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    film = worker.submit(FilmRequest(CAT), "ann")
    worker.tick()
    film.cancel()
    tick_until_quiet(worker, most=2)
    assert len(network.calls) == 1
    film = worker.submit(FilmRequest(CAT), "ann")
    run = worker.submit(CAT, "bob")
    worker.tick()
    film.cancel()
    tick_until_quiet(worker)
    assert run.status().state == "done"
    assert_account(worker)


def test_a_film_of_a_run_that_fails_fails_with_its_sentence(make_worker: Make) -> None:
    worker = make_worker()
    film = worker.submit(FilmRequest(replace(CAT, height=512, width=512)), "ann")
    tick_until_quiet(worker)
    assert "trained at" in str(film.status().error)
    assert_account(worker)


def test_asking_for_the_film_of_ones_running_picture_keeps_the_run(
    make_worker: Make, network: Network
) -> None:
    worker = make_worker()
    worker.submit(CAT, "ann")
    worker.tick()
    film = worker.submit(FilmRequest(CAT), "ann")
    tick_until_quiet(worker)
    assert film.status().state == "done"
    assert len(network.calls) == 4


def test_a_preview_shows_the_newest_estimate(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker()
    ticket = worker.submit(CAT, "ann")
    assert worker.preview(ticket) is None
    worker.tick()
    assert worker.preview(ticket) is None  # the colours are fitted at the next tick
    worker.tick()
    picture = worker.preview(ticket)
    assert picture is not None
    assert picture.shape == (8, 8, 3)
    assert picture.dtype == np.uint8
    worker.tick()
    newer = worker.preview(ticket)
    assert newer is not None
    assert not np.array_equal(picture, newer)
    tick_until_quiet(worker)
    assert worker.preview(ticket) is None


def test_without_memory_for_the_colours_there_is_no_preview_and_nothing_else_ends(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def fit(_: Checkpoint) -> None:
        tried.append(1)
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loaded, "fit_color_map", fit)
    worker = make_worker()
    tickets = [worker.submit(replace(CAT, seed=n), f"pupil {n}") for n in range(2)]
    while worker.busy:
        worker.tick()
        assert worker.preview(tickets[0]) is None
    assert [ticket.status().state for ticket in tickets] == ["done", "done"]
    assert len(tried) == 1


def test_the_decoder_tries_full_width_again_when_others_are_gone(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    memory = [1]
    real = loaded.decode_latents

    def decode(checkpoint: Checkpoint, latents: torch.Tensor) -> torch.Tensor:
        tried.append(len(latents))
        if len(latents) > memory[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(checkpoint, latents)

    monkeypatch.setattr(loaded, "decode_latents", decode)
    worker = make_worker()
    for seeds in (range(3), range(3, 6)):
        for seed in seeds:
            worker.submit(replace(CAT, seed=seed), f"pupil {seed}")
        tick_until_quiet(worker)
        memory[0] = 4
    assert tried == [3, 1, 1, 1, 3]
    assert_account(worker)


def two_models(checkpoint: Checkpoint, loaded: list[str]) -> Callable[[str], LoadedModel]:
    """Models by name; every one but the built-in decodes in other colours."""
    other = copy.deepcopy(checkpoint.vae)
    with torch.no_grad():
        other.decoder.conv_out.weight.neg_()

    def load(model: str) -> LoadedModel:
        loaded.append(model)
        if model == "broken/model":
            raise ExplainerError("The weights are damaged.", "Get them again.")
        if model == "odd/model":
            raise KeyError("surprise")
        vae = checkpoint.vae if model == CAT.model else other
        return LoadedModel(replace(checkpoint, fingerprint=model, vae=vae), 0)

    return load


def assert_film_of(checkpoint: Checkpoint, film: Film, trace: Trace) -> None:
    """Whether a film is what one model's own decoder makes of a run."""
    for strip, latents in ((film.xt, trace.path), (film.x0, [step.x0 for step in trace.steps])):
        alone = decode_latents(checkpoint, torch.stack(list(latents))).numpy()
        assert np.abs(strip.astype(int) - alone.astype(int)).max() <= 1


def test_another_model_is_loaded_when_this_one_is_idle(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    loaded: list[str] = []
    worker = make_worker(load=two_models(tiny_checkpoint, loaded))
    first = worker.submit(CAT, "ann")
    worker.tick()
    other = worker.submit(replace(CAT, model="other/model"), "bob")
    later = worker.submit(replace(CAT, seed=5), "eve")
    while first.status().state != "done":
        assert loaded == ["emoji128"]
        assert other.status().state == later.status().state == "queued"
        worker.tick()
    tick_until_quiet(worker)
    assert loaded == ["emoji128", "other/model", "emoji128"]
    assert other.result().fingerprint == "other/model"
    assert later.result().fingerprint == "emoji128"
    assert_account(worker)


def test_a_film_is_decoded_by_its_own_model(
    make_worker: Make, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    loaded: list[str] = []
    load = two_models(tiny_checkpoint, loaded)
    worker = make_worker(load=load, results=Results(Store(tmp_path)))
    run = worker.submit(CAT, "ann")
    tick_until_quiet(worker)
    film = worker.submit(FilmRequest(CAT), "ann")
    other = worker.submit(replace(CAT, model="other/model"), "bob")
    worker.tick()
    assert loaded == ["emoji128"]  # not before the film is done
    tick_until_quiet(worker)
    assert_film_of(tiny_checkpoint, film.result(), run.result())
    # The other model decodes visibly otherwise, so that a mix-up could not pass here.
    pictures = other.result().picture.astype(int) - run.result().picture.astype(int)
    assert np.abs(pictures).max() > 50


@pytest.mark.parametrize("next_model", ["other/model", "broken/model"])
def test_a_film_whose_run_is_found_is_decoded_before_the_model_goes(
    next_model: str, make_worker: Make, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    loaded: list[str] = []
    load = two_models(tiny_checkpoint, loaded)
    results = Results(Store(tmp_path))
    worker = make_worker(load=load, results=results)
    run = worker.submit(CAT, "ann")
    worker.submit(replace(CAT, model="other/model"), "bob")
    tick_until_quiet(worker)
    film = worker.submit(FilmRequest(CAT), "ann")  # goes through the line: its model is not here
    after = worker.submit(replace(CAT, model=next_model, seed=9), "bob")
    tick_until_quiet(worker)
    assert_film_of(tiny_checkpoint, film.result(), run.result())
    assert after.status().state == ("done" if next_model == "other/model" else "failed")
    results.flush()
    stored = Results(Store(tmp_path))
    stored.stamp(CAT.model, load(CAT.model).stamp)
    kept = stored.find(FilmRequest(CAT))
    assert isinstance(kept, Film)
    assert_film_of(tiny_checkpoint, kept, run.result())
    assert_account(worker)


def test_films_of_runs_that_ended_together_are_all_decoded_before_the_model_goes(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    loaded: list[str] = []
    worker = make_worker(load=two_models(tiny_checkpoint, loaded))
    # So short that one turn is enough for the first film, and the second has not begun.
    runs = [replace(CAT, seed=seed, steps=1) for seed in (1, 2)]
    films = [worker.submit(FilmRequest(run), f"pupil {n}") for n, run in enumerate(runs)]
    worker.submit(replace(CAT, model="other/model"), "bob")
    tick_until_quiet(worker)
    assert loaded == ["emoji128", "other/model"]
    for run, film in zip(runs, films, strict=True):
        assert_film_of(tiny_checkpoint, film.result(), run_alone(tiny_checkpoint, run))


@pytest.mark.parametrize("film", [False, True])
def test_a_model_that_is_not_here_is_refused_at_once_and_the_loaded_one_stays(
    film: bool, make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    loaded: list[str] = []
    worker = make_worker(load=two_models(tiny_checkpoint, loaded), check=find_checkpoint)
    running = worker.submit(CAT, "ann")
    worker.tick()
    absent = replace(CAT, model="nobody/not-here")
    with pytest.raises(ExplainerError, match="nobody/not-here is not on this machine"):
        worker.submit(FilmRequest(absent) if film else absent, "ann")
    assert running.status().state == "running"  # a wish that is refused replaces nothing
    tick_until_quiet(worker)
    worker.submit(replace(CAT, seed=2), "ann")
    tick_until_quiet(worker)
    assert loaded == ["emoji128"]
    assert worker.counters().accepted == 2


@pytest.mark.parametrize(
    ("model", "said"), [("broken/model", "The weights are damaged."), ("odd/model", "surprise")]
)
def test_a_model_that_does_not_load_fails_those_who_wait_for_it(
    model: str, said: str, make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    loaded: list[str] = []
    worker = make_worker(load=two_models(tiny_checkpoint, loaded))
    bad = [worker.submit(replace(CAT, model=model, seed=n), f"pupil {n}") for n in range(3)]
    good = worker.submit(CAT, "ann")
    tick_until_quiet(worker)
    assert loaded == [model, "emoji128"]
    assert all(said in str(ticket.status().error) for ticket in bad)
    assert good.status().state == "done"
    assert_account(worker)


def test_status_says_when_the_model_is_being_loaded(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    seen: list[Any] = []

    def load(_: str) -> LoadedModel:
        seen.append(ticket.status())
        return LoadedModel(tiny_checkpoint, 0)

    worker = make_worker(load=load)
    ticket = worker.submit(CAT, "ann")
    assert not ticket.status().loading
    tick_until_quiet(worker)
    assert [(status.state, status.loading) for status in seen] == [("queued", True)]


def test_prompts_are_read_once(make_worker: Make, tiny_checkpoint: Checkpoint) -> None:
    worker = make_worker()
    read: list[int] = []
    hook = tiny_checkpoint.text_encoder.register_forward_pre_hook(lambda *_: read.append(1))
    for seed in range(4):
        worker.submit(replace(CAT, seed=seed), f"pupil {seed}")
    tick_until_quiet(worker)
    hook.remove()
    assert len(read) == 2  # the prompt and the empty one


@pytest.mark.parametrize("luck", [5, 6, 7])
def test_every_ticket_ends_exactly_once_whatever_happens(
    luck: int, make_worker: Make, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    dice = random.Random(luck)
    worker = make_worker(slots=2, room=3)
    tickets: list[Ticket[Any]] = []
    refused = 0

    noise = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(3))

    def wrong(rows: list[CallRow]) -> Exception | None:
        poisoned = any(torch.equal(row.latents, noise) for row in rows)
        return RuntimeError("seed 3") if poisoned else None

    ask_with_faults(monkeypatch, wrong)
    for _ in range(250):
        act = dice.random()
        if act < 0.45:
            request = replace(CAT, seed=dice.randrange(12), steps=dice.randrange(2, 7))
            session = f"pupil {dice.randrange(6)}"
            wish = FilmRequest(request) if dice.random() < 0.3 else request
            try:
                tickets.append(worker.submit(wish, session, replace=dice.random() < 0.5))
            except ExplainerError:
                refused += 1
        elif act < 0.55 and tickets:
            dice.choice(tickets).cancel()
        elif act < 0.57:
            clock.now += PATIENCE * dice.random() * 2
        else:
            worker.tick()
    for ticket in tickets:
        ticket.status()
    tick_until_quiet(worker)
    states = [ticket.status().state for ticket in tickets]
    assert set(states) == {"done", "cancelled", "failed"}
    assert refused > 0
    assert all(ticket.ended.is_set() for ticket in tickets)
    assert all((ticket.value is not None) == (ticket.state == "done") for ticket in tickets)
    assert_account(worker)


def test_closing_ends_everything_and_refuses_what_comes_later(make_worker: Make) -> None:
    worker = make_worker()
    tickets = [worker.submit(CAT, "ann"), worker.submit(FilmRequest(CAT), "bob")]
    worker.tick()
    worker.close()
    assert [ticket.status().state for ticket in tickets] == ["cancelled", "cancelled"]
    with pytest.raises(ExplainerError, match="shut down"):
        worker.submit(CAT, "ann")
    assert_account(worker)


def test_the_worker_thread_answers_many_threads_at_once(
    make_worker: Make, tiny_checkpoint: Checkpoint
) -> None:
    worker = make_worker(threaded=True)
    answers: dict[int, Trace] = {}

    def pupil(number: int) -> None:
        request = replace(MIXED[number % 7], seed=number)
        answers[number] = worker.submit(request, f"pupil {number}").result()

    threads = [threading.Thread(target=pupil, args=(number,)) for number in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == list(range(14))
    for trace in answers.values():
        assert_equal_alone(tiny_checkpoint, trace)
    assert_account(worker)
    assert worker.counters().answered == 14


def test_a_stumbling_worker_ends_its_tickets_and_goes_on(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker(threaded=True)

    def stumble() -> None:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(worker._line, "drop", stumble)
    ticket = worker.submit(CAT, "ann")
    assert ticket.wait(30)
    assert "a fault of ours" in str(ticket.status().error)
    monkeypatch.undo()
    assert worker.submit(CAT, "ann").result().calls == 4


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_worker_is_replaced_by_the_next_wish(
    make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker(threaded=True)

    def die() -> None:
        raise SystemExit  # is no Exception, and ends a thread without a word

    monkeypatch.setattr(worker._line, "drop", die)
    left = worker.submit(CAT, "ann")
    dead = worker._thread
    assert dead is not None
    dead.join(60)
    monkeypatch.undo()
    assert left.status().state == "queued"
    assert worker.submit(replace(CAT, seed=2), "bob").result().calls == 4
    assert left.result().calls == 4
    assert_account(worker)


def test_closing_stops_the_worker_thread(make_worker: Make) -> None:
    worker = make_worker(threaded=True)
    assert worker.submit(CAT, "ann").result().calls == 4
    before = threading.active_count()
    worker.close()
    assert threading.active_count() == before - 1
