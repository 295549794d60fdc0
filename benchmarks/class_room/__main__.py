"""Thirty pupils, one laptop: what a class feels, measured over the app's own websocket.

    python -m benchmarks.class_room [--row NAME] [--short] [--samples]

Prints one table: row, bound, figure, ok. Each row has a server of its own with an empty cache; with
``--short`` a few visitors stay a few seconds and share one server, and the figures say little. Only
this machine is ever asked, so many times and no longer than so. ``--samples`` prints what the
server's threads were doing instead of judging figures.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "browser"))

from serving import ROOT, Server, start

from benchmarks.class_room.room import Room
from benchmarks.class_room.rows import HOSTED, ROWS, SHORT, Figures, Scale
from benchmarks.class_room.visitor import Bounds
from core.host import VARIABLE

SECONDS = 420.0  # that a row may take
WATCHED = "benchmarks.class_room.watched"
MISSING = "ray is not installed"
SAMPLES = 45  # functions printed of each kind of thread


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table.

    Attributes:
        row: a function of ``rows``.
        figure: one of those that it returns.
        bound: what it may be at most.
        unit: of both.
    """

    row: str
    figure: str
    bound: float
    unit: str = ""


LINES = (
    Line("draw", "first step, last of all", 3.0, "s"),
    Line("draw", "picture p50", 8.0, "s"),
    Line("draw", "picture p95", 14.0, "s"),
    Line("draw", "last film", 22.0, "s"),
    Line("draw", "bad", 0),
    Line("alone", "picture", 1.0, "s"),
    Line("alone", "film", 1.3, "s"),
    Line("alone", "bad", 0),
    Line("same", "rerun p95", 0.3, "s"),
    Line("same", "bad", 0),
    Line("share", "own over Streamlit’s", 2.0),
    Line("share", "the same, median", 2.0),
    Line("idle", "rerun p95", 0.3, "s"),
    Line("idle", "page load p95", 0.5, "s"),
    Line("idle", "memory of 1", 0.9, "GB"),
    Line("idle", "memory of all", 1.5, "GB"),
    Line("idle", "bad", 0),
    Line("equal", "computations of run and film", 2),
    Line("equal", "bad", 0),
    Line("greedy", "times as long", 2.0),
    Line("greedy", "bad", 0),
    Line("requests", "bad", 0),
    Line("hosted", "memory at most", 1.0, "GB"),
    Line("hosted", "files kept", 0),
    Line("hosted", "bad", 0),
    Line("live", "p95", 3.0, "s"),
    Line("live", "bad", 0),
    Line("ray", "serves again", 10.0, "s"),
    Line("ray", "lost", 0),
)


@contextmanager
def a_server(shared: bool = False) -> Iterator[Server]:
    """Run the app with an empty cache, as on a small public host where it is shared."""
    told = {VARIABLE: "1" if shared else "0"}
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Path(folder), ROOT / "Home.py", WATCHED, told=told) as server,
    ):
        yield server


def measure(name: str, scale: Scale, server: Server, samples: bool = False) -> Figures:
    """Play one row; returns its figures.

    Args:
        name: of the row.
        scale: how large the class is.
        server: that runs.
        samples: whether to print what the server's threads were doing.
    """

    async def play() -> Figures:
        room = Room(server, Bounds(SECONDS), seed=list(ROWS).index(name))
        async with asyncio.timeout(SECONDS):
            spent = room.busy()
            await room.warm(scale.pages)
            figures = await ROWS[name](room, scale)
            print(f"{name}: {dict(room.counts)}, {figures}, {room.busy() - spent:.1f} s of the "
                  f"processor, {(await room.told())['engine']}", file=sys.stderr)  # fmt: skip
            if samples:
                say_samples((await room.told())["samples"])
        return figures

    return asyncio.run(play())


def say_samples(samples: dict[str, int]) -> None:
    """Print in which functions the server's threads were, the most frequent first."""
    for kind in sorted({name.partition(" ")[0] for name in samples}):
        mine = [one for one in samples.items() if one[0].startswith(f"{kind} ")]
        for name, count in sorted(mine, key=lambda one: -one[1])[:SAMPLES]:
            print(f"{count:6} {name}")


def table(figures: dict[str, Figures]) -> str:
    """Return the table, with a line for everything that was measured."""
    told = [("row", "figure", "bound", "is", "ok")]
    for line in LINES:
        if line.row in figures:
            unit = f" {line.unit}" if line.unit else ""
            value = figures[line.row].get(line.figure)
            if value is None:
                told.append((line.row, line.figure, f"{line.bound:g}{unit}", "-", MISSING))
                continue
            told.append(
                (line.row, line.figure, f"{line.bound:g}{unit}", f"{value:.3g}{unit}",
                 "ok" if value <= line.bound else "NO")
            )  # fmt: skip
    widths = [max(len(row[column]) for row in told) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in told
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Play the rows and print the table; returns 1 where a figure is out of its bound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--row", choices=ROWS, action="append", help="this one alone")
    parser.add_argument("--short", action="store_true", help="a few visitors, a few seconds")
    parser.add_argument("--samples", action="store_true", help="print where the time goes")
    options = parser.parse_args(argv)
    names = options.row or list(ROWS)
    figures: dict[str, Figures] = {}
    if options.samples:
        os.environ["CLASS_ROOM_SAMPLES"] = "1"
    if options.short:
        for shared in {name in HOSTED for name in names}:
            with a_server(shared) as server:
                for name in names:
                    if (name in HOSTED) is shared:
                        figures[name] = measure(name, SHORT, server, options.samples)
    else:
        for name in names:
            with a_server(name in HOSTED) as server:
                figures[name] = measure(name, Scale(), server, options.samples)
    print(table(figures))
    good = all(figures.get(one.row, {}).get(one.figure, one.bound) <= one.bound for one in LINES)
    return 0 if good or options.short else 1


if __name__ == "__main__":
    sys.exit(main())
