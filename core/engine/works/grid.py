"""A grid of pictures: its cells share U-Net calls and are shown as they are finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import Request
from core.engine.work import BESIDE, Course, Outcome, Wanted, Work
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.words import tr

if TYPE_CHECKING:
    import numpy as np

MOST_CELLS = 25


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Cell:
    """One picture of a grid, or why there is none.

    Attributes:
        request: what was asked.
        picture: uint8 (H, W, 3); None where it failed.
        calls: how often the U-Net was asked for it.
        seconds: its share of the machine's time: of every call that it shared with others as much
            as it had rows in it, and its decoding.
        stored: whether it was there already, so that ``seconds`` are all that passed while the run
            was made, other work included, and no share.
        error: why there is no picture, None otherwise.
    """

    request: Request
    picture: "np.ndarray | None" = None
    calls: int = 0
    seconds: float = 0.0
    stored: bool = False
    error: ExplainerError | None = None


Cells = tuple[Cell | None, ...]  # None: not there yet


@dataclass(frozen=True, slots=True)
class GridWork(Work[Cells]):
    """Many pictures at once; read as one ``Cell`` for every request, told as they come.

    A strip of pictures over one setting is a grid of one row: give one request for each value,
    such as ``[replace(request, guidance=w) for w in ...]``, all of one model. A request that cannot
    be run fails alone.

    Attributes:
        requests: at most ``MOST_CELLS``; equal ones are drawn once.
    """

    kept: ClassVar[bool] = False  # its runs are

    model: str
    requests: tuple[Request, ...]

    def _checked(self) -> dict[str, Any]:  # each cell is checked when its turn comes
        check_whole(len(self.requests), tr("number of pictures"), 1, MOST_CELLS)
        if any(request.model != self.model for request in self.requests):
            raise ExplainerError(
                tr("A grid has one model."), tr("Choose the same model for all pictures.")
            )
        return {}

    def wants(self) -> Wanted:
        """Return all pictures, each a run like any other."""
        return Wanted(self.requests, BESIDE, self._cells)

    def course(self, loaded: object) -> "Course[Cells]":
        """Have all pictures drawn."""
        found = yield self.wants()
        return self._cells(found)

    def _cells(self, found: Sequence[Outcome | None]) -> Cells:
        cells: dict[Request, Cell | None] = {}
        for request, outcome in zip(self.requests, found, strict=True):
            if request not in cells:
                cells[request] = None if outcome is None else _cell(request, outcome)
        return tuple(cells[request] for request in self.requests)


def _cell(request: Request, outcome: Outcome) -> Cell:
    if outcome.error is not None:
        return Cell(request, calls=outcome.calls, error=outcome.error)
    run, stored = outcome.value, outcome.spent is None
    seconds = run.seconds if outcome.spent is None else outcome.spent
    return Cell(run.request, run.picture, run.calls, seconds, stored)
