"""Who waits for what: tickets, jobs, the line and its promises; the worker behind it computes."""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.engine.jobs import FilmJob, LookJob, PictureJob
from core.engine.line import FairLine
from core.engine.looks.look import Look
from core.engine.request import FilmRequest, Request
from core.engine.ticket import ENDED, State, Ticket, TicketStatus
from core.engine.trace import Step, Trace
from core.errors import ExplainerError

PATIENCE = 15.0  # seconds after which a ticket that nobody looks at is dropped
MEMORY = 0.2  # weight of the newest measurement in a running mean

InLine = PictureJob | LookJob
Job = InLine | FilmJob
AnyRequest = Request | FilmRequest | Look[Any]
Result = Any  # a Trace, a Film, or whatever a look reads
AnyTicket = Ticket[Any]  # Any: of a Result, which the desk does not mind
Picture = np.ndarray | None


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of everything; accepted == answered + cancelled + failed when all is quiet.

    Attributes:
        accepted: tickets given out, those between the engine's own parts included.
        answered: tickets that ended with a result.
        cancelled: tickets given up, by their holder or for want of one.
        failed: tickets that ended with a sentence.
        computed: pictures, films and readings that were really computed.
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


class FrontDesk:
    """Gives out tickets and keeps account of them; every ticket ends exactly once."""

    def __init__(
        self, room: int, clock: Callable[[], float], draw: Callable[[Step], Picture]
    ) -> None:
        """Open.

        Args:
            room: how many jobs may wait.
            clock: seconds.
            draw: makes a small picture of a step.
        """
        self.changed = threading.Condition(threading.RLock())  # guards everything here
        self.now = clock
        self.line: FairLine[InLine] = FairLine()
        self.running: list[InLine] = []
        self.films: deque[FilmJob] = deque()
        # Told by the worker.
        self.slots = 1  # pictures that run at once
        self.loading: str | None = None
        self.tick_s = 0.0  # running means, 0 while unknown
        self.run_s = 0.0
        self._room = room
        self._draw = draw
        self._open: dict[AnyTicket, Job] = {}
        self._jobs: dict[AnyRequest, Job] = {}
        self._counters = Counters()

    # ---- for whoever submits

    def answer_at_once(self, request: AnyRequest, session: str, value: Result) -> AnyTicket:
        """Give out a ticket that has ended, for finished work.

        Args:
            request: validated.
            session: who asks.
            value: the result.
        """
        with self.changed:
            ticket: AnyTicket = Ticket(self, request, session)
            self._count(accepted=1, stored=1)
            self._end(ticket, "done", value)
            return ticket

    def accept(
        self, request: AnyRequest, session: str, replacing: bool, trace: Trace | None
    ) -> AnyTicket:
        """Join equal work under way, or wait for a turn.

        Args:
            request: validated.
            session: who asks.
            replacing: room that the session's other tickets take is about to be free.
            trace: the run of a film, where it is there and its model is in memory.

        Raises:
            ExplainerError: too many are waiting.
        """
        with self.changed:
            job = self._jobs.get(request)
            if job is not None:
                self._count(joined=1)
            else:
                self._check_room(session, replacing)
                job = self._new_job(request, session, trace)
            ticket: AnyTicket = Ticket(self, request, session)
            self._enter(ticket, job)
            return ticket

    def give_up_others(self, kept: AnyTicket) -> None:
        """End a session's other tickets.

        Args:
            kept: the session's newest.
        """
        with self.changed:
            for ticket in list(self._open):
                if ticket.session == kept.session and ticket is not kept and not ticket.inner:
                    self._end(ticket, "cancelled")

    def counters(self) -> Counters:
        """Return what became of everything so far."""
        with self.changed:
            return self._counters

    # ---- for tickets

    def status_of(self, ticket: AnyTicket) -> TicketStatus:
        """Say how far a ticket's work is, and take note that somebody still cares.

        Args:
            ticket: given out here.
        """
        with self.changed:
            ticket.seen = self.now()
            job = self._open.get(ticket)
            if job is None:
                return TicketStatus(ticket.state, error=ticket.error)
            if isinstance(job, FilmJob):
                if job.phase == "queued" and job.source is not None:
                    shown = self.status_of(job.source)  # the run it shows comes first
                    return shown if shown.state not in ENDED else TicketStatus("decoding")
                return TicketStatus("decoding", step=job.done, steps=job.total)
            if job.phase != "queued":
                left = (job.total - job.done) * self.tick_s if self.tick_s else None
                return TicketStatus(job.phase, 0, job.done, job.total, eta_s=left)
            position = self.line.order().index(job) + 1
            wait = (math.ceil(position / self.slots) + 1) * self.run_s or None
            loading = self.loading == job.request.model
            return TicketStatus("queued", position, 0, job.total, eta_s=wait, loading=loading)

    def preview_of(self, ticket: AnyTicket) -> Picture:
        """Return the newest step of a ticket's run as a small picture, None where there is none.

        Args:
            ticket: given out here.
        """
        with self.changed:
            ticket.seen = self.now()
            job = self._open.get(ticket)
            step = job.newest if isinstance(job, PictureJob) else None
        return None if step is None else self._draw(step)

    def partial_of(self, ticket: AnyTicket) -> Result | None:
        """Return what a ticket's look has read so far, None where it tells nothing.

        Args:
            ticket: given out here.
        """
        with self.changed:
            ticket.seen = self.now()
            job = self._open.get(ticket)
            return job.so_far if isinstance(job, LookJob) else ticket.value

    def cancel(self, ticket: AnyTicket) -> None:
        """End a ticket; its work stops at the next tick unless others wait for it.

        Args:
            ticket: given out here; one that has ended stays as it is.
        """
        with self.changed:
            self._end(ticket, "cancelled")

    # ---- for the worker

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._jobs)

    @property
    def idle(self) -> bool:
        """Whether nothing needs the model in memory: no run, and no film whose run is there."""
        return not self.running and not any(film.ready for film in self.films)

    def next_turn(self) -> tuple[str, InLine] | None:
        """Return whose turn it is, while there is a place to run in.

        A session may hold half of the places, so that the next one need not wait for a whole run.
        """
        if len(self.running) >= self.slots:
            return None
        most = max(1, self.slots // 2)
        return self.line.first(
            lambda session: sum(job.session == session for job in self.running) < most
        )

    def let_in(self, session: str, job: InLine) -> None:
        """Give a job its place.

        Args:
            session: as ``next_turn`` told.
            job: as ``next_turn`` told.
        """
        self.line.take(session, job)
        job.phase, job.session = "running", session
        self.running.append(job)

    def drop_unseen(self) -> None:
        """End tickets that nobody looks at, and stop work that nobody waits for."""
        with self.changed:
            late = self.now() - PATIENCE
            for ticket in list(self._open):
                if ticket.waiters == 0 and ticket.seen < late:
                    self._end(ticket, "cancelled")
            for job in [job for job in self.running if not job.tickets]:
                self._drop(job)
                if isinstance(job, LookJob):
                    job.close()

    def next_film(self) -> FilmJob | None:
        """Return the film to decode from next, the one that waited longest."""
        with self.changed:
            for film in list(self.films):
                source = film.source
                if film.phase == "queued" and source is not None and source.state in ENDED:
                    if source.value is None:
                        told = ExplainerError("The run was stopped.", "Start it again.")
                        self.end_job(film, error=source.error or told)
                        continue
                    film.start(source.value)
                if film.phase == "decoding":
                    self.films.remove(film)
                    self.films.append(film)
                    return film
            return None

    def end_job(
        self, job: Job, value: Result | None = None, error: ExplainerError | None = None
    ) -> None:
        """End all tickets of a job, and forget it.

        Args:
            job: under way or waiting.
            value: its result.
            error: or what went wrong.
        """
        with self.changed:
            for ticket in list(job.tickets):
                self._end(ticket, "failed" if error else "done", value, error)
            self._drop(job)

    def end_all(self, error: ExplainerError | None = None) -> None:
        """End everything.

        Args:
            error: what went wrong; None gives up instead.
        """
        with self.changed:
            for ticket in list(self._open):
                self._end(ticket, "failed" if error else "cancelled", error=error)
            for job in list(self._jobs.values()):
                self._drop(job)

    def computed(self) -> None:
        """Count one more piece of work that was really computed."""
        with self.changed:
            self._count(computed=1)

    def from_store(self, job: PictureJob) -> None:
        """Count the tickets of a job whose result was found after all."""
        with self.changed:
            self._count(stored=len(job.tickets))

    def ticked(self, seconds: float) -> None:
        """Take note of how long a tick took."""
        self.tick_s = _mean(self.tick_s, seconds)

    def ran(self, seconds: float) -> None:
        """Take note of how long a run took."""
        self.run_s = _mean(self.run_s, seconds)

    # ---- under the lock

    def _new_job(self, request: AnyRequest, session: str, trace: Trace | None) -> Job:
        if not isinstance(request, FilmRequest):
            reads = isinstance(request, Look)
            job = self._jobs[request] = LookJob(request) if reads else PictureJob(request)
            return job
        film = self._jobs[request] = FilmJob(request)
        self.films.append(film)
        if trace is not None:
            film.start(trace)
        else:
            run = request.request
            source: Ticket[Trace] = Ticket(self, run, session, inner=True)
            self._enter(source, self._jobs.get(run) or self._new_job(run, session, None))
            film.source = source
        return film

    def _enter(self, ticket: AnyTicket, job: Job) -> None:
        self._count(accepted=1)
        self._open[ticket] = job
        job.tickets.append(ticket)
        if not isinstance(job, FilmJob) and job.phase == "queued":
            self.line.push(ticket.session, job)  # whichever session's turn comes first

    def _check_room(self, session: str, replacing: bool) -> None:
        """Refuse at once when the line is full, or when one session would fill half of it."""
        waiting = [*self.line.order(), *(film for film in self.films if film.phase == "decoding")]
        mine = [job for job in waiting if all(t.session == session for t in job.tickets)]
        if not replacing and len(mine) >= max(1, self._room // 2):
            raise ExplainerError(
                f"You already have {len(mine)} runs waiting.", "Wait until some are done."
            )
        others = len(waiting) - (len(mine) if replacing else 0)
        if others >= self._room:
            raise ExplainerError(
                f"The engine is busy: {others} runs are waiting.", "Try again in a moment."
            )

    def _end(
        self,
        ticket: AnyTicket,
        state: State,
        value: Result | None = None,
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
            self._leave(job, ticket.session)
        ticket.ended.set()

    def _leave(self, job: Job, session: str) -> None:
        """Take a job out of the line where nobody waits; running ones stop at the next tick."""
        if not isinstance(job, FilmJob):
            if all(ticket.session != session for ticket in job.tickets):
                self.line.remove(job, session)
            if not job.tickets and job.phase == "queued":
                self._jobs.pop(job.request, None)
        elif not job.tickets:
            self._drop(job)

    def _drop(self, job: Job) -> None:
        if self._jobs.get(job.request) is job:
            del self._jobs[job.request]
        if not isinstance(job, FilmJob):
            self.line.remove(job)
            if job in self.running:
                self.running.remove(job)
            return
        if job in self.films:
            self.films.remove(job)
        if job.source is not None:
            self._end(job.source, "cancelled")

    def _count(self, **more: int) -> None:
        counted = {name: getattr(self._counters, name) + number for name, number in more.items()}
        self._counters = replace(self._counters, **counted)


def _mean(mean: float, newest: float) -> float:
    return newest if mean == 0.0 else (1 - MEMORY) * mean + MEMORY * newest
