"""What a page holds while the engine works for it; imports no torch."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from core.engine.looks.look import Look
from core.engine.request import FilmRequest, Request
from core.errors import ExplainerError

if TYPE_CHECKING:
    import numpy as np

State = Literal["queued", "running", "decoding", "done", "cancelled", "failed"]
ENDED: tuple[State, ...] = ("done", "cancelled", "failed")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """How far the work is.

    Attributes:
        state: "queued", "running", "decoding", then one of "done", "cancelled", "failed".
        position: place in the line, 1 is next; 0 when not waiting.
        step: U-Net calls answered, pictures decoded, or pieces of a look read.
        steps: of how many.
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


class Desk(Protocol):  # Any: a desk does not mind what its tickets are for
    """What a ticket asks of whoever gave it out."""

    def status_of(self, ticket: "Ticket[Any]") -> TicketStatus:
        """Say how far the work is, and take note that somebody still cares."""
        ...

    def preview_of(self, ticket: "Ticket[Any]") -> "np.ndarray | None":
        """Return a small picture of the newest estimate."""
        ...

    def partial_of(self, ticket: "Ticket[Any]") -> Any:
        """Return what a look has read so far."""
        ...

    def cancel(self, ticket: "Ticket[Any]") -> None:
        """End the ticket; its work stops unless others wait for it."""
        ...

    def now(self) -> float:
        """Return the desk's clock, in seconds."""
        ...


class Ticket(Generic[Result]):
    """One wish of one session; it ends exactly once: done, cancelled or failed.

    Whoever holds it looks at it from time to time; one that nobody looks at is dropped.
    """

    def __init__(
        self,
        desk: Desk,
        request: Request | FilmRequest | Look[Any],
        session: str,
        inner: bool = False,
    ) -> None:
        """Made by the engine's ``submit``.

        Args:
            desk: the engine.
            request: what was asked, validated.
            session: who asked.
            inner: held by other work of the engine, which waits for it.
        """
        self.request = request
        self.session = session
        self.inner = inner
        self._desk = desk
        # Written by the desk under its lock; ``seen`` and ``waiters`` by ``wait`` as well.
        self.state: State = "queued"
        self.error: ExplainerError | None = None
        self.value: Result | None = None
        self.seen = desk.now()
        self.waiters = 1 if inner else 0
        self._counting = threading.Lock()
        self.ended = threading.Event()

    def status(self) -> TicketStatus:
        """Return how far the work is."""
        return self._desk.status_of(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end.

        Args:
            timeout: seconds to wait at most; None waits as long as it takes.

        Returns:
            Whether it has ended.
        """
        with self._counting:
            self.waiters += 1
        try:
            return self.ended.wait(timeout)
        finally:
            self.seen = self._desk.now()
            with self._counting:
                self.waiters -= 1

    def preview(self) -> "np.ndarray | None":
        """Return the newest estimate as a small picture, one pixel a latent position.

        Returns:
            uint8 (H, W, 3), a linear guess of the colours; None before the first step.
        """
        return self._desk.preview_of(self)

    def partial(self) -> Result | None:
        """Return what a look has read so far, where it tells.

        Returns:
            None where nothing is told yet; at the end the whole of it.
        """
        return self._desk.partial_of(self)

    def result(self) -> Result:
        """Return what was asked for, waiting for it if need be.

        Raises:
            ExplainerError: it failed or was cancelled.
        """
        self.wait()
        if self.error is not None:
            raise self.error
        if self.value is None:
            raise ExplainerError("This run was cancelled.", "Start it again.")
        return self.value

    def cancel(self) -> None:
        """Give up; after the end this changes nothing."""
        self._desk.cancel(self)
