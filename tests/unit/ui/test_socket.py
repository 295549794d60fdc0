"""Whatever comes over the socket: who sent it is answered or let go, and everybody else goes on.

A witness has a page open all the while. After each thing that is sent it asks again, and is
answered rightly; the server must not have spent more than two seconds of its processor on it.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.class_room.visitor import Bounds, Lost, Visitor
from tests.unit.ui.test_hosts import free_port

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 2.0  # of the server's processor
GROWN = 100_000_000  # bytes of the server's memory
FLOOD = 200
WAIT_S = 300.0  # on a machine that has other work as well
Send = Callable[["Server"], Any]


@dataclass(frozen=True)
class Server:
    """A server, and the page that a witness has open on it."""

    address: str
    process: psutil.Process
    loop: asyncio.AbstractEventLoop
    witness: Visitor

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end on the witness's loop, which has a thread of its own."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    @property
    def spent(self) -> float:
        """Seconds of the processor so far."""
        used = self.process.cpu_times()
        return used.user + used.system

    @property
    def socket(self) -> str:
        return f"{self.address.replace('http', 'ws')}/_stcore/stream"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    cache, port = tmp_path_factory.mktemp("cache"), free_port()
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(port)]
    with (cache / "log").open("wb") as log:
        env = {**os.environ, "GLASSBOX_CACHE": str(cache)}
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    loop = asyncio.new_event_loop()
    turning = threading.Thread(target=loop.run_forever)
    turning.start()
    made = Server(address, psutil.Process(process.pid), loop, Visitor(address, Bounds(), WAIT_S))
    made.run(opened(made.witness, "tokens", "prompt=a+green+bird"))
    made.run(made.witness.until(lambda one: one.settled))
    yield made
    made.run(made.witness.close())
    loop.call_soon_threadsafe(loop.stop)
    turning.join()
    loop.close()
    process.terminate()
    assert process.wait(WAIT_S) == 0


async def opened(visitor: Visitor, page: str, query: str) -> None:
    """Open a page as soon as the server is there."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            await visitor.open(page, query)
        except Lost:
            assert time.monotonic() < deadline, "the server does not answer"
            await asyncio.sleep(0.1)
        else:
            return


async def assert_goes_on(server: Server) -> None:
    """The witness asks again: its own words are still there, and nothing went wrong."""
    await server.witness.rerun()
    assert "a green bird" in server.witness.texts()
    assert server.witness.errors == []


def line(server: Server) -> connect:
    return connect(
        server.socket, subprotocols=[Subprotocol("streamlit")], max_size=None, compression=None,
        ping_interval=None, proxy=None, open_timeout=WAIT_S,
    )  # fmt: skip


async def send(server: Server, *frames: str | bytes) -> int:
    """Send frames by a socket of its own; returns the code it was closed with, 0 if it was not."""
    async with line(server) as socket:
        try:
            for frame in frames:
                await socket.send(frame)
            beat = BackMsg(app_heartbeat=True)  # is answered in turn
            await socket.send(beat.SerializeToString())
            async with asyncio.timeout(WAIT_S):
                async for _ in socket:
                    return 0
        except ConnectionClosed:
            pass
        await socket.wait_closed()
        return socket.close_code or 0


def told(**fields: Any) -> bytes:
    return BackMsg(**fields).SerializeToString()


def rerun(**fields: Any) -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = ""
    for name, value in fields.items():
        setattr(message.rerun_script, name, value)
    return message.SerializeToString()


