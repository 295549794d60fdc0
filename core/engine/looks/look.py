"""Reading something off a model that is no picture: one class for each thing that can be read."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel

Reading = TypeVar("Reading", covariant=True)

# Yields (pieces done, pieces in all) before every piece: there others have a turn. What is read so
# far may follow as a third part, for whoever waits to see; it is never changed afterwards.
Work = Generator[tuple[int, int] | tuple[int, int, Any], None, Reading]  # Any: a part of a Reading


class Look(ABC, Generic[Reading]):
    """A question to a model that belongs to the engine's thread; a frozen dataclass.

    Equal looks are answered together. Importing one imports no torch: ``read`` does, in the
    engine's thread.

    Attributes:
        model: the checkpoint's id in the catalog.
    """

    __slots__ = ()
    model: str

    @abstractmethod
    def validated(self) -> Self:
        """Return the look with every field checked and in its canonical form.

        Raises:
            ExplainerError: a field is wrong.
        """

    @abstractmethod
    def read(self, loaded: "LoadedModel") -> Work[Reading]:
        """Answer, piece by piece: between two pieces other people's pictures go on.

        Args:
            loaded: the model, to be left as it was found.

        Raises:
            ExplainerError: the model cannot be read in this way.
        """


def within(work: Work[Reading], start: int, total: int) -> Work[Reading]:
    """Do work as a part of longer work.

    Args:
        work: the part.
        start: pieces of the whole that come before it.
        total: pieces of the whole.

    Yields:
        The part's pieces, counted among those of the whole.

    Returns:
        What the part returns.
    """
    while True:
        try:
            done, *_ = next(work)
        except StopIteration as end:
            return end.value
        yield start + done, total


def finish(work: Work[Reading]) -> Reading:
    """Do work to its end, and return what it returns.

    Args:
        work: begun or not.
    """
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
