"""What every engine offers, whoever computes for it: tickets, finished work, one thread.

Python ends by taking the ground from under every thread that is still running. One that is inside
torch then is ended in the midst of C++, which aborts the whole process: "terminate called without
an active exception". So this thread is waited for, as long as one call of a network takes.
"""

import atexit
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from core.engine.calls import explain
from core.engine.line import Counters, Job, Line
from core.engine.results import Results
from core.engine.ticket import Ticket
from core.engine.work import Result, Work
from core.errors import ExplainerError
from core.models.folders import find_checkpoint

PATIENCE_S = 60.0  # with a thread that does not end, when the process does


class Engine(ABC):
    """Takes works from many sessions; ``Worker`` does them itself, ``Pool`` has them done."""

    def __init__(
        self,
        check: Callable[[str], object] = find_checkpoint,
        results: Results | None = None,
        room: int = 64,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
    ) -> None:
        """Open for works; the thread starts with the first one.

        Args:
            check: raises ExplainerError for a model that is not on this machine.
            results: where finished work is kept; None keeps it in memory only.
            room: how many may wait.
            clock: seconds, for the patience with tickets that nobody looks at.
            threaded: False leaves it to the caller to call ``tick`` while ``busy``.
        """
        self._check = check
        self._results = results or Results()
        self._line = Line(room, clock)
        self._threaded = threaded
        self._starting = threading.Lock()  # guards the thread alone
        self._thread: threading.Thread | None = None

    def submit(
        self, work: Work[Result], session: str = "", *, replace: bool = True
    ) -> Ticket[Result]:
        """Ask for a work to be done; returns a ticket that ends exactly once.

        Args:
            work: checked here.
            session: who asks; nobody waits for all of another session's wishes.
            replace: the session's earlier wishes that have not ended are given up.

        Raises:
            ExplainerError: a field is wrong, the model is not here, or too many are waiting.
        """
        work = work.validated()
        found = self._results.find(work)
        if found is None and not self._has(work.model):
            self._check(work.model)  # here, so that the model in memory stays for everybody else
        ticket = self._line.enter(work, session, replace, found)
        self._wake()
        return ticket

    def find(self, work: Work[Result]) -> Result | None:
        """Return finished work at once; None where there is none, or where a field is wrong."""
        try:
            return self._results.find(work.validated())
        except ExplainerError:
            return None

    @abstractmethod
    def preview(self, ticket: Ticket[Any]) -> Any | None:  # Any: an array, see below
        """Return the newest estimate of a ticket's run as a small picture, uint8 (h, w, 3).

        One pixel a latent position, a linear guess of the colours; None before the first step.
        """

    def counters(self) -> Counters:
        """Return what became of everything so far."""
        return self._line.counters()

    def standing(self) -> tuple[int, int, float]:
        """Return how many works wait, how many run, and seconds until all are done, roughly."""
        return self._line.standing()

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return self._line.busy

    @property
    def pace(self) -> tuple[float, float]:
        """Seconds of a turn of the U-Net and of one row of it, of late; 0 is unknown."""
        return self._line.pace

    def close(self) -> None:
        """Give up all work, stop the thread, and write what is still to be written."""
        dropped = self._line.end_all(closed=True)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE_S)
        self._leave(dropped)
        self._results.flush()

    @abstractmethod
    def tick(self) -> None:
        """Do one round with those whose turn it is."""

    @abstractmethod
    def _has(self, model: str) -> bool:
        """Whether a model is in memory."""

    @abstractmethod
    def _leave(self, jobs: list[Job]) -> None:
        """Leave works where they stand, so that what they changed for a moment is put back."""

    def _wake(self) -> None:
        """Start the thread where there is none; one that died is replaced."""
        with self._starting:
            if self._threaded and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
                self._thread.start()
                atexit.register(_close_at_exit, weakref.ref(self))

    def _work(self) -> None:
        while self._line.wait():
            try:
                self.tick()
            except Exception as error:  # a fault of ours must end tickets, not the thread
                self._leave(self._line.end_all(explain(error)))

    def _known(self, work: Work[Any]) -> tuple[Work[Any], Any | ExplainerError | None]:
        """Return a work that another one wants, validated, with its result or what is wrong."""
        try:
            work = work.validated()
            return work, self._results.find(work)
        except ExplainerError as error:
            return work, error


def _close_at_exit(kept: "weakref.ref[Engine]") -> None:
    engine = kept()
    if engine is not None:
        engine.close()
