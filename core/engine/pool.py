"""The engine of many machines: replicas compute, each a worker of its own; the line stays here.

Every work is given at once to a replica, which has the same line as this one and so the same rules
for whose turn it is: to hold works back until a replica is free would let a newcomer wait for whole
runs, where a worker lets it wait for one call. What is given too early to the wrong one is moved.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.engine.engine import Engine
from core.engine.errand import (
    Ended,
    Fit,
    Fitted,
    Give,
    Gone,
    Hold,
    News,
    Paced,
    Ready,
    Told,
    Unready,
    Up,
    completed,
)
from core.engine.line import Job
from core.engine.places import Link, Place, best_move, choose_models
from core.engine.results import Results
from core.engine.ticket import Ticket
from core.engine.work import Outcome, Progress, Question, Wanted
from core.errors import ExplainerError
from core.models.folders import find_checkpoint
from core.models.latents import ColorMap, preview
from core.words import tr

LOG = logging.getLogger(__name__)
TRIES = 3  # of a work whose replica dies of it
DOUBTED = 2  # deaths after which a work shares no replica with another that had as many
TURN_S = 0.2  # between two looks at the line where no news come
AWAY_S = 300.0  # without any replica, after which those who wait are told


@dataclass(slots=True, eq=False)
class Hand:
    """A work that was given to a replica.

    Attributes:
        number: there.
        place: whose it is now; None where it is nobody's.
        left: who may still have it set aside.
        held: sessions and rank, as the replica knows them.
        known: what became of the works that it wanted.
        wanted: what it wanted last.
        so_far: as it was told last.
        deaths: replicas that died while they had it, perhaps of another work.
        tries: those of them that nothing else can have broken.
    """

    number: int = 0
    place: Place | None = None
    left: Place | None = None
    held: tuple[tuple[str, ...], int] = ((), 0)
    known: tuple[tuple[Outcome, ...], ...] = ()
    wanted: Question | None = None
    so_far: Any = None  # Any: each work has its own
    deaths: int = 0
    tries: int = 0

    @property
    def suspect(self) -> bool:
        """Whether it may be what breaks them: where one died, that may have been anything."""
        return self.deaths >= DOUBTED


class Pool(Engine):
    """Has works done by replicas; tickets, coalescing, room and results are its own."""

    def __init__(
        self,
        links: Sequence[Link],
        check: Callable[[str], object] = find_checkpoint,
        results: Results | None = None,
        room: int = 64,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
        heard: threading.Event | None = None,
    ) -> None:
        """Open for works.

        Args:
            links: to the replicas.
            check: as for ``Engine``, and so are the next ones.
            results: where finished work is kept.
            room: how many may wait.
            clock: seconds.
            threaded: whether a thread ticks.
            heard: is set where there are news.
        """
        super().__init__(check, results, room, clock, threaded)
        self._places = [Place(link) for link in links]
        self._heard = heard or threading.Event()
        self._numbers = itertools.count(1)
        self._hands: dict[Job, Hand] = {}
        self._given: dict[int, Job] = {}  # by their numbers
        self._stamps: dict[str, str] = {}
        self._colors: dict[str, ColorMap | None] = {}
        self._colors_wanted: set[str] = set()
        self._up_at = clock()

    def preview(self, ticket: Ticket[Any]) -> Any | None:  # Any: an array, see ``Engine``
        """Return the newest estimate of a ticket's run as a small picture."""
        step, model = ticket.newest(), self._line.model_of(ticket)
        if step is None or model is None:
            return None
        colors = self._colors.get(model)
        if colors is None:
            self._colors_wanted.add(model)  # asked for at the next tick
            return None
        return preview(step.x0[None], colors)[0].numpy()

    def tick(self) -> None:
        """Give what is to be done, and take in what was done; with a thread, wait for news."""
        self._heard.clear()
        self._leave(self._line.drop())
        self._hear()
        while self._round():
            pass
        if self._threaded:
            self._heard.wait(TURN_S)

    def close(self) -> None:
        """Give up all work, let the replicas go, and write what is still to be written."""
        super().close()
        for place in self._places:
            place.link.close()

    def _has(self, model: str) -> bool:
        return any(place.model == model for place in self._places)

    def _wake(self) -> None:
        super()._wake()
        self._heard.set()

    def _leave(self, jobs: list[Job]) -> None:
        for job in jobs:
            hand = self._hands.pop(job, None)
            if hand is not None:
                self._take(job, hand)
                self._given.pop(hand.number, None)
        self._send()

    def _round(self) -> bool:
        """Give out all that can be; returns whether what came of it lets more be given."""
        jobs = self._line.jobs()
        while any(self._want(job) for job in jobs):
            jobs = self._line.jobs()
        self._recall(jobs)
        self._have_models(jobs)
        for job in jobs:
            if not job.waits:
                self._give(job)
        if (job := best_move(self._places)) is not None:
            self._begin_anew(job, self._hands[job])
            self._give(job)
        self._ask_for_colors()
        self._send()
        for place in self._places:
            place.link.go_on()
        return self._hear()

    def _send(self) -> None:
        for place in self._places:
            if place.orders:
                place.link.order(place.orders)
                place.orders = []

    # ---- works

    def _want(self, job: Job) -> bool:
        """Begin with a work that wants others before all else; False where it does not."""
        wanted = None if job.begun or job in self._hands else job.work.wants()
        if wanted is None or self._results.find(job.work) is not None:
            return False
        self._begin_waiting(job, wanted)
        return True

    def _begin_waiting(self, job: Job, wanted: Wanted) -> None:
        self._line.begin(job)
        self._line.want(job, wanted, [self._known(work) for work in wanted.works])

    def _recall(self, jobs: list[Job]) -> None:
        """Take back what nobody waits for; a replica may have set it aside, as the line has."""
        there = set(jobs)
        for job, hand in self._hands.items():
            if hand.place is not None and job not in there:
                hand.left = hand.place
                self._take(job, hand)

    def _take(self, job: Job, hand: Hand) -> None:
        """Take a work out of a replica's hands."""
        if hand.place is not None:
            hand.place.orders.append(Hold(hand.number, (), job.rank))
            hand.place.jobs.discard(job)
            hand.place, hand.held = None, ((), 0)

    def _give(self, job: Job) -> None:
        """Give a work to a replica, or tell the one that has it who waits for it now."""
        hand = self._hands.get(job) or Hand()
        held = tuple(sorted(job.browsers)), job.rank
        if not held[0]:
            return  # given up in this moment: it is dropped at the next tick
        if hand.place is None and not self._put(job, hand):
            return
        assert hand.place is not None
        if held != hand.held:
            hand.held = held
            hand.place.orders.append(Hold(hand.number, *held))

    def _put(self, job: Job, hand: Hand) -> bool:
        """Put a work into a replica's hands, unless it was done meanwhile; False where none can."""
        if isinstance(job.asks, Wanted) and job.asks is not hand.wanted:
            hand.wanted = job.asks
            hand.known = *hand.known, tuple(ticket.outcome() for ticket in job.wanted)
        elif not hand.known:
            found = self._results.find(job.work)
            if found is not None:
                self._line.end(job, found)
                return False
        places = [place for place in self._places if place.can_do(job)]
        if hand.suspect:
            places = [place for place in places if not self._suspects(place)]
        if not places:
            return False
        if hand.left in places:  # where it may go on
            hand.place, hand.left = hand.left, None
        else:
            hand.place, hand.left, hand.so_far = min(places, key=lambda p: p.rows_left), None, None
            self._given.pop(hand.number, None)
            hand.number = next(self._numbers)
        self._hands[job], self._given[hand.number] = hand, job
        hand.place.orders.append(Give(hand.number, job.work, hand.known))
        hand.place.jobs.add(job)
        return True

    def _suspects(self, place: Place) -> list[Job]:
        return [job for job in place.jobs if self._hands[job].suspect]

    def _begin_anew(self, job: Job, hand: Hand) -> None:
        self._take(job, hand)
        self._given.pop(hand.number, None)
        self._line.back(job)

    # ---- models

    def _have_models(self, jobs: list[Job]) -> None:
        weighty = [job for job in jobs if job.work.weights]
        for model in choose_models(self._places, [j for j in weighty if self._slow(j)], weighty):
            self._leave_aside(model)

    def _slow(self, job: Job) -> bool:
        """Whether a work is in nobody's hands, or in those of one with more than fills a call."""
        hand = self._hands.get(job)
        return hand is None or hand.place is None or hand.place.turns() > 1

    def _leave_aside(self, loading: str | None) -> None:
        """Tell the line which model is being loaded."""
        self._leave(self._line.load(loading))

    def _ask_for_colors(self) -> None:
        for place in self._places:
            if place.model in self._colors_wanted and not place.fitting:
                place.fitting = True
                place.orders.append(Fit())

    # ---- news

    def _hear(self) -> bool:
        """Take in the news; returns whether a replica can do what it could not do before."""
        changed = False
        for place in self._places:
            for news in place.link.news():
                changed |= isinstance(news, Up | Ready | Unready)
                self._learn(place, news)
        self._despair()
        return changed

    def _learn(self, place: Place, news: News) -> None:
        match news:
            case Up() | Gone():
                self._lose(place)
                place.up, self._up_at = isinstance(news, Up), self._line.now()
            case Ready():
                self._ready(place, news)
            case Unready():
                self._unready(place, news.model, news.error)
            case Fitted(model, colors):
                self._colors[model] = colors
            case Paced(rows, seconds):
                self._line.ticked(rows * max(1, sum(one.up for one in self._places)), seconds)
            case Told():
                self._told(news)
            case Ended(number, outcome):
                self._ended(number, outcome)

    def _ready(self, place: Place, news: Ready) -> None:
        model, stamp = news.model, news.stamp
        if self._stamps.get(model) != stamp and self._has(model):
            LOG.error("a replica computes %s otherwise than the others: %s", model, stamp)
            said = ExplainerError(
                tr("Not all replicas compute {model} alike.", model=model), tr("The log says more.")
            )
            return self._unready(place, model, said)
        self._stamps[model] = stamp
        self._results.stamp(model, stamp)
        self._line.sized(news.positions)
        place.model, place.rows, place.positions = model, news.rows, news.positions
        place.next, place.warming, place.fitting = None, False, False
        self._leave_aside(None)

    def _unready(self, place: Place, model: str, error: ExplainerError) -> None:
        place.model, place.next, place.warming = None, None, False
        self._leave_aside(None)
        if any(one.will_have(model) for one in self._places):
            place.unable.add(model)
        else:
            self._line.refuse(model, error)
            for job in [one for one in self._hands if one.work.model == model and not one.tickets]:
                del self._hands[job]

    def _told(self, news: Told) -> None:
        job = self._given.get(news.number)
        if job is None:
            return
        hand, asked = self._hands[job], completed(news, self._hands[job].so_far)
        progress = asked if isinstance(asked, Progress) else getattr(asked, "progress", None)
        hand.so_far = hand.so_far if progress is None else progress.so_far
        self._line.begin(job)
        self._line.told(job, asked)

    def _ended(self, number: int, outcome: Outcome) -> None:
        job = self._given.pop(number, None)
        if job is None:
            return
        hand, value = self._hands[job], outcome.value
        if hand.place is not None:
            hand.place.jobs.discard(job)
            hand.place = None
        hand.held = (), 0
        job.calls += outcome.calls
        job.spent += outcome.spent or 0.0
        if isinstance(value, Wanted):
            return self._begin_waiting(job, value)
        del self._hands[job]
        if outcome.error is None and job.work.kept:
            self._results.keep(job.work, value)
        self._line.end(job, value, outcome.error, computed=outcome.error is None)

    def _lose(self, place: Place) -> None:
        """Take back all works of a replica that is gone, and give them anew.

        One that broke a few ends with a sentence. Which of several it was shows when those that
        were there each time are given to different replicas, one after the other.
        """
        if place.warming:
            self._leave_aside(None)
        jobs = list(place.jobs)
        likely = self._suspects(place) or jobs
        place.empty()
        for hand in self._hands.values():
            hand.left = None if hand.left is place else hand.left
        for job in jobs:
            hand = self._hands[job]
            hand.deaths += 1
            hand.tries += likely == [job]
            self._begin_anew(job, hand)
            if hand.tries >= TRIES:
                del self._hands[job]
                self._line.end(job, error=ExplainerError(
                    tr("What computed this broke down {tries} times.", tries=TRIES),
                    tr("Change the settings, or try again; the log says more."),
                ))  # fmt: skip
        place.orders.clear()

    def _despair(self) -> None:
        """End all that waits where no replica has been there for long."""
        if any(place.up for place in self._places):
            self._up_at = self._line.now()
        elif self._line.now() - self._up_at > AWAY_S and self._line.busy:
            self._leave(self._line.end_all(ExplainerError(
                tr("No machine that computes answers."), tr("Try again in some minutes.")
            )))  # fmt: skip
