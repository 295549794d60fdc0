"""Pictures whose guided noise is rescaled at every step: a large weight cannot blow it up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import Request, RunWork, of_model
from core.engine.work import BESIDE, Course, Decode, Outcome, Wanted, Work
from core.ideas.checks import check_real, check_whole
from core.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.ideas.prediction import Point

MOST_PICTURES = 12


@dataclass(frozen=True, slots=True)
class RescaledRun(RunWork["np.ndarray"]):
    """One whole run with guidance rescale; read as its picture, uint8 (H, W, 3).

    Attributes:
        phi: how much is rescaled, 0 to 1.
    """

    rank: ClassVar[int] = BESIDE

    phi: float

    def _checked(self) -> dict[str, Any]:
        return {"phi": check_real(self.phi, tr("rescale factor"), 0, 1)}

    def course(self, loaded: "LoadedModel") -> "Course[np.ndarray]":
        """Walk with the rescaled mix in the place of the plain one, then decode."""
        from core.engine.denoise import Guided, denoise
        from core.ideas.guidance import guide, rescale

        def mix(uncond: "Tensor", cond: "Tensor", w: float, point: "Point") -> "Tensor":
            mixed = guide(uncond, cond, w)
            return rescale(mixed, cond, self.phi) if mixed.std() > 0 else mixed

        states = loaded.states(self.request)
        steps = yield from denoise(loaded.checkpoint, self.request, states, guided=Guided(mix))
        [picture] = yield Decode([steps[-1].x_prev])
        return picture.numpy()


@dataclass(frozen=True, slots=True)
class RescaledWork(Work["tuple[np.ndarray, ...]"]):
    """Whole runs with guidance rescale; read as one picture a request, uint8 (H, W, 3).

    Attributes:
        requests: at most ``MOST_PICTURES``, all of this model.
        phi: how much is rescaled, 0 to 1.
    """

    model: str
    requests: tuple[Request, ...]
    phi: float

    def _checked(self) -> dict[str, Any]:
        check_whole(len(self.requests), tr("number of pictures"), 1, MOST_PICTURES)
        return {
            "requests": tuple(of_model(request, self.model) for request in self.requests),
            "phi": check_real(self.phi, tr("rescale factor"), 0, 1),
        }

    def wants(self) -> Wanted:
        """Return all runs; those that are there are shown meanwhile, None for the others."""
        runs = tuple(RescaledRun(self.model, request, self.phi) for request in self.requests)
        return Wanted(runs, BESIDE, _pictures)

    def course(self, loaded: object) -> "Course[tuple[np.ndarray, ...]]":
        """Have them all done."""
        found = yield self.wants()
        return tuple(outcome.result() for outcome in found)


def _pictures(found: "Sequence[Outcome | None]") -> "tuple[np.ndarray | None, ...]":
    return tuple(None if outcome is None else outcome.value for outcome in found)
