"""A replica: one of the workers of a pool, in this process or in another one."""

import threading
import time
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

from core.engine.calls import explain
from core.engine.errand import (
    Ended,
    Errand,
    Fitted,
    Give,
    Hold,
    News,
    Order,
    Paced,
    Ready,
    Told,
    Unready,
    Warm,
    lightened,
)
from core.engine.line import ASIDE
from core.engine.loaded import LoadedModel, load_model
from core.engine.results import Results
from core.engine.ticket import Ticket
from core.engine.work import Course, Progress, Work
from core.engine.worker import Worker

PAUSE_S = 0.1  # between two tellings of how far works are
ROOM = 2**31  # who may enter is for the pool to say, and so is who is still waited for


class _Warmth(Work[None]):
    """A work that does nothing, for which the model is loaded as for any other."""

    kept = False

    def __init__(self, model: str) -> None:
        self.model = model

    def validated(self) -> "_Warmth":
        return self

    def course(self, loaded: Any) -> Course[None]:
        yield Progress(0, 1)


class Replica:
    """Carries out the orders of a pool with a ``Worker`` of its own, and collects the news.

    All methods are called from one thread; the worker may have its own.
    """

    def __init__(
        self,
        load: Callable[[str], LoadedModel] = load_model,
        threaded: bool = True,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Wait for orders.

        Args:
            load: brings a model into memory.
            threaded: False leaves it to the caller to call ``tick``.
            pause_s: between two tellings of how far works are.
            clock: seconds, for the works that have waited long.
        """
        self._loads = load
        self._worker = Worker(self._load, lambda _: None, Results(), ROOM, clock, threaded)
        self._pause = pause_s
        self._told_at = -pause_s
        self._held: dict[int, tuple[Errand, list[Ticket[Any]]]] = {}
        self._sent: dict[int, tuple[Any, ...] | None] = {}
        self._fit = False
        self._lock = threading.Lock()  # guards what follows; the worker's thread writes it
        self._model: tuple[str, LoadedModel] | None = None
        self._asked: dict[int, Any] = {}  # the newest of each work that is not yet told
        self._news: list[News] = []

    def carry_out(self, orders: Sequence[Order]) -> None:
        """Do as told, in the given order."""
        for order in orders:
            if isinstance(order, Give):
                self._held.setdefault(order.number, (Errand(order, 0, self._tell), []))
            elif isinstance(order, Hold):
                self._hold(order)
            elif isinstance(order, Warm):
                self._worker.submit(_Warmth(order.model), replace=False)
            else:
                self._fit = True

    def tick(self) -> None:
        """Do one round of the worker's; for a replica without a thread."""
        self._ask_for_colors()
        if self._worker.busy:
            self._worker.tick()

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return self._worker.busy

    def news(self) -> list[News]:
        """Return what came since the last time, in its order."""
        self._ask_for_colors()
        ended = {
            number: tickets[0]
            for number, (_, tickets) in self._held.items()
            if tickets and tickets[0].ended.is_set() and tickets[0].state != "cancelled"
        }
        with self._lock:
            found, self._news = self._news, []
            asked = {number: one for number, one in self._asked.items() if number in self._held}
            now = time.monotonic()
            due = now - self._told_at >= self._pause
            self._asked = {} if due else asked
        if due and asked:
            self._told_at = now
            found += self._paced()
            found += [self._light(*one) for one in asked.items() if one[0] not in ended]
        for number, ticket in ended.items():
            found.append(Ended(number, ticket.outcome()))
            self._forget(number)
        return found

    def close(self) -> None:
        """Give up all work, and stop the thread."""
        self._worker.close()

    def _hold(self, order: Hold) -> None:
        """Have one ticket for each session; the work learns its rank from the new ones."""
        if order.number not in self._held:
            return  # it has ended: the news are on their way
        errand, before = self._held.pop(order.number)
        errand.rank = order.rank
        after = [self._worker.submit(errand, session, replace=False) for session in order.sessions]
        for ticket in after:
            ticket.waiters += 1  # whether anybody looks at it is for the pool to say
        self._held[order.number] = errand, after
        for ticket in before:
            ticket.cancel()
        idle = [number for number, (_, tickets) in self._held.items() if not tickets]
        for number in idle[: -2 * ASIDE]:  # no longer set aside either
            self._forget(number)

    def _forget(self, number: int) -> None:
        del self._held[number]
        self._sent.pop(number, None)
        with self._lock:
            self._asked.pop(number, None)

    def _load(self, model: str) -> LoadedModel:
        """Load a model in the worker's thread, and tell how it went."""
        self._model = None  # so that its memory is free for the next one
        try:
            loaded = self._loads(model)
        except Exception as error:
            with self._lock:
                self._news.append(Unready(model, explain(error)))
            raise
        with self._lock:
            self._model = model, loaded
            self._news.append(Ready(model, loaded.stamp, loaded.most_rows, loaded.positions))
        return loaded

    def _tell(self, number: int, asked: Any) -> None:
        with self._lock:
            self._asked[number] = asked

    def _light(self, number: int, asked: Any) -> Told:
        """Make news of what a work asks or tells; what was told before is left out."""
        progress = asked if isinstance(asked, Progress) else asked.progress
        if progress is None:
            return Told(number, lightened(asked, None), None)
        so_far, sent = progress.so_far, self._sent.get(number)
        start = None
        if type(so_far) is tuple and sent is not None and len(sent) <= len(so_far):
            start = len(sent) if all(map(is_, sent, so_far)) else None
        self._sent[number] = so_far if type(so_far) is tuple else None
        return Told(number, lightened(asked, start), start)

    def _paced(self) -> list[News]:
        turn_s, row_s = self._worker.pace
        return [Paced(turn_s / row_s, turn_s)] if row_s else []

    def _ask_for_colors(self) -> None:
        """Have the worker fit colours by asking for a preview, as a page does; tell them once."""
        if not self._fit or self._model is None:
            return
        name, model = self._model
        if model.colors is not None or model.colors_tried:  # a work may have fitted them
            self._fit = False
            with self._lock:
                self._news.append(Fitted(name, model.colors))
            return
        for _, tickets in self._held.values():
            if tickets:
                self._worker.preview(tickets[0])
