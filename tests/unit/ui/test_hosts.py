"""Only pages that this app served itself may talk to it, whatever name leads to this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server as ``make run`` starts it, that somebody has looked at."""
    number = free_port()
    cache = tmp_path_factory.mktemp("cache")
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(number)]
    with (cache / "log").open("wb") as log:
        env = {**os.environ, "GLASSBOX_CACHE": str(cache)}
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while status(number, f"127.0.0.1:{number}") != 101:
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.1)
    yield number
    server.terminate()
    assert server.wait(60) == 0
    assert "external IP" not in (cache / "log").read_text()


def status(port: int, host: str, origin: str | None = None) -> int:
    """What a browser is answered that asks for the socket under a name; 0 where nobody answers."""
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 3) as line,
            connect(
                f"ws://{host}/_stcore/stream", sock=line, proxy=None, open_timeout=10,
                origin=origin,  # type: ignore[arg-type]  # a NewType of str
                subprotocols=["streamlit"],  # type: ignore[list-item]  # as above
            ) as opened,
        ):  # fmt: skip
            asked = BackMsg()
            asked.rerun_script.query_string = ""
            opened.send(asked.SerializeToString())
            told = ForwardMsg()
            while told.WhichOneof("type") != "script_finished":
                told.ParseFromString(opened.recv(timeout=30))  # type: ignore[arg-type]  # bytes
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
    except OSError:
        return 0


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:{port}", 101),
        ("localhost:{port}", 101),
        ("[::1]:{port}", 101),
        ("evil.example:{port}", 403),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:{port}", 403),
        ("192.168.1.2:{port}", 403),
    ],
)
def test_only_names_of_this_machine_are_answered(port: int, host: str, expected: int) -> None:
    assert status(port, host.format(port=port)) == expected


def test_a_foreign_page_is_refused_and_no_other_host_is_asked_about_it(port: int) -> None:
    own = f"127.0.0.1:{port}"
    assert status(port, own, f"http://{own}") == 101
    begun = time.monotonic()
    assert status(port, own, "http://evil.example") == 403
    assert time.monotonic() - begun < 2
