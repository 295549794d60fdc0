"""A browser tab without a browser: Streamlit's own websocket protocol, and what stands on the page.

A tab asks for a run of the page's script with a ``BackMsg``, and gets ``ForwardMsg``s until the
script has finished. A part of the page that reruns itself (``st.fragment`` with ``run_every``) is
asked for by the browser, every so many seconds until the next whole run; so it is here. Messages
are read no further than needed, since many visitors share the processor with what they measure.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 2**25  # of one message, as much as the app's settings allow
SETTLED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
# Which field of a widget's state holds its value, by the kind of element.
VALUES = {
    "text_input": "string_value",
    "text_area": "string_value",
    "checkbox": "bool_value",
    "slider": "double_array_value",
    "number_input": "double_value",
    "selectbox": "string_value",
    "button_group": "string_array_value",
}


class Lost(Exception):
    """A request got no answer in its time, or its connection ended."""


@dataclass(slots=True)
class Bounds:
    """How long visitors may ask, and how often, all of them together.

    Attributes:
        seconds: from now on.
        requests: that may still be sent.
        sent: so far.
    """

    seconds: float = 600.0
    requests: int = 20_000
    sent: int = 0
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.seconds

    def spend(self) -> None:
        """Count one request; raises Lost where there may be no more."""
        if self.requests <= self.sent or time.monotonic() > self._ends:
            raise Lost(f"stopped after {self.sent} requests: no more are allowed")
        self.sent += 1


@dataclass(slots=True)
class Standing:
    """An element or a block on the page: what it is, and which run of which part put it there."""

    element: Element | None
    run: str
    fragment: str
    data: dict[str, Any] | None = None  # Any: JSON; of a component, once somebody asked for it


class Visitor:
    """One tab. ``open`` it, then ask; ``standing`` is what its page shows."""

    def __init__(self, address: str, bounds: Bounds, wait_s: float = 60.0) -> None:
        """Come, but do not open the page yet.

        Args:
            address: of the app, on this machine.
            bounds: shared by all visitors.
            wait_s: after which an answer that has not come is lost.

        Raises:
            ValueError: the address is another machine's.
        """
        parts = urlsplit(address)
        if parts.hostname not in LOOPBACK:
            raise ValueError(f"{address} is not on this machine, where alone a class is played")
        self.standing: dict[tuple[int, ...], Standing] = {}
        self.pages: dict[str, str] = {}
        self.page = self.query = ""
        self.reruns = 0  # of parts that reran themselves
        self._url = f"ws://{parts.netloc}/_stcore/stream"
        self._bounds, self._wait_s = bounds, wait_s
        self._socket: ClientConnection | None = None
        self._states: dict[str, WidgetState] = {}
        self._cached: dict[str, tuple[Element, int, str]] = {}
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._tasks = contextlib.AsyncExitStack()
        self._changed = asyncio.Event()
        self._run, self._parts = "", frozenset[str]()
        self._runs = self._whole_runs = 0
        self._busy = self._closed = False
        self._why = ""

    # ---- asking

    async def open(self, page: str = "", query: str = "") -> float:
        """Open a page in this tab; returns the seconds until its script had finished.

        Args:
            page: its address below the app's, "" for Home.
            query: of the address, without question mark.
        """
        started = time.perf_counter()
        try:
            self._socket = await connect(
                self._url, subprotocols=[Subprotocol("streamlit")], max_size=MOST_BYTES,
                compression=None, ping_interval=None, proxy=None, open_timeout=self._wait_s,
            )  # fmt: skip
        except (OSError, InvalidMessage, InvalidHandshake) as error:
            raise Lost("there is nobody at the address") from error
        reader = asyncio.create_task(self._read(self._socket))
        self._tasks.callback(reader.cancel)
        self.query = query
        await self._whole_run(page_name=page)
        return time.perf_counter() - started

    async def rerun(self) -> float:
        """Run the page again; returns the seconds until it had finished."""
        return await self._whole_run()

    async def go(self, page: str, query: str | None = None) -> float:
        """Choose another page in the menu, or follow a link to it.

        Args:
            page: its address below the app's, "" for Home.
            query: of the link; None is the menu's link, which has none.

        Returns:
            Seconds until it had finished.
        """
        for name in list(self._timers):
            self._stop_timer(name)
        self.page, self.query = self.pages[page], query or ""
        self._states.clear()
        return await self._whole_run()

    async def set(self, label: str, value: Any) -> float:  # Any: as the kind of widget has it
        """Give a widget a value; returns the seconds until the page had followed.

        Args:
            label: of the widget, as it stands on the page.
            value: for its kind: text, whether it is on, a number.
        """
        kind, element = self._named(label)
        state = WidgetState(id=element.id)
        name = VALUES[kind]
        if name.endswith("_array_value"):
            getattr(state, name).data.extend(value if isinstance(value, list) else [value])
        elif kind == "number_input" and element.data_type == 0:
            state.int_value = value
        else:
            setattr(state, name, value)
        self._states[element.id] = state
        return await self._whole_run()

    async def click(self, label: str) -> float:
        """Press a button; returns the seconds until the page had followed."""
        _, element = self._named(label)
        self._states[element.id] = WidgetState(id=element.id, trigger_value=True)
        try:
            return await self._whole_run()
        finally:
            self._states.pop(element.id, None)

    async def tell(self, name: str, event: str, value: Any) -> None:  # Any: JSON
        """Have a component tell something, and only its part of the page be run again for it.

        Args:
            name: as for ``component``.
            event: that it tells.
            value: with it.
        """
        await self.until(lambda one: one._mounted(name) is not None)  # a run may be drawing it
        standing = self._mounted(name)
        assert standing is not None
        assert standing.element is not None
        told = json.dumps([{"event": event, "value": value}])
        name = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{standing.element.bidi_component.id}__events"
        self._states[name] = WidgetState(id=name, json_trigger_value=told)
        try:
            await self._send(fragment_id=standing.fragment)
        finally:
            del self._states[name]

    async def until(self, what: Callable[["Visitor"], Any], wait_s: float | None = None) -> float:
        """Wait until something holds of the page; returns the seconds that it took.

        Args:
            what: is asked after every change.
            wait_s: at most, else as long as for any answer.

        Raises:
            Lost: it did not come in time, or the connection ended.
        """
        started = time.perf_counter()
        try:
            async with asyncio.timeout(wait_s or self._wait_s):
                while not what(self):
                    if self._closed:
                        raise Lost(f"the connection ended {self._why}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise Lost("no answer in time") from error
        return time.perf_counter() - started

    async def close(self) -> None:
        """Leave."""
        for name in list(self._timers):
            self._stop_timer(name)
        if self._socket is not None:
            await self._socket.close()
        await self._tasks.aclose()

    async def _whole_run(self, **more: str) -> float:
        before = self._whole_runs
        await self._send(**more)
        return await self.until(lambda _: self._whole_runs > before and not self._busy)

    async def _send(self, **more: Any) -> None:  # Any: fields of a ClientState
        assert self._socket is not None
        self._bounds.spend()
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self.page
        state.widget_states.widgets.extend(self._states.values())
        state.cached_message_hashes.extend(self._cached)
        for name, value in more.items():
            setattr(state, name, value)
        try:
            await self._socket.send(message.SerializeToString())
        except ConnectionClosed as error:
            raise Lost("the connection ended") from error

    # ---- what stands on the page

    def elements(self, *kinds: str) -> Iterator[Any]:  # Any: each kind has its own message
        """Give the elements of some kinds, in the order of the page."""
        for path in sorted(self.standing):
            element = self.standing[path].element
            kind = element.WhichOneof("type") if element is not None else None
            if kind in kinds:
                yield getattr(element, kind)

    def texts(self) -> list[str]:
        """Return all plain texts, markdown and progress that stand on the page."""
        bodies = [element.body for element in self.elements("text", "markdown")]
        return bodies + [element.text for element in self.elements("progress")]

    def component(self, name: str) -> dict[str, Any] | None:  # Any: JSON
        """Return the data of one of our components; None where it is not on the page.

        Args:
            name: as it is mounted, such as "home/pipeline".
        """
        standing = self._mounted(name)
        if standing is None or standing.element is None:
            return None
        if standing.data is None:
            mounted = standing.element.bidi_component
            standing.data = json.loads(mounted.json or mounted.mixed.json)[0]
        return standing.data

    def _mounted(self, name: str) -> Standing | None:
        wanted = f"glassbox_{name.replace('/', '_')}"
        for standing in self.standing.values():
            element = standing.element
            if element is None or element.WhichOneof("type") != "bidi_component":
                continue
            if element.bidi_component.component_name.endswith(wanted):
                return standing
        return None

    @property
    def errors(self) -> list[str]:
        """What the page says went wrong."""
        alerts = [alert.body for alert in self.elements("alert") if alert.format == alert.ERROR]
        return alerts + [fault.message for fault in self.elements("exception")]

    @property
    def there(self) -> bool:
        """Whether its connection stands."""
        return not self._closed

    @property
    def settled(self) -> bool:
        """Whether nothing runs, and no part of the page will ask again by itself."""
        return not self._busy and not self._timers

    def _named(self, label: str) -> tuple[str, Any]:
        for standing in self.standing.values():
            kind = standing.element.WhichOneof("type") if standing.element else None
            element = getattr(standing.element, kind) if kind else None
            if getattr(element, "label", None) == label and hasattr(element, "id"):
                return str(kind), element
        raise Lost(f"there is no {label!r} on the page")

    # ---- reading

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                assert isinstance(frame, bytes)
                message = ForwardMsg()
                message.ParseFromString(frame)
                self._take(message)
                self._changed.set()
        except (ConnectionClosed, KeyError) as error:  # a message that we were to have kept
            self._why = repr(error)
        finally:
            self._closed = True
            self._changed.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind in ("delta", "ref_hash"):
            self._draw(message)
        elif kind == "new_session":
            self._begin(message)
        elif kind == "script_finished":
            self._finish(message)
        elif kind == "navigation":
            pages = message.navigation.app_pages
            self.pages = {page.url_pathname: page.page_script_hash for page in pages}
            self.pages[""] = next(page.page_script_hash for page in pages if page.is_default)
            self.page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for name in message.stop_auto_rerun.fragment_ids:
                self._stop_timer(name)

    def _begin(self, message: ForwardMsg) -> None:
        self._run = message.metadata.run.script_run_id
        self._parts = frozenset(message.metadata.run.fragment_ids)
        self._busy = True
        if not self._parts:
            self._whole_runs += 1
            for name in list(self._timers):
                self._stop_timer(name)

    def _finish(self, message: ForwardMsg) -> None:
        if message.metadata.run.script_run_id not in ("", self._run):
            return  # of a run that was stopped for the one that has begun
        if message.script_finished not in SETTLED:
            return  # the next one follows
        self._busy = False
        gone = [path for path, one in self.standing.items() if self._is_stale(one)]
        for path in gone:
            del self.standing[path]
        self._runs += 1
        age = 2  # runs, as ``global.maxCachedMessageAge`` has it
        self._cached = {
            name: kept
            for name, kept in self._cached.items()
            if self._runs - kept[1] <= age or (self._parts and kept[2] not in self._parts)
        }

    def _is_stale(self, one: Standing) -> bool:
        return one.run != self._run and (not self._parts or one.fragment in self._parts)

    def _draw(self, message: ForwardMsg) -> None:
        path = tuple(message.metadata.delta_path)
        if message.WhichOneof("type") == "ref_hash":
            element, _, fragment = self._cached[message.ref_hash]
        else:
            fragment = message.delta.fragment_id
            kind = message.delta.WhichOneof("type")
            if kind == "new_transient":
                return
            element = message.delta.new_element if kind == "new_element" else None
            if message.metadata.cacheable and element is not None:
                self._cached[message.hash] = element, self._runs, fragment
        if element is not None:
            below = len(path)
            for other in [one for one in self.standing if one[:below] == path]:
                del self.standing[other]
        self.standing[path] = Standing(element, self._run, fragment)

    def _start_timer(self, name: str, interval: float) -> None:
        if name in self._timers and self._timers[name][0] == interval:
            return
        self._stop_timer(name)
        self._timers[name] = interval, asyncio.create_task(self._again(name, interval))

    def _stop_timer(self, name: str) -> None:
        _, task = self._timers.pop(name, (0.0, None))
        if task is not None:
            task.cancel()

    async def _again(self, name: str, interval: float) -> None:
        with contextlib.suppress(Lost):
            while True:
                await asyncio.sleep(interval)
                self.reruns += 1
                await self._send(fragment_id=name, is_auto_rerun=True)
