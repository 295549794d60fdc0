"""The class that this process is open for: who may in, what is set for all, what all may see.

Whoever starts a class (``python -m core class``) tells the server its code, and a digest of the
teacher's token, in an environment variable; the token itself never gets here. All the rest is one
frozen record, swapped under one lock: it lives in memory and ends with the process. Without the
variable there is no class, and nothing here does anything.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

VARIABLE = "GLASSBOX_CLASS"
JOIN = "join"  # the parameter of a link that holds the code
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is taken for something else
CODE, TOKEN = 6, 20  # letters: 30 and 100 bits
BOARD = 24  # pictures
EACH = 3  # of one pupil
MOST_BYTES = 60_000  # of a picture on the board
MOST_TEXT = 300  # characters of a prompt on the board
HIDDEN = 512  # pictures that stay off the board
NAMES = 600
FIRST = """
    amber brave bright calm clever cosmic curious daring eager gentle golden happy honest jolly keen
    kind lively lucky mellow merry misty nimble noble polite proud quick quiet rapid shiny silent
    silver smart snowy steady sunny swift tidy velvet warm witty
"""
SECOND = """
    badger beaver bison crane cricket dolphin falcon ferret finch fox gecko heron ibis jackdaw koala
    lark lemur lynx magpie marten mole moth newt octopus orca otter owl panda parrot puffin quail
    raven robin salmon seal sparrow swan tiger turtle wren