FRAMES: dict[str, tuple[tuple[str | bytes, ...], tuple[int, ...]]] = {
    "text": (("hello",), (1000, 1005, 1006, 1011)),
    "garbage": ((b"\xff" * 50,), (1002,)),
    "empty": ((b"",), (0,)),
    "33 megabytes": ((b"x" * 33_000_000,), (1009,)),
    "2 megabytes of widgets": ((b"\0" * 2_000_000,), (1009,)),
    "stop_script flood": ((told(stop_script=True),) * FLOOD, (0,)),
    "clear_cache flood": ((told(clear_cache=True),) * FLOOD, (0,)),
    "what only developers send": (
        (told(debug_disconnect_websocket=True), told(debug_shutdown_runtime=True)), (0,),
    ),
    "unknown page": ((rerun(page_script_hash="f" * 32),), (0,)),
    "unknown page by name": ((rerun(page_name="../../etc/passwd"),), (0,)),
    "unknown fragment": ((rerun(fragment_id="nobody's", is_auto_rerun=True),), (0,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_from_no_browser_costs_its_sender_alone(name: str, server: Server) -> None:
    frames, codes = FRAMES[name]
    before = server.spent
    assert server.run(send(server, *frames)) in codes
    assert server.spent - before < SECONDS
    server.run(assert_goes_on(server))


LINKS = {
    "twice": "steps=2&steps=3&prompt=a&prompt=b",
    "100 kilobytes": f"prompt={'x' * 100_000}&x={'y' * 100_000}",
    "no characters": "prompt=%00%ff%fe&seed=%00&steps=%ff",
    "no numbers": "steps=1e309&seed=nan&guidance=-inf&height=1e309",
    "markup": "prompt=%3Cscript%3Ealert(1)%3C%2Fscript%3E&page=..%2F..%2Fetc&__proto__=1",
    "broken": "&&&===?#%zz%u0041;steps",
}


@pytest.mark.parametrize("name", LINKS)
def test_an_address_from_no_page_opens_one(name: str, server: Server) -> None:
    async def visit() -> None:
        visitor = Visitor(server.address, Bounds(), WAIT_S)
        await visitor.open("tokens", LINKS[name])
        assert visitor.errors == []
        assert any(visitor.texts())
        await visitor.close()

    before = server.spent
    server.run(visit())
    assert server.spent - before < SECONDS
    server.run(assert_goes_on(server))


FIELDS = {
    "a number for words": {"double_value": float("nan")},
    "a truth for words": {"bool_value": True},
    "a list for words": {"string_array_value": ["\0", "x"]},
    "JSON for words": {"json_value": "{"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_another_kind_is_told_without_its_traceback(name: str, server: Server) -> None:
    async def visit() -> None:
        visitor = Visitor(server.address, Bounds(), WAIT_S)
        await visitor.open("tokens")
        _, words = visitor._named("Your words")
        state = WidgetState(id=words.id)
        for field, value in FIELDS[name].items():
            if isinstance(value, list):
                getattr(state, field).data.extend(value)
            else:
                setattr(state, field, value)
        visitor._states = {words.id: state}
        await visitor.rerun()
        faults = list(visitor.elements("exception"))
        assert [list(fault.stack_trace) for fault in faults] in ([], [[]])
        assert not any("TypeError" in told or "/" in told for told in visitor.errors)
        await visitor.close()

    server.run(visit())
    server.run(assert_goes_on(server))


def test_words_of_a_megabyte_are_cut_where_the_box_ends(server: Server) -> None:
    async def visit() -> None:
        visitor = Visitor(server.address, Bounds(), WAIT_S)
        await visitor.open("tokens")
        await visitor.set("Your words", "x" * 900_000)
        assert visitor.errors == []
        assert max(map(len, visitor.texts())) <= 20_000
        await visitor.close()

    before = server.spent
    server.run(visit())
    assert server.spent - before < SECONDS
    server.run(assert_goes_on(server))


def test_hundreds_who_only_connect_keep_nobody_out(server: Server) -> None:
    async def crowd() -> None:
        before = server.process.memory_info().rss
        for _ in range(10):
            lines: list[ClientConnection] = await asyncio.gather(*(line(server) for _ in range(50)))
            await assert_goes_on(server)
            await asyncio.gather(*(one.close() for one in lines))
        assert server.process.memory_info().rss - before < GROWN

    server.run(crowd())
    server.run(assert_goes_on(server))


def test_one_who_asks_hundreds_of_times_and_reads_nothing_holds_nobody_up(server: Server) -> None:
    async def deaf() -> None:
        before = server.process.memory_info().rss
        async with line(server) as socket:
            socket.transport.pause_reading()
            for _ in range(500):
                await socket.send(rerun())
            await assert_goes_on(server)
            assert server.process.memory_info().rss - before < GROWN
            socket.transport.abort()

    server.run(deaf())
    server.run(assert_goes_on(server))


@pytest.mark.parametrize("messages", [1, 5, 20, 40])
def test_who_leaves_in_the_middle_of_a_run_is_missed_by_nobody(
    messages: int, server: Server
) -> None:
    async def leave() -> None:
        async with line(server) as socket:
            asked = rerun(page_name="generation", query_string=f"seed={messages}&steps=150")
            await socket.send(asked)
            for _ in range(messages):
                await asyncio.wait_for(socket.recv(), WAIT_S)
            socket.transport.abort()

    server.run(leave())
    server.run(assert_goes_on(server))


def cookie_of(server: Server) -> str:
    """The server's secret for this visitor, that a page has and another site has not."""
    with urllib.request.urlopen(f"{server.address}/_stcore/health") as answer:
        return answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]


def put(server: Server, session: str, name: str, size: int, cookie: str) -> int:
    """Hand in a file as a page does; returns the answer's status, 0 where the line was cut."""
    body = b"--b\r\nContent-Disposition: form-data; name=f; filename=x.png\r\n\r\n"
    request = urllib.request.Request(
        f"{server.address}/_stcore/upload_file/{session}/{name}",
        body + b"x" * size + b"\r\n--b--\r\n",
        {"Content-Type": "multipart/form-data; boundary=b", "X-Xsrftoken": cookie,
         "Cookie": f"_streamlit_xsrf={cookie}"},
        method="PUT",
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


def test_files_without_end_are_kept_within_bounds(server: Server) -> None:
    async def flood() -> None:
        cookie, before = cookie_of(server), server.process.memory_info().rss
        async with line(server) as socket:
            await socket.send(rerun(page_name="training"))
            message = ForwardMsg()
            while message.WhichOneof("type") != "new_session":
                message.ParseFromString(await socket.recv())
            session = message.new_session.initialize.session_id
            assert put(server, session, "a", 1, "") == 403
            assert put(server, "f" * 32, "a", 1, cookie) == 400
            assert put(server, session, "a", 6_000_000, cookie) in (413, 0)
            for number in range(50):
                assert put(server, session, f"a{number}", 4_000_000, cookie) == 204
            await assert_goes_on(server)
            assert server.process.memory_info().rss - before < GROWN  # of the 200 MB sent

    server.run(flood())


def test_a_port_that_is_taken_is_said_in_a_line(server: Server) -> None:
    port = server.address.rpartition(":")[2]
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1
    assert f"Port {port} is not available" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    server.run(assert_goes_on(server))
