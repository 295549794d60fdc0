"""The class is played in short: nothing is lost, wrong or crossed, and the table has every row."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.class_room.visitor import Bounds, Lost, Visitor
from tests.apart import run_apart

ROOT = Path(__file__).resolve().parents[2]


def test_every_row_is_played_and_nothing_is_lost_wrong_or_crossed() -> None:
    command = [sys.executable, "-m", "benchmarks.class_room", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    head, *lines = [line.split() for line in done.stdout.splitlines()]
    assert head == ["row", "figure", "bound", "is", "ok"]
    rows = list(dict.fromkeys(line[0] for line in lines))
    assert rows == [
        "draw",
        "alone",
        "same",
        "share",
        "idle",
        "equal",
        "greedy",
        "requests",
        "hosted",
        "live",
        "ray",
    ]
    bad = {line[0]: " ".join(line[-2:]) for line in lines if line[1] == "bad"}
    assert bad == dict.fromkeys(set(rows) - {"share", "ray"}, "0 ok"), done.stderr
    [kept] = [line for line in lines if line[1:3] == ["files", "kept"]]
    assert kept[-2:] == ["0", "ok"]
    [counted] = [line for line in lines if line[1] == "computations"]
    assert counted[-2:] == ["2", "ok"]


@pytest.mark.parametrize("host", ["10.0.0.1", "example.org", "127.0.0.1.example.org"])
def test_only_this_machine_is_visited(host: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        Visitor(f"http://{host}:8501", Bounds())


def test_visitors_stop_by_themselves(server: str) -> None:
    async def visit(bounds: Bounds) -> None:
        visitor = Visitor(server, bounds)
        try:
            await visitor.open()
            for _ in range(100):
                await visitor.rerun()
        finally:
            await visitor.close()

    few, short = Bounds(requests=3), Bounds(seconds=0.0)
    for bounds, sent in ((few, 3), (short, 0)):
        with pytest.raises(Lost, match="no more are allowed"):
            run_apart(visit(bounds))
        assert bounds.sent == sent


def test_pages_are_changed_and_widgets_are_set(server: str) -> None:
    async def visit() -> None:
        visitor = Visitor(server, Bounds())
        await visitor.open("timesteps", "prompt=a+green+bird&seed=3")
        assert "a green bird" in visitor.texts()
        await visitor.go("")
        await visitor.set("Your words", "a yellow fish")
        assert "a yellow fish" in visitor.texts()
        assert "prompt=a+yellow+fish" in visitor.query
        await visitor.until(lambda one: (one.component("home/pipeline") or {}).get("id"), 120)
        await visitor.close()

    run_apart(visit())


def test_a_server_that_is_gone_loses_requests() -> None:
    async def visit() -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        gone = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = gone.sockets[0].getsockname()[1]
        with pytest.raises(Lost):
            await Visitor(f"http://127.0.0.1:{port}", Bounds()).open()
        gone.close()

    run_apart(visit())
