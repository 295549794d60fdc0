"""The lab's bench: how many trainings run at once, who waits, who watches; imports no torch.

Each training is a process of its own. Equal settings are trained once, whoever asks, and finished
ones are kept; one that nobody watches any more is ended. A worker that tells what it would need to
go on from a step is taken up from there when it is asked for again. Where the settings are private,
nothing is shared and nothing is kept: each visitor has a training of their own, and whoever holds
it is the only one who can go on with it.
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from core.engine.ticket import browser_of
from core.errors import ExplainerError
from core.host import host
from core.labs.autoencoder_settings import Settings
from core.words import tr

ROOT = Path(__file__).resolve().parents[2]
WAITING = 16  # then only those are let in who have none yet
CEILING = 16  # times as many: beyond that nobody is
KEPT = 8  # finished trainings, about 2 MB each
GRACE_S = 1.0  # a page that is drawn again takes its training up again within this
QUIET_S = 120.0  # a training that tells nothing for so long is ended: it hangs
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Event = dict[str, Any]  # Any: what JSON holds
State = Literal["waiting", "running", "done", "stopped", "failed"]
Chosen = TypeVar("Chosen", bound=Settings)


class Training(Generic[Chosen]):
    """One training and what it has told so far."""

    def __init__(self, settings: Chosen, before: "Training[Chosen] | None" = None) -> None:
        """Wait for a place.

        Args:
            settings: validated.
            before: the same training, ended before it was done; this one goes on from there.
        """
        self.settings = settings
        self.state: State = "waiting"
        self.saved = before.saved if before else None
        # An ended training is told nothing more, so that state and events fit each other.
        told = before.events[: before.saved_at] if before else []
        self.events: list[Event] = list(told)  # only ever appended to
        self.saved_at = len(self.events)
        self.error: ExplainerError | None = None  # why it failed, where the process could say so
        self.watchers = 0
        self.joined = 0  # how often somebody began to watch
        self.later: threading.Timer | None = None  # ends it where nobody watches then
        self.process: subprocess.Popen[str] | None = None
        self.heard = time.monotonic()  # when it told something last
        self.news = threading.Condition()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "stopped", "failed")

    def wait(self, seen: int, seconds: float) -> bool:
        """Wait until there is more than was seen, or it has ended.

        Args:
            seen: how many events are known.
            seconds: at most.

        Returns:
            Whether there is.
        """
        with self.news:
            return self.news.wait_for(lambda: len(self.events) > seen or self.ended, seconds)

    def tell(self, event: Event | None = None, state: State | None = None) -> None:
        """Add an event or change the state, and wake who waits; after the end nothing counts."""
        with self.news:
            self.heard = time.monotonic()
            if self.ended:
                return
            if event is not None and event["kind"] == "saved":
                self.saved, self.saved_at = event["state"], len(self.events)
            elif event is not None and event["kind"] == "failed":
                self.error = ExplainerError(tr(event["what"]), tr(event["fix"]))
            elif event is not None:
                self.events.append(event)
            if state is not None:
                self.state = state
            self.news.notify_all()


Start = Callable[[Training], subprocess.Popen[str]]


class Bench:
    """A few places for trainings, and a line in front of them."""

    def __init__(self, start: Start | None = None, at_once: int | None = None) -> None:
        """Open.

        Args:
            start: makes the process; our own where None.
            at_once: how many run at once; as many as the host has room for where None.
        """
        self._start = start or start_worker
        self._at_once = at_once or host().trainings
        self._lock = threading.RLock()
        self._line: deque[Training] = deque()
        self._running: list[Training] = []
        self._known: OrderedDict[Settings, Training[Any]] = OrderedDict()
        self._of: dict[str, Training[Any]] = {}  # what each session joined last, while it goes on

    def join(
        self, settings: Chosen, before: Training[Chosen] | None = None, session: str = ""
    ) -> Training[Chosen]:
        """Watch a training, starting it where there is none like it.

        A session has one at a time: the one before is ended, unless others have joined it.

        Args:
            settings: checked here.
            before: the caller's own training with these settings, to go on with or to go on from;
                where None, one that is known, or a new one where the settings are private.
            session: who asks; "" is somebody of whom nothing is known.

        Raises:
            ExplainerError: a field is wrong, or too many are waiting.
        """
        settings = settings.validated()
        if before is not None and before.settings != settings:
            raise ValueError(f"before is {before.settings}, expected {settings}")
        shared = not settings.private
        with self._lock:
            self._of = {name: one for name, one in self._of.items() if not one.ended}
            training = self._known.get(settings) if shared else before
            if training is None or training.state in ("stopped", "failed"):
                self._check_room(session, shared)
                training = Training(settings, before or training or self._before(settings))
                self._line.append(training)
            if shared:
                self._known[settings] = training
                self._known.move_to_end(settings)
            training.watchers += 1
            training.joined += 1
            self._hold(session, training)
            self._fill()
            return training

    def _check_room(self, session: str, shared: bool) -> None:
        """Refuse in a full line who has a training already, or of whom nothing is known."""
        has = not session or browser_of(session) in map(browser_of, self._of)
        if len(self._line) >= WAITING * (1 if has else CEILING):
            raise ExplainerError(
                tr("The lab is full: {count} trainings are waiting.", count=len(self._line)),
                tr("Choose what somebody else is training, or try again soon.")
                if shared
                else tr("Try again soon."),
            )

    def _before(self, settings: Settings) -> Training | None:
        """Return the training that one with these settings goes on from, where that is done."""
        first = self._known.get(settings.before) if settings.before is not None else None
        return first if first is not None and first.state == "done" else None

    def _hold(self, session: str, training: Training) -> None:
        """Take note of what a session joined; what it had before is ended where it alone had it."""
        old = self._of.pop(session, None)
        if session and not training.ended:
            self._of[session] = training
        if old is not None and old is not training and old not in self._of.values():
            self._end(old)

    def known(self, settings: Chosen) -> Training[Chosen] | None:
        """Return the training with these settings, whatever became of it, without starting one.

        Args:
            settings: validated; there is none where they are private.
        """
        with self._lock:
            return self._known.get(settings)

    def leave(self, training: Training, grace: float = GRACE_S) -> None:
        """Watch no longer; a training without watchers is ended after a moment.

        Args:
            training: from ``join``.
            grace: seconds.
        """
        with self._lock:
            training.watchers -= 1
            self._end_later(training, grace)

    def let_go(self, training: Training, grace: float = GRACE_S) -> None:
        """End a training soon that was left with a longer moment, unless somebody joins it again.

        Args:
            training: one that was joined and left.
            grace: seconds in which the others who watch it look in again.
        """
        with self._lock:
            self._end_later(training, grace)

    def end_own(self, training: Training) -> None:
        """End a training at once, with no moment of grace.

        Args:
            training: from ``join``; its settings are private, so that nobody else watches it.
        """
        if not training.settings.private:
            raise ValueError(f"settings are {training.settings}, expected private ones")
        with self._lock:
            if not training.ended:
                self._end(training)
                self._fill()

    def ahead(self, training: Training) -> int:
        """Return how many wait before a training.

        Args:
            training: from ``join``.
        """
        with self._lock:
            return self._line.index(training) if training in self._line else 0

    @property
    def busy(self) -> int:
        """How many trainings run or wait."""
        with self._lock:
            return len(self._running) + len(self._line)

    def close(self) -> None:
        """End everything."""
        with self._lock:
            for training in (*self._running, *self._line):
                self._end(training)

    def _end_later(self, training: Training, grace: float) -> None:
        """End a training after a moment, unless somebody watches it or has joined it by then."""
        if training.ended:
            return
        if training.later is not None:  # a page looks in often, and each timer is a thread
            training.later.cancel()
        training.later = threading.Timer(grace, self._end_unwatched, (training, training.joined))
        training.later.daemon = True
        training.later.start()

    def _end_unwatched(self, training: Training, joined: int) -> None:
        """End a training that nobody watches, nor has watched since it was joined so often."""
        with self._lock:
            if training.watchers <= 0 and training.joined == joined and not training.ended:
                self._end(training)
                self._fill()

    def _end(self, training: Training) -> None:
        if training in self._line:
            self._line.remove(training)
        training.tell(state="stopped")
        if training.process is not None:
            training.process.kill()

    def _fill(self) -> None:
        """Start whoever is next while there are places."""
        while self._line and len(self._running) < self._at_once:
            training = self._line.popleft()
            try:
                training.process = self._start(training)
            except OSError:
                training.tell(state="failed")
                continue
            training.tell(state="running")
            self._running.append(training)
            threading.Thread(target=self._follow, args=(training,), name="lab", daemon=True).start()

    def _follow(self, training: Training) -> None:
        """Take what the process says until it ends."""
        process = training.process
        assert process is not None
        assert process.stdout is not None
        self._end_where_quiet(training)
        finished = False
        with contextlib.suppress(ValueError, OSError):  # a line cut off by its end
            for line in process.stdout:
                event = json.loads(line)
                finished = event["kind"] == "done"
                training.tell(event)
        process.stdout.close()
        process.wait()
        with self._lock:
            self._running.remove(training)
            if not training.ended:
                training.tell(state="done" if finished else "failed")
            done = [one for one in self._known.values() if one.ended]
            for old in done[: max(0, len(done) - KEPT)]:
                if self._known.get(old.settings) is old:
                    del self._known[old.settings]
            self._fill()

    def _end_where_quiet(self, training: Training) -> None:
        """End a process that has told nothing for too long; look again when it could have."""
        assert training.process is not None
        if training.process.poll() is not None:
            return
        left = training.heard + QUIET_S - time.monotonic()
        if left <= 0:
            training.process.kill()
            return
        later = threading.Timer(left, self._end_where_quiet, (training,))
        later.daemon = True
        later.start()


def start_worker(training: Training) -> subprocess.Popen[str]:
    """Start a training in a process of its own, with one thread.

    Args:
        training: with what it goes on from.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", training.settings.worker],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    # Beside, because a pipe holds little, and the process reads only when it has imported torch.
    told = json.dumps({"settings": asdict(training.settings), "saved": training.saved})  # type: ignore[call-overload]  # a dataclass
    threading.Thread(target=_feed, args=(process, told), name="lab", daemon=True).start()
    return process


def _feed(process: subprocess.Popen[str], told: str) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it has ended
        process.stdin.write(told)
    with contextlib.suppress(OSError):
        process.stdin.close()


_MADE: list[Bench] = []
_MAKING = threading.Lock()


def bench() -> Bench:
    """Return the bench of this process, made when it is first asked for."""
    with _MAKING:
        if not _MADE:
            _MADE.append(Bench())
            atexit.register(_MADE[0].close)
        return _MADE[0]
