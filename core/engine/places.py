"""The replicas as a pool sees them: what each has, and which model each is to have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.engine.errand import News, Order, Warm
from core.engine.line import OWN_POSITIONS, Job


class Link(Protocol):
    """A replica as the pool reaches it; no method waits."""

    def order(self, orders: Sequence[Order]) -> None:
        """Have orders carried out, after those from before."""
        ...

    def news(self) -> Sequence[News]:
        """Return what came since the last time; the first is ``Up``, again after every ``Gone``."""
        ...

    def go_on(self) -> None:
        """Do a piece of the work, where it is done in this thread."""
        ...

    def close(self) -> None:
        """Let the replica go."""
        ...


@dataclass(slots=True, eq=False)
class Place:
    """What is known of a replica.

    Attributes:
        link: how it is reached.
        up: whether it answers.
        model: in its memory, None while there is none.
        rows: of the U-Net that fill one of its calls.
        positions: of the latents of a picture of its model's own size.
        next: the model that it is to have next, and when the first who wants that one arrived.
        warming: whether that is being loaded.
        unable: models that it cannot have.
        jobs: what it has been given.
        fitting: whether it has been asked for the colours of its model.
        orders: not yet sent.
    """

    link: Link
    up: bool = False
    model: str | None = None
    rows: int = 1
    positions: int = OWN_POSITIONS
    next: tuple[str, int] | None = None
    warming: bool = False
    unable: set[str] = field(default_factory=set)
    jobs: set[Job] = field(default_factory=set)
    fitting: bool = False
    orders: list[Order] = field(default_factory=list)

    def empty(self) -> None:
        """Forget all but the link: the replica is gone, or another one has begun."""
        self.up, self.model, self.next, self.warming, self.fitting = False, None, None, False, False
        self.unable, self.jobs, self.orders = set(), set(), []

    def will_have(self, model: str) -> bool:
        """Whether it has a model, or is to have it next."""
        return self.up and (self.model == model or (self.next or ("", 0))[0] == model)

    def can_do(self, job: Job) -> bool:
        """Whether a work can be given to it now."""
        if not self.up or not job.work.weights:
            return self.up
        free = self.next is None or job.arrived < self.next[1]
        return self.model == job.work.model and free

    def turns(self, more: int = 0) -> float:
        """How many calls it takes to go on once with all that it has; below 1 there is room.

        Args:
            more: rows of a work that it has not yet.
        """
        return (sum(job.load for job in self.jobs) + more) / self.rows

    @property
    def rows_left(self) -> float:
        """What is left of all that it has, in rows of the U-Net."""
        return sum(job.rows_left(self.positions) for job in self.jobs)


def gain(job: Job, here: Place, there: Place) -> float:
    """How much sooner a work ends at another place, from its beginning, than where it is.

    In rows of the U-Net, of which every call has a share for it.
    """
    stays = max(1.0, here.turns()) * job.rows_left(here.positions)
    return stays - max(1.0, there.turns(job.load)) * job.work.rows(there.positions)


def best_move(places: Sequence[Place]) -> Job | None:
    """Return a work that ends sooner on a replica with room, though begun anew; None as a rule."""
    gains = {
        job: gain(job, place, free)
        for free in places
        if free.next is None and free.turns() < 1
        for place in places
        if place is not free and place.turns() > 1
        for job in place.jobs
        if free.can_do(job)
    }
    best = max(gains, key=gains.__getitem__, default=None)
    return best if best is not None and gains[best] > 0 else None


def choose_models(
    places: Sequence[Place], slow: Sequence[Job], jobs: Sequence[Job]
) -> Iterator[str]:
    """Decide which replica is to have which model, and load it where nobody needs the old one.

    Args:
        places: of the replicas.
        slow: works that no replica has, or one that has more than fills a call.
        jobs: all that need weights.

    Yields:
        Models that begin to be loaded.
    """
    for job in sorted(slow, key=lambda job: job.arrived):
        for place in _chosen(places, job, jobs):
            place.next = job.work.model, job.arrived
    for place in places:
        if place.next is None or place.warming:
            continue
        model, arrived = place.next
        before = (job for job in jobs if job.work.model == place.model)
        if not any(job in place.jobs or job.arrived < arrived for job in before):
            place.model, place.warming = None, True
            place.orders.append(Warm(model))
            yield model


def _chosen(places: Sequence[Place], job: Job, jobs: Sequence[Job]) -> list[Place]:
    """Return who is to have a work's model as well: at first one, then all that have nothing.

    Where all that have it are busy, one that has no work as well.
    """
    model = job.work.model
    able = [p for p in places if p.up and p.next is None and model not in p.unable]
    bare = [place for place in able if place.model is None]
    having = [place for place in places if place.will_have(model)]
    if not having:
        return bare[:1] or sorted(able, key=lambda place: place.rows_left)[:1]
    if bare or any(place.turns() < 1 for place in having):
        return bare
    needed = {one.work.model for one in jobs}
    return [place for place in able if place.model not in needed and not place.jobs][:1]
