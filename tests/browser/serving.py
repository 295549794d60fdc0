"""Streamlit's own server on a free port of this machine, for as long as somebody needs it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_S = STOP_S = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where it answers, its process, and the folder for what the app keeps."""

    address: str
    pid: int
    cache: Path


@contextmanager
def serve(
    cache: Path, script: Path = ROOT / "Home.py", command: Sequence[str] = ()
) -> Iterator[str]:
    """Run a script until the block is left; gives its address.

    Args:
        cache: an empty folder for what the app keeps, and for the server's log.
        script: run in its own folder; the app's entry where nothing else is said.
        command: serves in its place, on the port that is added.
    """
    with start(cache, script, command=command) as server:
        yield server.address


@contextmanager
def start(
    cache: Path,
    script: Path,
    module: str = "streamlit",
    command: Sequence[str] = (),
    told: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a script until the block is left, as ``serve`` does.

    Args:
        cache: as for ``serve``.
        script: as for ``serve``.
        module: takes Streamlit's command line.
        command: as for ``serve``.
        told: variables of its environment, beside the usual ones.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plain = [
        sys.executable, "-m", module, "run", script.name, "--server.headless", "true",
        "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false", "--server.port",
    ]  # fmt: skip
    env = {**os.environ, "GLASSBOX_CACHE": str(cache), "HF_HUB_OFFLINE": "1", **(told or {})}
    log = cache / "server.log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [*(command or plain), str(port)],
            cwd=script.parent,
            env=env,
            stdout=written,
            stderr=written,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_S
        while not _healthy(address):
            assert server.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < deadline, "the server did not answer in time"
            time.sleep(0.05)
        yield Server(address, server.pid, cache)
    finally:
        server.terminate()
        try:
            server.wait(STOP_S)  # waits for a call of a network, or its loading, to end
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    said = log.read_text("utf-8", "replace")
    assert "Traceback" not in said, said
    assert server.returncode == 0, f"the server ended with {server.returncode}: {said}"


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False
