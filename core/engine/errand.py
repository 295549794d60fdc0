"""What a pool and its replicas tell each other, and a work as a replica does it; no torch.

Orders go to a replica in their order, news come back in theirs. Both can be pickled. A work that is
given to a replica has a number there, which is never used again for anything else.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from core.engine.work import Course, Decode, How, NoiseQuery, Outcome, Progress, Question, Wanted
from core.engine.work import Work as AnyWork
from core.errors import ExplainerError


class Give(NamedTuple):
    """Do a work, once it is held.

    Attributes:
        number: of the work; one that was given up is taken up again by its number.
        work: validated.
        known: what became of the works that it wants, of each time that it wants some.
    """

    number: int
    work: AnyWork[Any]  # Any, here and below: a result, which nobody minds on the way
    known: tuple[tuple[Outcome, ...], ...] = ()


class Hold(NamedTuple):
    """Know who waits for a work; where nobody does, it is given up.

    Attributes:
        number: of the work.
        sessions: who waits.
        rank: who goes first, see ``Work``.
    """

    number: int
    sessions: tuple[str, ...]
    rank: int


class Warm(NamedTuple):
    """Bring a model into memory, in the place of the one that is there."""

    model: str


class Fit(NamedTuple):
    """Fit the colours of the model for previews, once a run is under way."""


Order = Give | Hold | Warm | Fit


class Up(NamedTuple):
    """The replica has started, with nothing in memory and nothing to do."""


class Gone(NamedTuple):
    """The replica has died with all that it had."""


class Ready(NamedTuple):
    """A model is in memory.

    Attributes:
        model: its id.
        stamp: all that decides its results beside the work.
        rows: of the U-Net that fill one call.
        positions: of the latents of a picture of its own size.
    """

    model: str
    stamp: str
    rows: int
    positions: int


class Unready(NamedTuple):
    """A model could not be loaded, and none is in memory."""

    model: str
    error: ExplainerError


class Fitted(NamedTuple):
    """The colours of a model are there, a ColorMap; None where they cannot be had."""

    model: str
    colors: Any  # Any: its module imports torch


class Paced(NamedTuple):
    """How long a turn of the U-Net takes there of late: seconds, and of how many rows."""

    rows: float
    seconds: float


class Told(NamedTuple):
    """What a work asks or tells now, without what is heavy in it, see ``lightened``.

    Attributes:
        number: of the work.
        asked: a question's tensors have their shapes alone.
        start: how many entries of ``so_far`` were told before and are left out; None where it is
            whole.
    """

    number: int
    asked: Question | Progress
    start: int | None


class Ended(NamedTuple):
    """A work has ended there.

    Attributes:
        number: of the work.
        outcome: its value is the result, or a ``Wanted`` that is to be done elsewhere: the work is
            then given again with what became of it.
    """

    number: int
    outcome: Outcome


News = Up | Gone | Ready | Unready | Fitted | Paced | Told | Ended


class Errand(AnyWork[Any]):
    """A work as a replica does it: what it wants is looked up, or handed back to the pool.

    Courses are deterministic, so that one that is begun anew comes to the same place again.
    """

    kept = False
    rank: int  # of this one, and of no class
    weights: bool
    goes_on: bool

    def __init__(self, given: Give, rank: int, tell: Callable[[int, Any], None]) -> None:
        """Take over what decides how the work is treated.

        Args:
            given: the work, its number, and what is known.
            rank: who goes first.
            tell: is told the number and what the work asks or tells.
        """
        self.given, self._tell = given, tell
        self.model, self.rank = given.work.model, rank
        self.weights, self.goes_on = given.work.weights, given.work.goes_on

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Errand) and self.given.number == other.given.number

    def __hash__(self) -> int:
        return hash(self.given.number)

    def validated(self) -> "Errand":
        """Return the errand: its work was validated before it was given."""
        return self

    def course(self, loaded: Any) -> Course[Any]:
        """Do the work; returns its result, or the ``Wanted`` of which nothing is known here."""
        course, known = self.given.work.course(loaded), list(self.given.known)
        answer: Any = None  # Any: of the question's own kind
        try:
            while True:
                if isinstance(answer, Exception):
                    asked = course.throw(answer)
                else:
                    asked = course.send(answer)
                if not isinstance(asked, Wanted):
                    self._tell(self.given.number, asked)
                    answer = yield from _answered(asked)
                elif known:
                    answer = known.pop(0)
                else:
                    return asked
        except StopIteration as end:
            return end.value
        finally:
            course.close()

    def rows(self, positions: int) -> float:
        """Return what its work takes."""
        return self.given.work.rows(positions)

    def timed(self, result: Any, seconds: float) -> Any:
        """Return the result as its work has it timed."""
        return result if isinstance(result, Wanted) else self.given.work.timed(result, seconds)


def _answered(asked: Question | Progress) -> Course[Any]:
    """Yield one thing; returns its answer, or the error that came in its place."""
    try:
        return (yield asked)
    except Exception as error:  # whatever it is, it is the work's own to deal with
        return error


class _Otherwise(NamedTuple):
    """Stands for a ``How``: that a question is not asked plainly is all that is told of it."""

    def ask(self, checkpoint: Any, rows: Any) -> Any:  # Any: nobody comes here
        raise TypeError("this question was told, not asked")


def lightened(asked: Question | Progress, start: int | None) -> Question | Progress:
    """Return what a work asks or tells without what only the answer needs.

    Args:
        asked: by the work's course; no ``Wanted``.
        start: how many entries of ``so_far`` are left out.
    """
    progress = asked if isinstance(asked, Progress) else getattr(asked, "progress", None)
    if progress is not None and start is not None:
        progress = progress._replace(so_far=progress.so_far[start:])
    if isinstance(asked, NoiseQuery):
        how: How | None = None if asked.how is None else _Otherwise()
        return NoiseQuery(_shape(asked.latents), asked.t, _shape(asked.states), progress, how)
    if isinstance(asked, Decode):
        return replace(asked, latents=[_shape(one) for one in asked.latents], progress=progress)
    assert isinstance(progress, Progress)
    return progress


def completed(told: Told, before: Any) -> Question | Progress:
    """Return what was told with the entries of ``so_far`` that were told before."""
    asked, start = told.asked, told.start
    progress = asked if isinstance(asked, Progress) else getattr(asked, "progress", None)
    if progress is None or start is None:
        return asked
    progress = progress._replace(so_far=before[:start] + progress.so_far)
    return progress if isinstance(asked, Progress) else replace(asked, progress=progress)  # type: ignore[call-arg]


def _shape(tensor: Any) -> Any:  # Any: a torch Tensor, which this file does not import
    """Return a tensor of the same shape that holds one number."""
    return tensor.new_zeros(()).expand(tensor.shape)