"""

Setting = tuple[str, str | int]  # of the running example: field and value


@dataclass(frozen=True, slots=True)
class Opening:
    """What whoever starts a class tells the server.

    Attributes:
        code: lets pupils in.
        digest: of the teacher's token.
        address: where pupils find the app, such as "http://192.168.1.5:8501".
    """

    code: str
    digest: str
    address: str

    @property
    def link(self) -> str:
        """The link that brings a pupil in."""
        return f"{self.address}/?{JOIN}={self.code}"

    def to_json(self) -> str:
        """Return it as the variable holds it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where the teacher has everybody look.

    Attributes:
        page: its address below the app's, "" is the front page.
        query: parameters of its link.
        number: another one each time.
    """

    page: str
    query: tuple[tuple[str, str], ...]
    number: int


@dataclass(frozen=True, slots=True)
class Pinned:
    """A picture on the board.

    Attributes:
        name: of the pupil.
        run: tells one run from another.
        prompt: as typed; never Markdown, never HTML.
        picture: a small WebP.
        number: another one each time.
    """

    name: str
    run: str
    prompt: str
    picture: bytes
    number: int


@dataclass(frozen=True, slots=True)
class State:
    """All that a class shares.

    Attributes:
        settings: of the running example, set for everybody: field and value.
        locked: whether pupils cannot change these.
        closed: pages that pupils cannot open, by their addresses.
        turn: counts the changes of those three.
        pointed: where everybody is asked to look.
        board: newest first.
        hidden: names and runs that stay off the board, oldest first.
    """

    settings: tuple[Setting, ...] = ()
    locked: bool = False
    closed: frozenset[str] = frozenset()
    turn: int = 0
    pointed: Pointed | None = None
    board: tuple[Pinned, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()


class Classroom:
    """One class; safe to share between threads."""

    def __init__(self, opening: Opening) -> None:
        """Open.

        Args:
            opening: by whoever started it.
        """
        self.opening = opening
        self._lock = threading.Lock()
        self._state = State()
        self._pupils: dict[str, Callable[[], bool]] = {}  # whether they are there, by name
        self._numbers = 0

    @property
    def state(self) -> State:
        """What is shared now."""
        return self._state

    def admits(self, code: str) -> bool:
        """Return whether this is the class's code, however it is spelled."""
        return hmac.compare_digest(read_letters(code), self.opening.code)

    def knows(self, token: str) -> bool:
        """Return whether this is the teacher's token, in the same time for any that is wrong."""
        return hmac.compare_digest(digest(token), self.opening.digest)

    def new_name(self, there: Callable[[], bool]) -> str:
        """Return a name that nobody else of the class has.

        Args:
            there: whether the pupil is still there, now and later.
        """
        with self._lock:
            names = [f"{first} {second}" for first in FIRST.split() for second in SECOND.split()]
            name = secrets.choice([name for name in names if name not in self._pupils])
            self._pupils[name] = there
            if len(self._pupils) > NAMES:
                del self._pupils[next(iter(self._pupils))]
            return name

    def present(self) -> int:
        """Return how many pupils are there."""
        with self._lock:
            pupils = tuple(self._pupils.values())
        return sum(there() for there in pupils)

    def set_rules(
        self, settings: tuple[Setting, ...], locked: bool, closed: frozenset[str]
    ) -> None:
        """Set for everybody what to begin with, or what must not be changed, and the pages."""
        with self._lock:
            turn = self._state.turn + 1
            self._state = replace(
                self._state, settings=settings, locked=locked, closed=closed, turn=turn
            )

    def point(self, page: str, query: tuple[tuple[str, str], ...]) -> None:
        """Ask everybody to look somewhere.

        Args:
            page: its address below the app's.
            query: parameters of its link.
        """
        with self._lock:
            self._state = replace(self._state, pointed=Pointed(page, query, self._next()))

    def point_nowhere(self) -> None:
        """Ask nobody to look anywhere."""
        with self._lock:
            self._state = replace(self._state, pointed=None)

    def pin(self, name: str, run: str, prompt: str, picture: bytes) -> bool:
        """Put a picture on the board, unless it is there, was hidden, or is too large.

        Args:
            name: of the pupil, who has asked for it.
            run: tells one run from another.
            prompt: as typed.
            picture: a WebP.

        Returns:
            Whether it is on the board now.
        """
        with self._lock:
            state = self._state
            if any((one.name, one.run) == (name, run) for one in state.board):
                return True
            if len(picture) > MOST_BYTES or (name, run) in state.hidden or name not in self._pupils:
                return False
            own = [one for one in state.board if one.name == name][EACH - 1 :]
            others = tuple(one for one in state.board if one not in own)
            pinned = Pinned(name, run, prompt[:MOST_TEXT], picture, self._next())
            self._state = replace(state, board=(pinned, *others)[:BOARD])
            return True

    def withdraw(self, name: str) -> None:
        """Take all of a pupil's pictures off the board."""
        with self._lock:
            left = tuple(one for one in self._state.board if one.name != name)
            self._state = replace(self._state, board=left)

    def hide(self, number: int) -> None:
        """Take a picture off the board for good.

        Args:
            number: of the picture; one that is gone already changes nothing.
        """
        with self._lock:
            self._hide(tuple(one for one in self._state.board if one.number == number))

    def clear_board(self) -> None:
        """Take everything off the board for good."""
        with self._lock:
            self._hide(self._state.board)

    def clear(self) -> None:
        """Begin anew: nothing is set, all pages are open, the board is empty; pupils stay."""
        with self._lock:
            self._hide(self._state.board)
            self._state = State(turn=self._state.turn + 1, hidden=self._state.hidden)

    def _hide(self, gone: tuple[Pinned, ...]) -> None:
        left = tuple(one for one in self._state.board if one not in gone)
        hidden = (*self._state.hidden, *((one.name, one.run) for one in gone))[-HIDDEN:]
        self._state = replace(self._state, board=left, hidden=hidden)

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers


def draw_letters(count: int) -> str:
    """Return so many random letters, for a code or a token."""
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def read_letters(text: str) -> str:
    """Return the letters of a code or a token that somebody typed, however it was spelled."""
    return "".join(letter for letter in text[:200].upper() if letter in LETTERS)


def digest(token: str) -> str:
    """Return what tells whether a token is right, and does not tell the token."""
    return hashlib.sha256(read_letters(token).encode("ascii")).hexdigest()


_lock = threading.Lock()
_found: list[Classroom | None] = []


def classroom() -> Classroom | None:
    """Return the class that this process is open for, None where it is open for none.

    Raises:
        ValueError: the variable cannot be read; nobody is let in then.
    """
    if not _found:
        with _lock:
            if not _found:
                _found.append(_read())
    return _found[0]


def _read() -> Classroom | None:
    told = os.environ.get(VARIABLE)
    if told is None:
        return None
    try:
        opened = Classroom(Opening(**json.loads(told)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{VARIABLE} cannot be read") from error
    del os.environ[VARIABLE]  # no process that is started from here gets to know it
    return opened
