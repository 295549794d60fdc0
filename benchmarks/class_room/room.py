"""A room full of visitors: who came, what became of every request, and what the server says."""

import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import psutil
from serving import Server

from benchmarks.class_room.visitor import Bounds, Lost, Visitor
from core.engine.request import Request
from core.views.run import run_id

COLOURS = ("red", "blue", "green", "yellow", "white", "pink", "purple", "black", "brown", "orange")
THINGS = ("cat", "dog", "apple", "house", "tree", "car", "fish", "bird", "star", "heart", "boat")
EXAMPLE = Request(prompt="a red apple")  # that the app begins with
WAIT_S = 120.0
OUTCOMES = ("error", "wrong", "crossed", "lost")


class Room:
    """A server with its visitors, and the count of what became of their requests."""

    def __init__(self, server: Server, bounds: Bounds, seed: int = 0) -> None:
        """Open.

        Args:
            server: that runs, of ``benchmarks.class_room.watched``.
            bounds: of all visitors together.
            seed: of all that is wished here; rooms that share a server need one each.
        """
        self.server, self.counts = server, Counter[str]()
        self._bounds, self._seed = bounds, seed
        self._prompts = self._every_prompt()

    def wishes(self, count: int, steps: int = 20) -> list[Request]:
        """Return so many runs that nobody here has asked for."""
        return [
            Request(prompt=next(self._prompts), steps=steps, seed=self._seed) for _ in range(count)
        ]

    @contextlib.asynccontextmanager
    async def visitors(self, count: int) -> AsyncIterator[list[Visitor]]:
        """Let so many come, and leave in the end."""
        came = [Visitor(self.server.address, self._bounds, WAIT_S) for _ in range(count)]
        try:
            yield came
        finally:
            await asyncio.gather(*(visitor.close() for visitor in came))

    async def counted(
        self, visitor: Visitor, wish: Request, asked: Awaitable[float]
    ) -> float | None:
        """Do one request and count what became of it.

        Args:
            visitor: who asks.
            wish: the run that its page must show then.
            asked: the request.

        Returns:
            Its seconds; None where it was lost.
        """
        try:
            seconds = await asked
        except Lost as error:
            if not self.counts["lost"]:
                print(f"lost: {error}", file=sys.stderr)
            self.counts["lost"] += 1
            return None
        self.counts[self.judge(visitor, wish)] += 1
        return seconds

    def judge(self, visitor: Visitor, wish: Request) -> str:
        """Say whether a page is its visitor's own: "ok", or what is the matter with it."""
        shown = set(visitor.texts())
        if visitor.errors:
            return "error"
        drawn = visitor.component("home/pipeline") or visitor.component("generation/film") or {}
        if wish.prompt in shown and drawn.get("id", "") in ("", run_id(wish)):
            return "ok"
        return "crossed" if shown & (self._given - {wish.prompt}) else "wrong"

    @property
    def bad(self) -> int:
        """How many requests ended in any other way than they should."""
        return sum(self.counts[name] for name in OUTCOMES)

    def memory(self) -> float:
        """Return what the server and its trainings hold in memory, in GB."""
        server = psutil.Process(self.server.pid)
        held = 0
        for process in (server, *server.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):  # a training that has just ended
                held += process.memory_info().rss
        return held / 1e9

    def files_kept(self) -> int:
        """Return how many files the app has written, but for its log and ``told``."""
        written = [one for one in self.server.cache.rglob("*") if one.is_file()]
        return sum(one.name not in ("server.log", "watched.json") for one in written)

    def busy(self) -> float:
        """Return the processor's seconds that the server has spent."""
        spent = psutil.Process(self.server.pid).cpu_times()
        return spent.user + spent.system

    async def told(self) -> dict[str, Any]:  # Any: JSON
        """Return what the server has counted by now, see ``watched``."""
        file = self.server.cache / "watched.json"
        file.unlink(missing_ok=True)
        os.kill(self.server.pid, signal.SIGUSR1)
        async with asyncio.timeout(WAIT_S):
            while not file.exists():
                await asyncio.sleep(0.02)
        return json.loads(file.read_text(encoding="utf-8"))

    async def warm(self, pages: Sequence[str]) -> None:
        """Have the running example drawn and every page seen once, and wait until all is quiet."""
        async with self.visitors(1) as [first]:
            await first.open()
            await first.until(shows_film(EXAMPLE))
            for page in pages or sorted(first.pages):
                await first.go(page)
                await first.until(lambda visitor: visitor.settled)
        async with asyncio.timeout(WAIT_S):
            while not _is_quiet(**(await self.told())["engine"]):
                await asyncio.sleep(0.2)

    def _every_prompt(self) -> Any:  # Any: a generator of texts
        self._given = {EXAMPLE.prompt}
        for number in range(10_000):
            thing, colour = THINGS[number % 11], COLOURS[number % 10]
            prompt = f"a {colour} {thing}" if number < 110 else f"{number} {colour} {thing}"
            self._given.add(prompt)
            yield prompt


def _is_quiet(accepted: int, answered: int, cancelled: int, failed: int, **_: int) -> bool:
    return accepted == answered + cancelled + failed


def link(wish: Request, **more: str) -> str:
    """Return the query of a link to a run."""
    return urlencode({"prompt": wish.prompt, "steps": wish.steps, "seed": wish.seed, **more})


def begun(visitor: Visitor) -> bool:
    """Whether a visitor to Home has seen a step of the run, or all of it."""
    drawn = visitor.component("home/pipeline")
    return bool(drawn and drawn["id"]) or any("Call " in text for text in visitor.texts())


def shows_picture(wish: Request) -> Callable[[Visitor], bool]:
    """Return what says whether Home shows the finished picture of a run."""
    wanted = run_id(wish)

    def shows(visitor: Visitor) -> bool:
        drawn = visitor.component("home/pipeline")
        return drawn is not None and drawn["id"] == wanted

    return shows


def shows_film(wish: Request) -> Callable[[Visitor], bool]:
    """Return what says whether Home has all of a run's film, and will ask for nothing more."""
    picture = shows_picture(wish)
    return lambda visitor: visitor.settled and picture(visitor)


def middle(seconds: Sequence[float | None]) -> float:
    """Return the median of what was not lost; endless where all was."""
    kept = [one for one in seconds if one is not None]
    return statistics.median(kept) if kept else float("inf")


def late(seconds: Sequence[float | None]) -> float:
    """Return the 95th of a hundred; what was lost counts as endless."""
    ordered = sorted(float("inf") if one is None else one for one in seconds)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


async def think(chance: random.Random, seconds: float) -> None:
    """Wait as long as somebody thinks, more or less."""
    await asyncio.sleep(seconds * chance.uniform(0.5, 1.5))


def now() -> float:
    """Return seconds on a clock that never goes back."""
    return time.perf_counter()
