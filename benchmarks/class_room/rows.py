"""The rows of the table: what a class does, and what is measured of it.

Every row is a coroutine that gets a ``Room`` and a ``Scale`` and returns its figures by name.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.class_room.engine_requests import ask_engine, picture_alone
from benchmarks.class_room.hand import ALL_THERE, Hand
from benchmarks.class_room.own_share import own_share
from benchmarks.class_room.replicas import kill_one
from benchmarks.class_room.room import (
    EXAMPLE,
    Room,
    begun,
    late,
    link,
    middle,
    now,
    shows_film,
    shows_picture,
    think,
)
from benchmarks.class_room.visitor import Lost, Visitor
from core.engine.request import Request
from core.views.strips import frames_in

Figures = dict[str, float]
KEY_S, LOOK_S = (0.1, 0.25), (1.0, 3.0)  # between two keys; at the picture of a word
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NEAR = 12.0  # mean difference of two pictures in 8-bit steps that WebP can make


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the class is.

    Attributes:
        pupils: who draw at the same time.
        arrive_s: within which they come.
        shared: who look at one finished run.
        idle: who read and think, on any page.
        think_s: between two of their requests.
        lasts_s: how long they stay.
        turns: repetitions where one visitor is measured.
        sampled: finished pictures that are computed again, alone.
        requests: to pages, then to the engine.
        steps: of every run.
        pages: that are opened; none is all of them.
        words: that each of those types who type in live mode.
    """

    pupils: int = 30
    arrive_s: float = 3.0
    shared: int = 50
    idle: int = 200
    think_s: float = 10.0
    lasts_s: float = 40.0
    turns: int = 7
    sampled: int = 3
    requests: tuple[int, int] = (4000, 1000)
    steps: int = 20
    pages: tuple[str, ...] = ()
    words: int = 4


SHORT = Scale(3, 0.3, 3, 4, 0.5, 2.0, 1, 1, (40, 20), 4, ("", "tokens", "generation"), 1)


async def draw(room: Room, scale: Scale) -> Figures:
    """All draw their own prompts."""
    wishes = room.wishes(scale.pupils, scale.steps)
    began = now()
    steps: list[float] = []
    pictures: list[float] = []
    films: list[float] = []

    async def pupil(visitor: Visitor, wish: Request, delay: float) -> None:
        await asyncio.sleep(delay)
        came = now()
        await visitor.open(query=link(wish))
        await visitor.until(begun)
        steps.append(now() - came)
        await visitor.until(shows_picture(wish))
        pictures.append(now() - came)
        await visitor.until(shows_film(wish))
        films.append(now() - began)

    async with room.visitors(scale.pupils) as visitors:
        every = scale.arrive_s / scale.pupils
        came = [
            pupil(*one, every * at) for at, one in enumerate(zip(visitors, wishes, strict=True))
        ]
        await asyncio.gather(
            *(finish(room, *one) for one in zip(visitors, wishes, came, strict=True))
        )
        check_pictures(room, dict(zip(wishes, visitors, strict=True)), scale.sampled)
    return {
        "first step, last of all": max(steps, default=float("inf")),
        "picture p50": middle(pictures),
        "picture p95": late(pictures),
        "last film": max(films, default=float("inf")),
        "bad": room.bad,
    }


async def finish(room: Room, visitor: Visitor, wish: Request, work: Awaitable[None]) -> None:
    """See a visitor to the end, and count how it went."""
    try:
        await work
    except Lost:
        room.counts["lost"] += 1
    else:
        room.counts[room.judge(visitor, wish)] += 1


def check_pictures(room: Room, shown: dict[Request, Visitor], sampled: int) -> None:
    """Count as wrong what does not look like the picture that is computed alone."""
    for wish in list(shown)[:sampled]:
        drawn = shown[wish].component("home/pipeline")
        if not drawn or not drawn["id"]:
            continue  # counted as lost
        sheet = next(one["look"]["sheet"] for one in drawn["stations"] if one["name"] == "picture")
        alone = picture_alone(wish).astype(float)
        if np.abs(frames_in(sheet)[-1] - alone).mean() > NEAR:
            room.counts["wrong"] += 1


async def alone(room: Room, scale: Scale) -> Figures:
    """One visitor draws, and nobody else is there."""
    pictures, films = [], []
    for wish in room.wishes(scale.turns, scale.steps):
        async with room.visitors(1) as [visitor]:
            began = now()
            await visitor.open(query=link(wish))
            await visitor.until(shows_picture(wish))
            pictures.append(now() - began)
            await visitor.until(shows_film(wish))
            films.append(now() - began)
            room.counts[room.judge(visitor, wish)] += 1
    return {"picture": middle(pictures), "film": middle(films), "bad": room.bad}


