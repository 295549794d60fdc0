"""The app runs where a machine is odd, and goes on where it was killed."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.class_room.visitor import Bounds, Lost, Visitor
from tests.apart import run_apart
from tests.unit.ui.test_hosts import free_port

ROOT = Path(__file__).resolve().parents[3]
WAIT_S = 300.0  # on a machine that has other work as well
SHIPS = ("Home.py", "pages", "core", ".streamlit")
LONGEST = 170  # letters of a path below the app's folder; Windows takes 260 in all


@contextmanager
def serving(
    folder: Path, cache: Path, host: str = "127.0.0.1", **env: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the app that lies in a folder; gives its address and its process."""
    port = free_port()
    command = [
        sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(port),
        "--server.address", host,
    ]  # fmt: skip
    cache.mkdir(exist_ok=True)
    with (cache / "log").open("ab") as log:
        server = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log,
            env={**os.environ, "GLASSBOX_CACHE": str(cache), **env},
        )  # fmt: skip
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}", server
    finally:
        server.terminate()
        server.wait(WAIT_S)
    assert "Traceback" not in (cache / "log").read_text("utf-8", "replace")


async def drawn(address: str, query: str) -> None:
    """Open the page of pictures as soon as there is one, and wait for its picture."""
    visitor, deadline = Visitor(address, Bounds(), WAIT_S), time.monotonic() + WAIT_S
    while True:
        try:
            await visitor.open("generation", query)
        except Lost:
            assert time.monotonic() < deadline, "the server does not answer"
            await asyncio.sleep(0.1)
        else:
            break
    await visitor.until(lambda one: (one.component("generation/film") or {}).get("id"))
    assert visitor.errors == []
    await visitor.close()


def kept(cache: Path) -> dict[str, int]:
    """The finished work on disk, each with the file's own number."""
    return {path.name: path.stat().st_ino for path in cache.glob("??/*") if len(path.name) == 64}


def test_a_server_that_was_killed_in_a_run_finds_what_was_finished(tmp_path: Path) -> None:
    cache, first, second = tmp_path / "cache", "prompt=a+fish&steps=2", "prompt=a+dog&steps=150"

    async def begin(address: str) -> None:
        visitor = Visitor(address, Bounds(), WAIT_S)
        asking = asyncio.create_task(visitor.open("generation", second))
        await visitor.until(lambda one: any("of 150" in text for text in one.texts()))
        server.kill()
        with pytest.raises(Lost):
            await asking
        await visitor.close()

    with serving(ROOT, cache) as (address, server):
        run_apart(drawn(address, first))
        deadline = time.monotonic() + WAIT_S
        while not kept(cache):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run_apart(begin(address))
    before = kept(cache)
    with serving(ROOT, cache) as (address, _):
        run_apart(drawn(address, first))
        assert before.items() <= kept(cache).items()  # the very files: nothing was written anew


def test_the_app_runs_in_an_odd_place(tmp_path: Path) -> None:
    """Spaces and foreign letters in the path, no home, no folder for temporary files, IPv6."""
    folder = tmp_path / "Glas kästchen – 玻璃 (1)"
    for name in SHIPS:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder)
    host = "::1" if has_ipv6() else "127.0.0.1"
    nowhere = "/proc/nowhere"  # where nobody can make anything
    cache = tmp_path / "cache"
    with serving(folder, cache, host, HOME=nowhere, TMPDIR=nowhere) as (address, _):
        run_apart(drawn(address, "prompt=a+fish&steps=1"))


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_paths_are_short_enough_for_windows() -> None:
    below = [str(path.relative_to(ROOT)) for name in SHIPS for path in (ROOT / name).rglob("*")]
    below.append(f"cache/ab/{'f' * 64}")
    below.append(f"cache/ab/.writing-{2**31}-{'f' * 16}")
    assert len(max(below, key=len)) < LONGEST
