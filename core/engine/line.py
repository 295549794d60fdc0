"""The waiting line: fair between sessions, whoever asks most often."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairLine(Generic[Item]):
    """Sessions take turns; within a session, first come is first served.

    One item may wait for several sessions; whichever has its turn first takes it for all.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._sessions: deque[str] = deque()
        self._items: dict[str, list[Item]] = {}

    def push(self, session: str, item: Item) -> None:
        """Let an item wait at the end of its session's own line.

        Args:
            session: whose turn it will be.
            item: not yet waiting for that session, else nothing changes.
        """
        if session not in self._items:
            self._sessions.append(session)
        waiting = self._items.setdefault(session, [])
        if item not in waiting:
            waiting.append(item)

    def first(self, may: Callable[[str], bool] = lambda _: True) -> tuple[str, Item] | None:
        """Return whose turn it is and with what; it stays in the line.

        Args:
            may: whether a session may have a turn now; others are passed over.
        """
        for session in self._sessions:
            if may(session):
                return session, self._items[session][0]
        return None

    def take(self, session: str, item: Item) -> None:
        """Take an item out for good; the session that had its turn goes to the end.

        Args:
            session: as ``first`` told.
            item: as ``first`` told.
        """
        self.remove(item)
        if session in self._items:
            self._sessions.remove(session)
            self._sessions.append(session)

    def remove(self, item: Item, session: str | None = None) -> None:
        """Take an item out.

        Args:
            item: may be absent.
            session: only where it waits for this one; None is for all.
        """
        for name in [session] if session is not None else list(self._items):
            waiting = self._items.get(name, [])
            if item in waiting:
                waiting.remove(item)
                if not waiting:
                    del self._items[name]
                    self._sessions.remove(name)

    def order(self) -> list[Item]:
        """Return the items in the order in which they would be taken, each once."""
        seen: list[Item] = []
        longest = max((len(waiting) for waiting in self._items.values()), default=0)
        for turn in range(longest):
            for session in self._sessions:
                waiting = self._items[session]
                if turn < len(waiting) and waiting[turn] not in seen:
                    seen.append(waiting[turn])
        return seen

    def __len__(self) -> int:
        """Count the items, each once."""
        return len(self.order())
