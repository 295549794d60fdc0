"""The line: least remaining work first, turns between sessions, an account of every ticket."""

import tracemalloc
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from core.engine.line import ASIDE, LOADING, LONGEST, SILENT, Job, Line
from core.engine.ticket import Ticket
from core.engine.work import FILM, ROWS_A_PIECE, Course, Outcome, Progress, Wanted, Work
from core.errors import ExplainerError

ROWS = 4  # of one turn: two new works


@dataclass(frozen=True, slots=True)
class Piece(Work[str]):
    """Work of a length that it tells."""

    goes_on: ClassVar[bool] = True

    name: str
    length: int = 4
    model: str = "m"

    def validated(self) -> "Piece":
        return self

    def course(self, loaded: Any) -> Course[str]:
        yield Progress(0, self.length)
        return self.name

    def rows(self, positions: int) -> float:
        return ROWS_A_PIECE * self.length


@dataclass(frozen=True, slots=True)
class Reel(Piece):
    """Work that can wait."""

    rank: ClassVar[int] = FILM


@dataclass(frozen=True, slots=True)
class Sum(Piece):
    """Work that needs no model in memory."""

    weights: ClassVar[bool] = False


def open_line(room: int = 64) -> Line:
    return Line(room, lambda: 0.0)


def enter(line: Line, session: str, work: Piece, replacing: bool = False) -> Ticket[Any]:
    return line.enter(work, session, replacing, None)


def turn(line: Line, model: str | None = "m", rows: int = ROWS) -> list[Job]:
    """One turn: whoever has it begins, or does a piece."""
    chosen = line.choose(model, rows)
    for job in chosen:
        if not job.begun:
            line.begin(job)
        done = job.progress.done + 1
        line.told(job, Progress(done, job.work.length))  # type: ignore[attr-defined]  # a Piece
        if done == job.work.length:  # type: ignore[attr-defined]  # as above
            line.end(job, job.work, computed=True)
    return chosen


def names(jobs: list[Job]) -> list[str]:
    return [job.work.name for job in jobs]  # type: ignore[attr-defined]  # a Piece


def test_least_remaining_work_goes_first_and_equal_ones_in_order_of_arrival() -> None:
    line = open_line()
    for session, length in (("ann", 9), ("bob", 2), ("eve", 5), ("joe", 2)):
        enter(line, session, Piece(session, length))
    assert names(turn(line)) == ["bob", "joe"]
    assert names(turn(line)) == ["eve", "ann"]  # a first call for those who are new
    assert names(turn(line)) == ["bob"]  # then the one that is nearest to its end


def test_the_tabs_of_a_browser_have_one_share() -> None:
    line = open_line()
    for tab in range(20):
        enter(line, f"ann/{tab}", Piece(f"tab {tab}", 2))
    late = enter(line, "bob/0", Piece("bob", 2))
    assert names(turn(line)) == ["tab 0", "bob"]
    for _ in range(3):
        turn(line)
    assert late.state == "done"
    assert len(line.jobs()) >= 19  # of the browser that came first, one at most


def test_a_tab_replaces_its_own_wish_alone_and_all_count_as_held() -> None:
    line = open_line(room=4)
    first, second = (enter(line, f"ann/{tab}", Piece(f"tab {tab}"), True) for tab in range(2))
    assert enter(line, "ann/1", Piece("newer"), True).state == "queued"
    assert (first.state, second.state) == ("queued", "cancelled")
    with pytest.raises(ExplainerError, match="You already have 2 runs"):
        enter(line, "ann/2", Piece("third tab"), True)
    assert enter(line, "bob/0", Piece("bob"), True).state == "queued"


def test_whoever_is_new_has_a_call_before_those_who_had_one() -> None:
    line = open_line()
    enter(line, "ann", Piece("old", 2))
    turn(line, rows=2)
    late = enter(line, "bob", Piece("new", 50))
    assert names(turn(line, rows=2)) == ["new"]
    assert late.status().state == "running"


def test_a_sessions_second_wish_counts_behind_its_first() -> None:
    line = open_line()
    for number in range(5):
        enter(line, "spammer", Piece(f"s{number}", 4))
    waiting = {name: enter(line, name, Piece(name, 4)) for name in ("ann", "bob")}
    assert names(turn(line)) == ["s0", "ann"]
    assert names(turn(line))[0] == "bob"
    turns = 2
    while any(ticket.status().state != "done" for ticket in waiting.values()):
        turn(line)
        turns += 1
    assert turns <= 3 * 4 + 4  # as if the spammer had one wish, and not five


def test_work_of_two_sessions_has_the_earlier_turn_of_both() -> None:
    line = open_line()
    for number in range(4):
        enter(line, "spammer", Piece(f"s{number}", 4))
    enter(line, "ann", Piece("s3", 4))
    assert names(turn(line)) == ["s0", "s3"]


