"""What a rerun costs the server's processor, beside one of a bare page with as many elements."""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from serving import start

from benchmarks.class_room.room import Room
from benchmarks.class_room.visitor import VALUES, Bounds, Visitor

BARE = Path(__file__).with_name("bare_page.py")
SETTINGS = {"STREAMLIT_RUNNER_POST_SCRIPT_GC": "false"}  # as the app has it
SECONDS = 300.0  # that the bare pages may take
WARM_UP = 2  # reruns that are not counted


async def own_share(
    room: Room, visitors: Sequence[Visitor], pages: Sequence[str], turns: int
) -> dict[str, float]:
    """Rerun every page with all visitors at once; returns our own share over Streamlit's, by page.

    Args:
        room: of the app's server.
        visitors: that have opened Home.
        pages: their addresses below the app's.
        turns: reruns of each visitor that are counted.
    """
    ours: dict[str, float] = {}
    counted: dict[str, Counter[str]] = {}
    for page in pages:
        for one in visitors:
            await one.go(page)
            await one.until(lambda visitor: visitor.settled)
        ours[page] = await _cost(room, visitors, turns)
        counted[page] = _elements(visitors[0])
    bare = await _bare_costs(len(visitors), counted, turns)
    for page in pages:
        print(f"{page or 'home'}: {1000 * ours[page]:.1f} ms, {1000 * bare[page]:.1f} ms bare, "
              f"{dict(counted[page])}", file=sys.stderr)  # fmt: skip
    return {page: ours[page] / bare[page] - 1 for page in pages}


async def _bare_costs(count: int, counted: dict[str, Counter[str]], turns: int) -> dict[str, float]:
    """Return the cost of a bare page's rerun with the same elements, by page."""
    costs: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Path(folder), BARE, told=SETTINGS) as server,
    ):
        room = Room(server, Bounds(SECONDS))
        for page, elements in counted.items():
            query = "&".join(f"{kind}={number}" for kind, number in elements.items())
            async with room.visitors(count) as visitors:
                await asyncio.gather(*(one.open(query=query) for one in visitors))
                costs[page] = await _cost(room, visitors, turns)
    return costs


async def _cost(room: Room, visitors: Sequence[Visitor], turns: int) -> float:
    """Return the processor's seconds of one rerun, when all rerun at once."""
    for _ in range(WARM_UP):
        await asyncio.gather(*(one.rerun() for one in visitors))
    before = room.busy()
    for _ in range(turns):
        await asyncio.gather(*(one.rerun() for one in visitors))
    return (room.busy() - before) / (turns * len(visitors))


def _elements(visitor: Visitor) -> Counter[str]:
    """Count what stands on a page: widgets of Streamlit's, containers, and all else as texts."""
    counted = Counter({"pages": len(visitor.pages) - 1})  # Home has two names
    for one in visitor.standing.values():
        kind = one.element.WhichOneof("type") if one.element is not None else None
        counted["blocks" if kind is None else "widgets" if kind in VALUES else "texts"] += 1
    return counted
