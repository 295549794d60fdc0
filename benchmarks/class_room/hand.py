"""What ``live.js`` does between a hand and the server, without a browser.

Its constants are read in that script.
"""

import asyncio
import re
import time
from types import TracebackType
from typing import Self

from benchmarks.class_room.visitor import Lost, Visitor
from core.ui.component import SHARED

_SCRIPT = (SHARED / "live.js").read_text("utf-8")


def _seconds(name: str) -> float:
    found = re.search(rf"^const {name} = ([0-9_]+);", _SCRIPT, re.MULTILINE)
    assert found is not None, name
    return int(found[1]) / 1000


PAUSE_S, SLOW_S, LOST_S = _seconds("PAUSE_MS"), _seconds("SLOW_MS"), _seconds("LOST_MS")
WORD_S, WORDS_S = _seconds("WORD_MS"), _seconds("WORDS_MS")
RESTS_S, LEAVES_S = _seconds("RESTS_MS"), _seconds("LEAVES_MS")
AGAIN_S, SELDOM_S = _seconds("AGAIN_MS"), _seconds("SELDOM_MS")
ALL_THERE = ("behind", "settled")


def _now() -> float:
    return time.perf_counter()


class Hand:
    """Types into a visitor's live box; one question is on its way at a time, the newest next.

    While nothing is asked it tells that the hand rests, again and again until all is there.
    """

    def __init__(self, visitor: Visitor) -> None:
        """Begin with nothing typed.

        Args:
            visitor: whose page has the box.
        """
        self._visitor, self._prompt, self._number = visitor, "", 0
        self._slow, self._at, self._since = False, 0.0, 0.0
        self._changed = asyncio.Event()
        self._left, self._again = False, 0.0  # whether it said so; the pause before it says again

    def press(self, prompt: str) -> None:
        """Press a key.

        Args:
            prompt: what stands in the box then.
        """
        self._prompt, self._at = prompt, _now()
        if not self._changed.is_set():
            self._since = self._at
        self._changed.set()

    async def __aenter__(self) -> Self:
        """Begin to follow the keys."""
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Follow no longer; raises Lost where the server was lost meanwhile."""
        if not self._following.cancel():
            await self._following

    async def _follow(self) -> None:
        while True:
            pauses = {
                "asked": self._again or RESTS_S,
                "waits": self._again or AGAIN_S,
                "behind": None if self._left else LEAVES_S,
            }
            try:
                async with asyncio.timeout(pauses.get(self._state)):
                    await self._changed.wait()
            except TimeoutError:
                await self._rest()
            else:
                await self._ask()

    async def _rest(self) -> None:
        self._left = self._state == "behind"
        self._again = min(1.5 * self._again, SELDOM_S) or AGAIN_S
        await self._visitor.tell("live", "left" if self._left else "rested", self._number)

    async def _ask(self) -> None:
        while self._slow and (left := min(self._at + WORD_S, self._since + WORDS_S) - _now()) > 0:
            await asyncio.sleep(left)
        self._changed.clear()
        self._left, self._again = False, 0.0
        self._number += 1
        told = _now()
        asked = {"number": self._number, "prompt": self._prompt}
        await self._visitor.tell("live", "asked", asked)
        try:
            await self._visitor.until(lambda _: self._answered >= self._number, LOST_S)
        except Lost:
            if not self._visitor.there:
                raise
            self._changed.set()  # counts as lost, and is asked again
        self._slow = _now() - told > SLOW_S
        await asyncio.sleep(max(0.0, told + PAUSE_S - _now()))

    @property
    def _state(self) -> str:
        drawn = self._visitor.component("live")
        return "waits" if drawn is None else drawn["state"]

    @property
    def _answered(self) -> int:
        drawn = self._visitor.component("live")
        return drawn["number"] if drawn and drawn["picture"] else -1