def test_long_work_left_out_has_a_turn_beside_the_others() -> None:
    line = open_line()
    long = enter(line, "ann", Piece("long", 90))
    had = 0
    for number in range(4 * LONGEST):
        for session in ("bob", "eve"):
            enter(line, session, Piece(f"{session} {number}", 1))
        chosen = names(turn(line))
        had += "long" in chosen
        assert len(chosen) == 2 + ("long" in chosen)
    assert had == 4
    assert long.status().step == had


def test_films_go_where_nothing_else_does() -> None:
    line = open_line()
    reel = enter(line, "ann", Reel("reel", 3))
    enter(line, "bob", Piece("picture", 2))
    assert names(turn(line, rows=100)) == ["picture"]
    assert names(turn(line, rows=100)) == ["picture"]
    assert names(turn(line, rows=100)) == ["reel"]
    assert reel.status().state == "running"


def test_whoever_came_before_a_wish_for_another_model_is_done_first() -> None:
    line = open_line()
    enter(line, "ann", Piece("a", 1))
    enter(line, "bob", Piece("b", 1, model="other"))
    enter(line, "eve", Piece("c", 1))
    assert line.model_wanted("m") is None
    assert names(turn(line)) == ["a"]
    assert line.model_wanted("m") == "other"
    assert names(turn(line, "other")) == ["b"]
    assert line.model_wanted("other") == "m"
    assert names(turn(line)) == ["c"]


def test_what_needs_no_weights_never_waits_for_a_model() -> None:
    line = open_line()
    enter(line, "ann", Sum("sum", 1, model="far away"))
    assert line.model_wanted(None) is None
    assert names(turn(line, None)) == ["sum"]


def test_a_run_given_up_in_its_middle_goes_on_where_it_was() -> None:
    line = open_line()
    first = enter(line, "ann", Piece("a", 6))
    turn(line)
    turn(line)
    first.cancel()
    assert line.drop() == []
    assert not line.busy
    again = enter(line, "bob", Piece("a", 6))
    assert again.status().step == 2
    assert names(turn(line)) == ["a"]


def test_only_a_few_are_set_aside_and_none_for_another_model() -> None:
    line = open_line()
    for number in range(ASIDE + 2):
        ticket = enter(line, "ann", Piece(f"a{number}", 9))
        turn(line)
        turn(line)
        ticket.cancel()
        dropped = line.drop()
        assert len(dropped) == (number >= ASIDE)
    assert len(line.load("other")) == ASIDE


def test_what_a_work_wants_is_shared_and_given_up_with_it() -> None:
    line = open_line()
    whole = enter(line, "ann", Piece("whole", 9))
    [job] = turn(line)
    parts = (Piece("p", 2), Piece("q", 2))
    show = Wanted(parts, show=lambda found: [one and one.value for one in found])
    wrong = ExplainerError("No.", "Change it.")
    line.want(job, show, [(parts[0], None), (parts[1], wrong)])
    assert whole.partial() == [None, None]
    assert names(turn(line)) == ["p"]
    other = enter(line, "bob", Piece("p", 2))
    whole.cancel()
    line.drop()
    assert other.status().state == "running"  # somebody else wants it, too
    other.cancel()
    line.drop()
    assert not line.busy
    counted = line.counters()
    assert counted.accepted == counted.answered + counted.cancelled + counted.failed == 4


def test_an_outcome_tells_its_result_or_its_error() -> None:
    assert Outcome("found").result() == "found"
    with pytest.raises(ExplainerError, match=r"No\."):
        Outcome(None, ExplainerError("No.", "Change it.")).result()


def test_whoever_waits_for_a_worker_that_hangs_is_told_and_it_may_come_back() -> None:
    now = [0.0]
    line = Line(64, lambda: now[0])
    now[0] += 2 * SILENT  # with nothing to do it gives no sign of life either
    running, waiting = enter(line, "ann", Piece("a")), enter(line, "bob", Piece("b"))
    line.drop()
    (job,) = turn(line, rows=1)
    now[0] += SILENT
    assert [running.status().state, waiting.status().state] == ["running", "queued"]
    now[0] += 1
    for ticket in (running, waiting, enter(line, "eve", Piece("c"))):
        status = ticket.status()
        assert status.state == "failed"
        assert "sign of life for 2 minutes" in str(status.error)
    line.end(job, "late")  # the call ended after all
    line.drop()
    assert enter(line, "eve", Piece("d")).status().state == "queued"
    assert not line.drop()


def test_loading_a_model_may_take_longer() -> None:
    now = [0.0]
    line = Line(64, lambda: now[0])
    ticket = enter(line, "ann", Piece("a"))
    line.load("m")
    for wait, state in ((SILENT + 1, "queued"), (LOADING, "failed")):
        now[0] += wait
        assert ticket.status().state == state


def test_nothing_is_left_of_thousands_that_were_served() -> None:
    line = open_line()

    def serve(numbers: range) -> None:
        for number in numbers:
            ticket = enter(line, f"session {number}", Piece(f"work {number}", 1))
            turn(line)
            assert ticket.status().state == "done"

    serve(range(200))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    serve(range(200, 2200))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000  # bytes
