"""Who waits for what: works under way, the tickets for them, and whose turn is next.

The worker computes; it is told here what to go on with. One lock guards all of this. Every public
method takes it by itself, none calls out while it holds it, and a ``Job`` is changed here alone;
its ``course`` and its times are the worker's own, and used by the worker's thread alone.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.engine.ticket import ENDED, State, Ticket, TicketStatus, browser_of
from core.engine.work import (
    FILM,
    ROWS_A_PIECE,
    SMALL_A_ROW,
    Course,
    Decode,
    NoiseQuery,
    Progress,
    Question,
    Wanted,
    Work,
)
from core.errors import ExplainerError
from core.words import tr

PATIENCE = 15.0  # seconds after which a ticket that nobody looks at is dropped
NEWEST = 0.2  # weight of the newest measurement in a running mean
LONGEST = 8  # in every so many turns, whoever came first of those left out has a turn as well
FILM_WAITS = 30.0  # seconds after which a film counts among those left out as well
CEILING = 16  # times the room: beyond it even those who have nothing in the line are refused
SILENT = 120.0  # seconds without a word from the worker after which those who wait are told, or
SILENT_TURNS = 30  # so many turns as they are on average, where that is longer, or
LOADING = 600.0  # while a model is being loaded
ASIDE = 4  # works given up in their middle that are held for a while
NOTHING_DONE = Progress(0, 0)
OWN_POSITIONS = 256  # of a picture's latents, until a model tells its own

AnyWork = Work[Any]  # Any, here and below: a result, which the line does not mind
AnyTicket = Ticket[Any]


@dataclass(slots=True, eq=False)
class Job:
    """A work under way.

    Attributes:
        work: validated.
        arrived: number in the order of arrival; what another work wants came with that one.
        rank: who goes first, see ``Work``.
        place: among equal ones; a browser's next wish takes a new one when one of its has ended.
        entered: seconds by the line's clock, when it was first asked for.
        tickets: who waits for it.
        progress: as it told last.
        asks: what it waits to be answered; None where its next piece may begin.
        wanted: the tickets of the works it waits for.
        begun: whether the worker has begun with it.
        turns: it has had.
        course: the worker's: what it drives.
        lived: the worker's: seconds since it began, without the time it was set aside.
        spent: the worker's: seconds of the machine that were its own, of shared calls its share.
        calls: the worker's: of the U-Net that were made for it.
        since: the worker's: up to when ``lived`` counts, None where it does not run.
    """

    work: AnyWork
    arrived: int
    rank: int
    place: int
    entered: float
    tickets: list[AnyTicket] = field(default_factory=list)
    progress: Progress = NOTHING_DONE
    asks: Question | None = None
    wanted: tuple[AnyTicket, ...] = ()
    begun: bool = False
    turns: int = 0
    course: Course[Any] | None = None
    lived: float = 0.0
    spent: float = 0.0
    calls: int = 0
    since: float | None = None

    @property
    def browsers(self) -> set[str]:
        """Who waits for it; the tabs of one browser are one."""
        return {browser_of(ticket.session) for ticket in self.tickets}

    @property
    def waits(self) -> bool:
        """Whether works that it wants have not ended."""
        return any(ticket.state not in ENDED for ticket in self.wanted)

    @property
    def load(self) -> int:
        """What its next turn takes, in rows of the U-Net."""
        if isinstance(self.asks, NoiseQuery):
            return len(self.asks.states) * (1 if self.asks.how is None else 2)
        if isinstance(self.asks, Decode):
            count = len(self.asks.latents)
            return -(-count // SMALL_A_ROW) if self.asks.small else ROWS_A_PIECE * count
        return ROWS_A_PIECE if self.begun else 2

    def rows_left(self, positions: int) -> float:
        """Return what is left of it, roughly, in rows of a picture of so many latent positions."""
        left = max(1, self.progress.total - self.progress.done)
        if isinstance(self.asks, NoiseQuery):
            height, width = self.asks.latents.shape[-2:]
            return left * len(self.asks.states) * height * width / positions
        return ROWS_A_PIECE * left if self.begun else self.work.rows(positions)


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of everything; accepted == answered + cancelled + failed when all is quiet.

    Attributes:
        accepted: tickets given out, those for what works want included.
        answered: tickets that ended with a result.
        cancelled: tickets given up, by their holder or for want of one.
        failed: tickets that ended with a sentence.
        computed: works that were really computed.
        joined: tickets that found equal work under way.
        stored: tickets answered from finished work.
    """

    accepted: int = 0
    answered: int = 0
    cancelled: int = 0
    failed: int = 0
    computed: int = 0
    joined: int = 0
    stored: int = 0