async def same(room: Room, scale: Scale) -> Figures:
    """All look at one finished run, and rerun its page at the same time, again and again."""
    took: list[float | None] = []
    async with room.visitors(scale.shared) as visitors:
        for visitor in visitors:
            await visitor.open()
            await visitor.until(lambda one: one.settled)

        async def pupil(visitor: Visitor, chance: random.Random) -> None:
            await think(chance, scale.think_s / 10)
            for _ in range(10):
                took.append(await room.counted(visitor, EXAMPLE, visitor.rerun()))
                await think(chance, scale.think_s / 10)

        await asyncio.gather(*(pupil(one, random.Random(at)) for at, one in enumerate(visitors)))
    return {"rerun p50": middle(took), "rerun p95": late(took), "bad": room.bad}


async def share(room: Room, scale: Scale) -> Figures:
    """All rerun one page after another, at the same time: what of it is not Streamlit's own."""
    async with room.visitors(scale.shared) as visitors:
        for visitor in visitors:
            await visitor.open()
        pages = scale.pages or sorted(visitors[0].pages)
        found = await own_share(room, visitors, pages, max(1, scale.turns // 2))
    return {
        "own over Streamlit’s": max(found.values()),
        "the same, median": middle([*found.values()]),
    }


async def idle(room: Room, scale: Scale) -> Figures:
    """A large class reads: every so often each reruns its page or goes to another."""
    reruns: list[float | None] = []
    loads: list[float | None] = []

    async def pupil(visitor: Visitor, chance: random.Random, ends: float) -> None:
        await asyncio.sleep(chance.uniform(0, scale.think_s))
        loads.append(await room.counted(visitor, EXAMPLE, visitor.open()))
        while visitor.pages and now() < ends:
            await think(chance, scale.think_s)
            if chance.random() < 0.25:
                page = chance.choice(scale.pages or sorted(visitor.pages))
                loads.append(await room.counted(visitor, EXAMPLE, visitor.go(page)))
            else:
                reruns.append(await room.counted(visitor, EXAMPLE, visitor.rerun()))

    async with room.visitors(1) as [first]:
        await first.open()
        one = room.memory()
        async with room.visitors(scale.idle) as visitors:
            ends = now() + scale.think_s + scale.lasts_s
            await asyncio.gather(
                *(pupil(came, random.Random(at), ends) for at, came in enumerate(visitors))
            )
            many = room.memory()
    return {
        "rerun p95": late(reruns), "page load p95": late(loads), "memory of 1": one,
        "memory of all": many, "bad": room.bad,
    }  # fmt: skip


async def equal(room: Room, scale: Scale) -> Figures:
    """All ask for the same at the same time."""
    before = (await room.told())["engine"]
    [wish] = room.wishes(1, scale.steps)

    async def pupil(visitor: Visitor) -> None:
        await visitor.open(query=link(wish))
        await visitor.until(shows_picture(wish))

    async with room.visitors(scale.pupils) as visitors:
        await asyncio.gather(*(finish(room, one, wish, pupil(one)) for one in visitors))
        await asyncio.gather(*(one.until(shows_film(wish)) for one in visitors))
    after = (await room.told())["engine"]
    computed = after["computed"] - before["computed"]
    return {"computations of run and film": computed, "bad": room.bad}


async def greedy(room: Room, scale: Scale) -> Figures:
    """Ten draw, first by themselves, then beside one who has every page open at the same time."""
    without = await draw_some(room, room.wishes(min(10, scale.pupils), scale.steps))
    [wish] = room.wishes(1, scale.steps)
    pages = {"generation": {"look": "Compare a grid"}, "training": {"look": "Lab"}}
    async with room.visitors(1) as [guide]:
        await guide.open()
        names = scale.pages or sorted(guide.pages)
    async with room.visitors(len(names)) as tabs:
        opened = [
            tab.open(page, link(wish, **pages.get(page, {})))
            for tab, page in zip(tabs, names, strict=True)
        ]
        asking = asyncio.gather(*opened, return_exceptions=True)
        beside = await draw_some(room, room.wishes(min(10, scale.pupils), scale.steps))
        await asking
    return {"times as long": beside / without, "bad": room.bad}


async def draw_some(room: Room, wishes: list[Request]) -> float:
    """Let some draw; returns the median of their seconds to the picture."""
    took: list[float | None] = []

    async def pupil(visitor: Visitor, wish: Request) -> None:
        began = now()
        await visitor.open(query=link(wish))
        await visitor.until(shows_picture(wish))
        took.append(now() - began)

    async with room.visitors(len(wishes)) as visitors:
        work = [pupil(*one) for one in zip(visitors, wishes, strict=True)]
        await asyncio.gather(
            *(finish(room, *one) for one in zip(visitors, wishes, work, strict=True))
        )
    return middle(took)


async def hosted(room: Room, scale: Scale) -> Figures:
    """Ten draw at the same time on a small public host, and nothing of it stays on its disk."""
    held: list[float] = []

    async def look() -> None:
        while True:
            held.append(room.memory())
            await asyncio.sleep(0.05)

    async def pupil(visitor: Visitor, wish: Request) -> None:
        await visitor.open(query=link(wish))
        await visitor.until(shows_film(wish))

    wishes = room.wishes(min(10, scale.pupils), scale.steps)
    looking = asyncio.create_task(look())
    async with room.visitors(len(wishes)) as visitors:
        work = [pupil(*one) for one in zip(visitors, wishes, strict=True)]
        await asyncio.gather(
            *(finish(room, *one) for one in zip(visitors, wishes, work, strict=True))
        )
    looking.cancel()
    return {"memory at most": max(held), "files kept": room.files_kept(), "bad": room.bad}


async def requests(room: Room, scale: Scale) -> Figures:
    """Many requests of every kind, each of which is looked at: to pages, then to the engine."""
    to_pages, to_engine = scale.requests
    count = min(40, to_pages // 10)

    async def pupil(visitor: Visitor, chance: random.Random) -> None:
        [wish] = room.wishes(1, 2)
        await room.counted(visitor, wish, visitor.open(query=link(wish)))
        for _ in range(to_pages // count - 1):
            kind = chance.random()
            if kind < 0.2:
                page = chance.choice(scale.pages or sorted(visitor.pages))
                asked = visitor.go(page, link(wish))
            elif kind < 0.3 and any(
                one.label == "Your words" for one in visitor.elements("text_input")
            ):
                [wish] = room.wishes(1, 2)
                asked = visitor.set("Your words", wish.prompt)
            else:
                asked = visitor.rerun()
            await room.counted(visitor, wish, asked)

    async with room.visitors(count) as visitors:
        await asyncio.gather(*(pupil(one, random.Random(at)) for at, one in enumerate(visitors)))
    answered, wrong = await asyncio.to_thread(ask_engine, to_engine)
    room.counts["ok"] += answered
    room.counts["wrong"] += wrong
    room.counts["lost"] += to_engine - answered - wrong
    return {"requests": sum(room.counts.values()), "bad": room.bad}


async def live(room: Room, scale: Scale) -> Figures:
    """All type in live mode, each a few words, and look at what has become of every word.

    A word is 3 to 8 keys, 0.1 to 0.25 s apart, as practised hands type; it is followed by 1 to 3 s
    in which its picture is looked at. What the browser does of it is ``Hand``. The clock runs from
    a word's last key to the picture of all that was typed by then.
    """
    took: list[float | None] = []

    async def come(visitor: Visitor, wish: Request) -> None:
        await visitor.open("generation", link(wish, live="on"))
        async with Hand(visitor):
            await visitor.until(_is_settled)

    async def type_words(visitor: Visitor, wish: Request, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, scale.arrive_s))
        prompt = wish.prompt
        async with Hand(visitor) as hand:
            for _ in range(scale.words):
                for letter in [" ", *(chance.choice(LETTERS) for _ in range(chance.randint(2, 7)))]:
                    await asyncio.sleep(chance.uniform(*KEY_S))
                    prompt += letter
                    hand.press(prompt)
                took.append(await visitor.until(shows_words(prompt)))
                await asyncio.sleep(chance.uniform(*LOOK_S))
            await visitor.until(_is_settled)

    wishes = room.wishes(scale.pupils, scale.steps)
    async with room.visitors(scale.pupils) as visitors:
        pairs = list(zip(visitors, wishes, strict=True))
        await asyncio.gather(*(come(*pair) for pair in pairs))
        work = [type_words(*pair, random.Random(at)) for at, pair in enumerate(pairs)]
        await asyncio.gather(*(_typed(room, *one) for one in zip(visitors, work, strict=True)))
    missing = scale.words * scale.pupils - len(took)
    return {"p50": middle(took), "p95": late([*took, *[None] * missing]), "bad": room.bad}


async def _typed(room: Room, visitor: Visitor, work: Awaitable[None]) -> None:
    """See somebody who types to the end, and count how it went."""
    try:
        await work
    except Lost:
        room.counts["lost"] += 1
    else:
        room.counts["error" if visitor.errors else "ok"] += 1


def _is_settled(visitor: Visitor) -> bool:
    drawn = visitor.component("live")
    return drawn is not None and drawn["state"] in ALL_THERE and visitor.settled


def shows_words(prompt: str) -> Callable[[Visitor], bool]:
    """Return what says whether the live picture is of these words."""

    def shows(visitor: Visitor) -> bool:
        drawn = visitor.component("live")
        return bool(drawn and drawn["picture"] and drawn["settings"]["prompt"] == prompt)

    return shows


async def ray(room: Room, scale: Scale) -> Figures:
    """All draw on two replicas, of which one is killed; nothing is asked of the server."""
    return await asyncio.to_thread(kill_one, scale.pupils, scale.steps)


ROWS: dict[str, Callable[[Room, Scale], Awaitable[Figures]]] = {
    row.__name__: row
    for row in (draw, alone, same, share, idle, equal, greedy, requests, hosted, live, ray)
}
HOSTED = {"hosted"}  # whose server is set up as on a small public host
