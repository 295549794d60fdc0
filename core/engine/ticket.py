"""What a page holds while the engine works for it; imports no torch."""

import threading
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from core.engine.work import Outcome, Progress
from core.errors import ExplainerError
from core.words import tr

State = Literal["queued", "running", "decoding", "done", "cancelled", "failed"]
ENDED: tuple[State, ...] = ("done", "cancelled", "failed")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """How far the work is.

    Attributes:
        state: "queued", "running", "decoding", then one of "done", "cancelled", "failed".
        position: place in the line, 1 is next; 0 when not waiting.
        step: U-Net calls answered, pictures decoded, or pieces of another work done.
        steps: of how many; 0 while that is not known.
        error: why it failed, None otherwise.
        eta_s: seconds until the end, as far as can be told; None where nothing is known yet.
        loading: whether the model it needs is being loaded.
    """

    state: State
    position: int = 0
    step: int = 0
    steps: int = 0
    error: ExplainerError | None = None
    eta_s: float | None = None
    loading: bool = False


def browser_of(session: str) -> str:
    """Return what comes before a slash: all that shares it has one share of the machine."""
    return session.partition("/")[0]


class Keeper(Protocol):  # Any: it does not mind what its tickets are for
    """What a ticket asks of whoever gave it out."""

    def status_of(self, ticket: "Ticket[Any]") -> TicketStatus:
        """Say how far the work is, and take note that somebody still cares."""
        ...

    def partial_of(self, ticket: "Ticket[Any]") -> Any:
        """Return what there is of the result."""
        ...

    def newest_of(self, ticket: "Ticket[Any]") -> Any:
        """Return the newest step of the run."""
        ...

    def cancel(self, ticket: "Ticket[Any]") -> None:
        """End the ticket; its work stops unless others wait for it."""
        ...

    def now(self) -> float:
        """Return its clock, in seconds."""
        ...


class Ticket(Generic[Result]):
    """One wish of one session; it ends exactly once: done, cancelled or failed.

    Whoever holds it looks at it from time to time; one that nobody looks at is dropped.
    """

    def __init__(self, keeper: Keeper, session: str, inner: bool = False) -> None:
        """Made by the engine's ``submit``.

        Args:
            keeper: who gave it out.
            session: who asked.
            inner: held by another work, which waits for it.
        """
        self.session = session
        self.inner = inner
        self._keeper = keeper
        # Written by the keeper under its lock; ``seen`` and ``waiters`` by ``wait`` as well.
        self.state: State = "queued"
        self.error: ExplainerError | None = None
        self.value: Result | None = None
        self.progress = Progress(0, 0)  # how far it had come at the end
        self.calls = 0  # of the U-Net that were made for it, until the end
        self.spent: float | None = None  # seconds of the machine; None where it was there already
        self.seen = keeper.now()
        self.waiters = 1 if inner else 0
        self._counting = threading.Lock()
        self.ended = threading.Event()

    def status(self) -> TicketStatus:
        """Return how far the work is."""
        return self._keeper.status_of(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, so many seconds at most; returns whether it has come."""
        with self._counting:
            self.waiters += 1
        try:
            return self.ended.wait(timeout)
        finally:
            self.seen = self._keeper.now()
            with self._counting:
                self.waiters -= 1

    def newest(self) -> Any | None:  # Any: a Step, whose module imports torch
        """Return the newest step of the run, None before the first and after the end."""
        return self._keeper.newest_of(self)

    def partial(self) -> Any | None:  # Any: each work has its own
        """Return what there is of the result: a run's steps so far, a grid's cells that are there.

        None where nothing is told yet; at the end the whole result.
        """
        return self._keeper.partial_of(self)

    def result(self) -> Result:
        """Return what was asked for, once it is there; raises why there is none."""
        self.wait()
        if self.error is not None:
            raise self.error
        if self.value is None:
            raise ExplainerError(tr("This run was cancelled."), tr("Start it again."))
        return self.value

    def outcome(self) -> Outcome:
        """Return what became of it, for the work that wanted it."""
        return Outcome(self.value, self.error, self.calls, self.spent)

    def cancel(self) -> None:
        """Give up; after the end this changes nothing."""
        self._keeper.cancel(self)