class Line:
    """Gives out tickets, each of which ends exactly once, and says whose turn it is.

    Least remaining work first, where a browser's second wish counts behind its first, in whichever
    of its tabs; equal ones in the order of arrival. Whoever is new has a first call soon. What need
    not be seen at once comes behind (``Work.rank``), films only where nothing else has a turn. Lest
    short work keeps long work waiting for ever, in every ``LONGEST``th turn the one that came first
    of those left out, of browsers that have no other turn, goes on beside the others; of films, one
    that has waited for ``FILM_WAITS``.
    """

    def __init__(self, room: int, clock: Callable[[], float]) -> None:
        """Open.

        Args:
            room: how many may wait before those who have something in the line are refused more.
            clock: seconds.
        """
        self.now = clock
        self._lock = threading.Condition(threading.RLock())
        self._room = room
        self._open: dict[AnyTicket, Job] = {}
        self._jobs: dict[AnyWork, Job] = {}
        self._aside: OrderedDict[AnyWork, Job] = OrderedDict()
        self._counters = Counters()
        self._arrivals = self._turn = 0
        self._closed = False
        self._loading: str | None = None
        self._positions = OWN_POSITIONS
        self._tick_s = self._rows_s = 0.0  # running means of a turn, and of one row; 0 is unknown
        self._heard = self.now()  # when the worker last gave a sign of life, or had nothing to do

    # ---- for whoever asks

    def enter(self, work: AnyWork, session: str, replacing: bool, found: Any | None) -> AnyTicket:
        """Give out a ticket: for finished work, for equal work under way, or for a turn.

        Args:
            work: validated.
            session: who asks.
            replacing: whether the session's other tickets are given up.
            found: the result, where it is there already.

        Raises:
            ExplainerError: too many are waiting, or the line is closed.
        """
        with self._lock:
            if self._closed:
                raise ExplainerError(
                    tr("The engine has been shut down."), tr("Start the app again.")
                )
            ticket: AnyTicket = Ticket(self, session)
            if not self._jobs:
                self._heard = self.now()
            if found is not None:
                self._count(accepted=1, stored=1)
                self._end(ticket, "done", found)
            else:
                if work in self._jobs:
                    self._count(joined=1)
                else:
                    self._check_room(session, replacing)
                self._join(ticket, self._add(work, self._next(), work.rank))
            if replacing:
                for other in list(self._open):
                    if other.session == session and other is not ticket and not other.inner:
                        self._end(other, "cancelled")
            self._lock.notify_all()
            return ticket

    def counters(self) -> Counters:
        """Return what became of everything so far."""
        with self._lock:
            return self._counters

    def standing(self) -> tuple[int, int, float]:
        """Return how many works wait, how many run, and seconds until all are done, roughly."""
        with self._lock:
            jobs = self._jobs.values()
            waiting = sum(not job.begun for job in jobs)
            rows = sum(job.rows_left(self._positions) for job in jobs)
            return waiting, len(jobs) - waiting, rows * self._rows_s

    # ---- for tickets

    def status_of(self, ticket: AnyTicket) -> TicketStatus:
        """Say how far a ticket's work is, and take note that somebody still cares."""
        with self._lock:
            ticket.seen = self.now()
            self._tell_silence(ticket)
            job = self._open.get(ticket)
            if job is None:
                return TicketStatus(ticket.state, error=ticket.error)
            if job.waits and len(job.wanted) == 1:
                return self.status_of(job.wanted[0])  # what it wants comes first
            if not job.begun:
                order = self._order()
                ahead = order[: order.index(job)]
                position = 1 + sum(not other.begun for other in ahead)
                rows = sum(other.rows_left(self._positions) for other in (*ahead, job))
                return TicketStatus(
                    "queued", position, 0, job.progress.total, eta_s=rows * self._rows_s or None,
                    loading=self._loading == job.work.model,
                )  # fmt: skip
            done, total, *_ = self._progress(job)
            left = (total - done) * self._tick_s if self._tick_s else None
            state = "decoding" if isinstance(job.asks, Decode) else "running"
            return TicketStatus(state, 0, done, total, eta_s=left)

    def partial_of(self, ticket: AnyTicket) -> Any | None:
        """Return what there is of a ticket's result, in the end all; None where nothing is."""
        with self._lock:
            ticket.seen = self.now()
            job = self._open.get(ticket)
            if job is None:
                return ticket.value
            if not isinstance(job.asks, Wanted):
                return job.progress.so_far
            show, tickets = job.asks.show, job.wanted
            found = [one.outcome() if one.state in ENDED else None for one in tickets]
        return show(found)

    def newest_of(self, ticket: AnyTicket) -> Any | None:
        """Return the newest step of a ticket's run, None where there is none."""
        with self._lock:
            ticket.seen = self.now()
            job = self._open.get(ticket)
            asks = None if job is None else job.asks
            return asks.last if isinstance(asks, NoiseQuery) else None

    def model_of(self, ticket: AnyTicket) -> str | None:
        """Return which model a ticket's work is of, None once it has ended."""
        with self._lock:
            job = self._open.get(ticket)
            return None if job is None else job.work.model

    def cancel(self, ticket: AnyTicket) -> None:
        """End a ticket; its work stops at the next turn unless others wait for it."""
        with self._lock:
            self._end(ticket, "cancelled")

    # ---- for the worker

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        with self._lock:
            return bool(self._jobs)

    def wait(self) -> bool:
        """Wait until there is something to do; False once the line is closed."""
        with self._lock:
            while not self._jobs and not self._closed:
                self._lock.wait()
            return not self._closed

    def drop(self) -> list[Job]:
        """End tickets that nobody looks at, and take out what nobody waits for.

        Returns:
            Works to be closed; those that may be asked again soon are set aside instead.
        """
        with self._lock:
            self._heard = self.now()
            late = self._heard - PATIENCE
            for ticket in list(self._open):
                if ticket.waiters == 0 and ticket.seen < late:
                    self._end(ticket, "cancelled")
            dropped = []
            while job := next((job for job in self._jobs.values() if not job.tickets), None):
                self._forget(job)  # what it wanted is perhaps wanted by nobody now
                if job.work.goes_on and job.progress.done:
                    job.since = None
                    self._aside[job.work] = job
                else:
                    dropped.append(job)
            while len(self._aside) > ASIDE:
                dropped.append(self._aside.popitem(last=False)[1])
            return dropped

    def model_wanted(self, model: str | None) -> str | None:
        """Return which other model is to be loaded now, None to stay.

        Whoever came before the first one that waits for another model is done first.

        Args:
            model: in memory.
        """
        with self._lock:
            other = self._first_other(model)
            if other is None:
                return None
            stays = any(
                job.work.weights and (job.begun or self._may_begin(job, model, other))
                for job in self._jobs.values()
            )
            return None if stays else other.work.model

    def load(self, model: str | None) -> list[Job]:
        """Take note of a model being loaded, None once that is over; returns works to be closed."""
        with self._lock:
            self._loading, self._heard = model, self.now()
            dropped = list(self._aside.values())
            self._aside.clear()
            return dropped

    def refuse(self, model: str, error: ExplainerError) -> None:
        """End all that waits for a model that cannot be loaded."""
        with self._lock:
            for job in list(self._jobs.values()):
                if job.work.weights and job.work.model == model:
                    self.end(job, error=error)

    def jobs(self) -> list[Job]:
        """Return all works under way, in the order of their turns."""
        with self._lock:
            return self._order()

    def choose(self, model: str | None, rows: int, so_far: Sequence[Job] = ()) -> list[Job]:
        """Choose whose turn it is.

        Args:
            model: in memory.
            rows: what one turn should take, in rows of the U-Net.
            so_far: whose turn it is already: what these want has a turn beside them, if it fits.

        Returns:
            Works to go on with now as well, at least one in all where any can.
        """
        with self._lock:
            other = self._first_other(model)
            ready = [
                job
                for job in self._order()
                if not job.waits and (job.begun or self._may_begin(job, model, other))
            ]
            turn = [job for job in so_far if not job.waits]
            for job in ready:
                if job.rank == FILM and turn:
                    break  # films are last in the order
                fits = not turn or sum(one.load for one in turn) + job.load <= rows
                if fits and job not in so_far:
                    turn.append(job)
            self._turn += not so_far
            if self._turn % LONGEST == 0 and not so_far:
                served = {browser for job in turn for browser in job.browsers}
                late = self.now() - FILM_WAITS
                left_out = [
                    job
                    for job in ready
                    if not job.browsers & served and (job.rank != FILM or job.entered < late)
                ]
                if left_out:
                    turn.append(min(left_out, key=lambda job: job.arrived))
            chosen = [job for job in turn if job not in so_far]
            for job in chosen:
                job.turns += 1
            return chosen

    def begin(self, job: Job) -> bool:
        """Take note that a job begins; returns whether it is the only one that has."""
        with self._lock:
            job.begun = True
            return sum(other.begun for other in self._jobs.values()) == 1

    def back(self, job: Job) -> None:
        """Let a job begin anew, at its old place; whoever did it is gone."""
        with self._lock:
            job.begun, job.asks, job.progress = False, None, NOTHING_DONE

    def told(self, job: Job, asked: Question | Progress) -> None:
        """Take note of what a job's course yielded."""
        with self._lock:
            self._heard = self.now()
            progress = asked if isinstance(asked, Progress) else getattr(asked, "progress", None)
            job.asks = None if isinstance(asked, Progress) else asked
            job.progress = progress or job.progress
            job.wanted = ()

    def want(
        self, job: Job, wanted: Wanted, found: Sequence[tuple[AnyWork, Any | ExplainerError | None]]
    ) -> None:
        """Let a job wait for other works.

        Args:
            job: under way.
            wanted: what its course yielded.
            found: each work, validated, with its result or error where that is known already.
        """
        with self._lock:
            self.told(job, wanted)
            if not job.tickets:
                return  # given up meanwhile: it is dropped at the next turn
            session, tickets = job.tickets[0].session, []
            for work, known in found:
                ticket: AnyTicket = Ticket(self, session, inner=True)
                if known is None:
                    self._join(ticket, self._add(work, job.arrived, wanted.rank))
                elif isinstance(known, ExplainerError):
                    self._count(accepted=1)
                    self._end(ticket, "failed", error=known)
                else:
                    self._count(accepted=1, stored=1)
                    self._end(ticket, "done", known)
                tickets.append(ticket)
            job.wanted = tuple(tickets)

    def end(
        self,
        job: Job,
        value: Any | None = None,
        error: ExplainerError | None = None,
        computed: bool = False,
    ) -> None:
        """End all tickets of a job with its result or an error, and forget it.

        ``computed`` says that the result was computed, and not found.
        """
        with self._lock:
            self._count(computed=int(computed), stored=0 if computed or error else len(job.tickets))
            self._forget(job)
            for ticket in list(job.tickets):
                ticket.progress, ticket.calls = job.progress, job.calls
                ticket.spent = job.spent if computed else None
                self._end(ticket, "failed" if error else "done", value, error)

    def ticked(self, rows: float, seconds: float) -> None:
        """Take note of how long a turn of the U-Net took, for what is told of the time left."""
        with self._lock:
            self._tick_s = _mean(self._tick_s, seconds)
            self._rows_s = _mean(self._rows_s, seconds / rows)

    @property
    def pace(self) -> tuple[float, float]:
        """Seconds of a turn of the U-Net and of one row of it, of late; 0 is unknown."""
        with self._lock:
            return self._tick_s, self._rows_s

    def sized(self, positions: int) -> None:
        """Take note of how many positions the latents of the loaded model's pictures have."""
        with self._lock:
            self._positions = positions

    def end_all(self, error: ExplainerError | None = None, closed: bool = False) -> list[Job]:
        """End everything with an error, or as given up; returns works to be closed.

        Where ``closed`` is set, nothing is taken any more.
        """
        with self._lock:
            for ticket in list(self._open):
                self._end(ticket, "failed" if error else "cancelled", error=error)
            dropped = [*self._jobs.values(), *self._aside.values()]
            self._jobs.clear()
            self._aside.clear()
            self._closed = self._closed or closed
            self._lock.notify_all()
            return dropped

    # ---- under the lock

    def _next(self) -> int:
        self._arrivals += 1
        return self._arrivals

    def _add(self, work: AnyWork, arrived: int, rank: int) -> Job:
        """Return the job of a work: under way, set aside, or new."""
        job = self._jobs.get(work) or self._aside.pop(work, None)
        if job is None:
            job = Job(work, arrived, max(rank, work.rank), self._next(), self.now())
        self._jobs[work] = job
        return job

    def _join(self, ticket: AnyTicket, job: Job) -> None:
        self._count(accepted=1)
        self._open[ticket] = job
        job.tickets.append(ticket)
        if not ticket.inner:  # somebody waits to see what was only wanted for something else
            job.rank = job.work.rank

    def _check_room(self, session: str, replacing: bool) -> None:
        """Refuse more to those who have something in a full line; one who has nothing may enter."""
        waiting = [job for job in self._jobs.values() if not job.begun]
        mine = [job for job in self._jobs.values() if job.browsers == {browser_of(session)}]
        given_up = [job for job in mine if {one.session for one in job.tickets} == {session}]
        held = len(mine) - (len(given_up) if replacing else 0)
        if held >= max(1, self._room // 2):
            raise ExplainerError(
                tr("You already have {held} runs under way.", held=held),
                tr("Wait until some are done."),
            )
        others = len(waiting) - (len(given_up) if replacing else 0)
        if others >= self._room * (1 if held else CEILING):
            raise ExplainerError(
                tr("The engine is busy: {others} runs are waiting.", others=others),
                tr("Try again in a moment."),
            )

    def _order(self) -> list[Job]:
        """Return all jobs in the order of their turns."""
        behind: dict[str, float] = {}  # what a browser has ahead of its next wish
        keys: dict[Job, tuple[int, bool, float]] = {}
        arrived = sorted(self._jobs.values(), key=lambda job: (job.rank, job.place))
        for job in arrived:
            browsers = job.browsers
            ahead = min((behind.get(browser, 0.0) for browser in browsers), default=0.0)
            rows = ahead + job.rows_left(self._positions)
            new = job.rank < FILM and job.turns == 0 and ahead == 0
            keys[job] = job.rank, not new, rows
            if not job.waits:
                behind |= {name: behind.get(name, 0.0) + rows - ahead for name in browsers}
        return sorted(arrived, key=keys.__getitem__)

    def _first_other(self, model: str | None) -> Job | None:
        """Return the first that waits for a model that is not in memory."""
        others = [
            job
            for job in self._jobs.values()
            if job.work.weights and not job.begun and job.work.model != model
        ]
        return min(others, key=lambda job: job.arrived, default=None)

    def _may_begin(self, job: Job, model: str | None, other: Job | None) -> bool:
        if not job.work.weights:
            return True
        return job.work.model == model and (other is None or job.arrived < other.arrived)

    def _progress(self, job: Job) -> Progress:
        if not job.wanted:
            return job.progress
        parts = [
            self._progress(self._open[ticket]) if ticket in self._open else ticket.progress
            for ticket in job.wanted
        ]
        return Progress(sum(part.done for part in parts), sum(part.total for part in parts))

    def _end(
        self,
        ticket: AnyTicket,
        state: State,
        value: Any | None = None,
        error: ExplainerError | None = None,
    ) -> None:
        """End a ticket, once; a second time changes nothing."""
        if ticket.state in ENDED:
            return
        ticket.state, ticket.value, ticket.error = state, value, error
        self._count(**{"answered" if state == "done" else state: 1})
        job = self._open.pop(ticket, None)
        if job is not None:
            job.tickets.remove(ticket)
            if not job.tickets and not job.begun:
                self._forget(job)  # one that has begun is taken out at the next turn
        ticket.ended.set()

    def _tell_silence(self, ticket: AnyTicket) -> None:
        """End a ticket where the worker hangs; if it comes back after all, it goes on."""
        silent = self.now() - self._heard
        most = LOADING if self._loading else max(SILENT, SILENT_TURNS * self._tick_s)
        if silent > most:
            what = tr(
                "The engine has not given a sign of life for {minutes:.0f} minutes.",
                minutes=silent / 60,
            )
            fix = tr("Start the app again; what is finished is kept.")
            self._end(ticket, "failed", error=ExplainerError(what, fix))

    def _forget(self, job: Job) -> None:
        if self._jobs.get(job.work) is job:
            del self._jobs[job.work]
            mine = [other for other in self._jobs.values() if other.browsers & job.browsers]
            for other in sorted(mine, key=lambda other: other.place):
                other.place = self._next()
        for ticket in job.wanted:
            self._end(ticket, "cancelled")

    def _count(self, **more: int) -> None:
        counted = {name: getattr(self._counters, name) + number for name, number in more.items()}
        self._counters = replace(self._counters, **counted)


def _mean(mean: float, newest: float) -> float:
    return newest if mean == 0.0 else (1 - NEWEST) * mean + NEWEST * newest
