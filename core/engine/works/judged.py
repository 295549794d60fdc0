"""What the small judge takes the estimates of a run for, call by call."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from core.engine.request import FilmRequest, RunWork
from core.engine.work import BESIDE, ROWS_A_PIECE, Course, Wanted
from core.errors import ExplainerError
from core.models.catalog import BUILT_IN
from core.words import tr

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Judged:
    """What the judge says of a run.

    Attributes:
        calls: which calls of the run the rows are of, from 0; the last row is the finished
            picture, and its number that of all calls.
        shares: of each object in its belief, (len(calls), objects), float32; rows add up to 1.
        pictures: what it was shown, uint8 (len(calls), H, W, 3).
    """

    calls: tuple[int, ...]
    shares: np.ndarray
    pictures: np.ndarray


@dataclass(frozen=True, slots=True)
class JudgeWork(RunWork[Judged]):
    """The frames of a run's film, judged: what the network believed at each, and the picture.

    Only runs of the built-in model are judged: the judge has seen nothing but its objects.
    """

    rank: ClassVar[int] = BESIDE

    def _checked(self) -> dict[str, Any]:
        if self.request.model != BUILT_IN:
            raise ExplainerError(
                tr("The judge knows only what the built-in model was shown."),
                tr("Choose the built-in model to have it judge."),
            )
        return {}

    def rows(self, positions: int) -> float:
        """Return about a piece: the run and its film have rows of their own."""
        return ROWS_A_PIECE

    def wants(self) -> Wanted:
        """Return the run's film."""
        return Wanted((FilmRequest(self.request),))

    def course(self, loaded: "LoadedModel") -> Course[Judged]:
        """Have the film made, then judge all of its frames in one call."""
        import torch

        from core.models.small_judge import judge_pictures, load_small_judge

        [outcome] = yield self.wants()
        film = outcome.result()
        pictures = np.concatenate([film.x0, film.xt[-1:]])
        shares = judge_pictures(load_small_judge(), torch.from_numpy(pictures))
        calls = (*film.indices, film.indices[-1] + 1)
        return Judged(calls, shares.numpy(), pictures)
