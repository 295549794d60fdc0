"""Work for the engine: what is asked, and what it asks for on its way; imports no torch.

A work is a frozen dataclass. Its ``course`` is a generator: it yields what it needs, is
sent the answer, and returns the result. Whoever drives courses answers them, many at once; what can
share a call of a network does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar

from core.errors import ExplainerError
from core.models.catalog import find_entry
from core.models.loras import Chosen

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.loading import Checkpoint

Result = TypeVar("Result", covariant=True)

# Who goes first: what somebody waits to see, then whole runs beside a picture, then films.
SEEN, BESIDE, FILM = range(3)
ROWS_A_PIECE = 4  # a piece of work or a decoded picture takes about as long as so many U-Net rows
SMALL_A_ROW = 4  # so many pictures of a small decoder take about as long as one row


class Progress(NamedTuple):
    """How far a work is, said before every piece of it; nothing is answered.

    Attributes:
        done: pieces done.
        total: pieces in all.
        so_far: a part of the result to look at meanwhile, never changed afterwards.
    """

    done: int
    total: int
    so_far: Any = None  # Any: each work has its own


@dataclass(frozen=True, slots=True, eq=False)
class CallRow:
    """One sample of a U-Net call: latents (C, H, W), timestep, text states (L, D).

    ``how`` is None where any rows may share the call; ``last`` is a question's row of the prompt;
    ``loras`` are those that the U-Net answers it with.
    """

    latents: "Tensor"
    t: float
    states: "Tensor"
    how: "How | None" = None
    last: bool = True
    loras: tuple[Chosen, ...] = ()


class How(Protocol):
    """Asking the U-Net otherwise than plainly: such rows share no call with those of others."""

    def ask(self, checkpoint: "Checkpoint", rows: Sequence[CallRow]) -> "Tensor":
        """Answer some or all rows of one question, one float32 CPU entry for each."""
        ...


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class NoiseQuery:
    """What the U-Net must be asked: how much noise is in these latents, given these words?

    Answered by one row for each text state, (len(states), C, H, W) float32 on the CPU, or by what
    ``how`` gives in their place.

    Attributes:
        latents: (1, C, H, W) float32 on the CPU, at unit scale.
        t: their timestep; between two whole timesteps for some schedulers.
        states: text states of the negative prompt and the prompt, (2, L, D); (1, L, D) without
            guidance.
        progress: of the whole run, its steps so far told with it; None tells nothing.
        how: how to ask; None is plainly.
        loras: what the U-Net answers with; rows with others, or with none, may share the call.
    """

    latents: "Tensor"
    t: float
    states: "Tensor"
    progress: Progress | None = None
    how: How | None = None
    loras: tuple[Chosen, ...] = ()

    @property
    def calls(self) -> int:
        """How many questions the whole run has."""
        return 0 if self.progress is None else self.progress.total

    @property
    def last(self) -> Any | None:  # Any: a Step, whose module imports torch
        """The step that led here, None at the first question."""
        return self.progress.so_far[-1] if self.progress and self.progress.so_far else None


@dataclass(frozen=True, slots=True, eq=False)
class Decode:
    """Latents for the autoencoder, answered by a list of pictures, uint8 (height, width, 3).

    Attributes:
        latents: each (C, H, W) at unit scale.
        progress: as for ``NoiseQuery``.
        small: whether the model's small decoder answers; it has one then.
    """

    latents: "Sequence[Tensor]"
    progress: Progress | None = None
    small: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a work that another one wanted.

    Attributes:
        value: the result; None where it failed.
        error: why it failed, None otherwise.
        calls: how often the U-Net was asked, as far as it came.
        spent: seconds of the machine that were its own, of shared calls its share; None where the
            result was there already.
    """

    value: Any  # Any: the work's own result
    error: ExplainerError | None = None
    calls: int = 0
    spent: float | None = None

    def result(self) -> Any:  # Any: as above
        """Return the result; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.value


def _nothing(_: Sequence[Outcome | None]) -> None:
    """Show nothing; it has a name so that it can be pickled."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Other works, done as if somebody had asked for each; answered by an ``Outcome`` for each.

    Attributes:
        works: all of one model with the work that wants them.
        rank: one of SEEN, BESIDE, FILM.
        show: turns the outcomes so far, None where there is none, into what is shown meanwhile.
    """

    works: "tuple[Work[Any], ...]"  # Any: each has its own result
    rank: int = SEEN
    show: Callable[[Sequence[Outcome | None]], Any] = _nothing


Question = NoiseQuery | Decode | Wanted
# Any: the answer is of the question's own kind, None to a Progress.
Course = Generator[Question | Progress, Any, Result]


class Work(ABC, Generic[Result]):
    """Something to compute; a frozen dataclass. Equal works are done once, for whoever waits.

    Attributes:
        model: the checkpoint's id in the catalog.
        weights: whether the model must be in memory; ``course`` is given None otherwise.
        rank: who goes first, one of SEEN, BESIDE, FILM.
        kept: whether the result is kept for those who ask later.
        goes_on: whether one that was given up is set aside for a while, in case it is asked again.
    """

    __slots__ = ()
    model: str
    weights: ClassVar[bool] = True
    rank: ClassVar[int] = SEEN
    kept: ClassVar[bool] = True
    goes_on: ClassVar[bool] = False

    def validated(self) -> Self:
        """Return the work with every field checked and in its canonical form.

        Raises:
            ExplainerError: a field is wrong.
        """
        checked = {**self._checked(), "model": find_entry(self.model).id}
        return replace(self, **checked)  # type: ignore[type-var]  # a dataclass

    def _checked(self) -> dict[str, Any]:  # Any: each field has its own type
        """Return what ``validated`` has to put in the place of fields, by their names."""
        return {}

    def wants(self) -> "Wanted | None":
        """Return the other works that its course yields before all else, None where it does not.

        So whoever sends a work elsewhere can have those done first.
        """
        return None

    @abstractmethod
    def course(self, loaded: Any) -> Course[Result]:  # Any: a LoadedModel; None without weights
        """Do the work; between two yields others have a turn.

        Args:
            loaded: the model, to be left as it was found.

        Raises:
            ExplainerError: the model cannot do it.
        """

    def rows(self, positions: int) -> float:
        """Return about how many U-Net rows it takes, of a picture of so many latent positions."""
        run = getattr(self, "request", None)
        return ROWS_A_PIECE if run is None else run.rows(positions)

    def timed(self, result: Any, seconds: float) -> Any:  # Any: its own result
        """Return the result with the time it took written into it, where it has a place for that.

        Args:
            result: what ``course`` returned.
            seconds: from the first piece to the last, as lived through: what the machine did for
                others meanwhile is in it.
        """
        return result


def within(part: Generator[Any, Any, Result], start: int, total: int) -> Course[Result]:
    """Do a part of longer work, its pieces counted among those of the whole.

    Args:
        part: yields pieces done and pieces in all, questions, or both; what it returns is returned.
        start: pieces of the whole that come before it.
        total: pieces of the whole.
    """
    answer = None
    while True:
        try:
            asked = part.send(answer)
        except StopIteration as end:
            return end.value
        answer = yield Progress(start + asked[0], total) if isinstance(asked, tuple) else asked
