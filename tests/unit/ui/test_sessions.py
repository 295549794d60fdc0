"""A server whose open files are spent comes back by itself when its visitors have left."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from core.models.open_files import APP, EACH, raise_limit, visitors
from core.ui import sessions
from tests.apart import run_apart

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 40  # open files
KEPT_S = 20  # sessions whose visitor has left
MOST_S = 90.0


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a server that may have few files open, and keeps sessions for a while."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(number),
        "--server.disconnectedSessionTTL", str(KEPT_S),
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "GLASSBOX_CACHE": str(tmp_path)},
            stdout=log,
            stderr=log,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT)),
        )
    yield number
    server.terminate()
    assert server.wait(60) == 0


def visit(stack: ExitStack, port: int) -> ClientConnection:
    """Open the front page as a browser does; raises where the server does not answer."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    socket = stack.enter_context(
        connect(
            address,
            subprotocols=["streamlit"],  # type: ignore[list-item]  # a NewType of str
            open_timeout=3,
            close_timeout=1,
            ping_interval=None,
        )
    )
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    socket.send(asked.SerializeToString())
    told = ForwardMsg()
    while told.WhichOneof("type") != "script_finished":
        told.ParseFromString(socket.recv(timeout=30))  # type: ignore[arg-type]  # bytes
    return socket


def answers(port: int) -> bool:
    with ExitStack() as stack:
        try:
            visit(stack, port)
        except (OSError, TimeoutError, WebSocketException):
            return False
    return True


def wait_for(port: int) -> None:
    deadline = time.monotonic() + MOST_S
    while not answers(port):
        assert time.monotonic() < deadline, "the server lets nobody in"


def test_server_lets_departed_visitors_go_without_new_ones(port: int) -> None:
    wait_for(port)
    with ExitStack() as stack:
        for _ in range(LIMIT // EACH - 3):
            visit(stack, port)
    spent = time.monotonic()
    while answers(port):  # one more departed session each
        assert time.monotonic() < spent + KEPT_S, "the files are not spent"
    wait_for(port)


class Served:
    """A server with sessions, as far as it is looked at."""

    def __init__(self) -> None:
        self.stopped = asyncio.get_running_loop().create_future()
        self.uploaded_file_mgr = None
        self.there = ["ann", "ben"]
        self._session_mgr = self
        self._session_storage = SimpleNamespace(_cache=SimpleNamespace(expire=lambda: None))

    def list_sessions(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(session=SimpleNamespace(id=name)) for name in self.there]


@pytest.mark.parametrize("frozen", [0, 5])
def test_what_departed_sessions_held_is_given_back(
    monkeypatch: pytest.MonkeyPatch, frozen: int
) -> None:
    collected: list[int] = []

    async def live() -> list[int]:
        served = Served()
        monkeypatch.setattr(sessions.runtime, "exists", lambda: True)
        monkeypatch.setattr(sessions.runtime, "get_instance", lambda: served)
        monkeypatch.setattr(sessions.config, "get_option", lambda _: 0.04)
        monkeypatch.setattr(sessions.gc, "get_freeze_count", lambda: frozen)
        monkeypatch.setattr(sessions.gc, "collect", lambda: collected.append(1))
        sessions.see_to_sessions()
        counts = []
        for there in (["ann", "ben"], ["ann", "ben", "cem"], ["cem"], ["cem"]):
            served.there = there
            await asyncio.sleep(0.1)
            counts.append(len(collected))
        served.stopped.set_result(None)
        return counts

    assert run_apart(live()) == ([0, 0, 1, 1] if frozen else [0, 0, 0, 0])


def test_limit_is_raised_as_far_as_it_may_be() -> None:
    code = (
        "import resource as r; from core.models.open_files import raise_limit\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (50, 300))\n"
        "print(raise_limit(), *r.getrlimit(r.RLIMIT_NOFILE), raise_limit())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert told.stdout.split() == ["300", "300", "300", "300"], told.stderr
    assert raise_limit() >= resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@pytest.mark.parametrize(("limit", "carried"), [(0, 0), (APP, 0), (128, 7), (1024, 231)])
def test_visitors_are_counted_by_their_open_files(limit: int, carried: int) -> None:
    assert visitors(limit) == carried
