"""Pictures whose guided noise is rescaled at every step: a large weight cannot blow it up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from core.engine.request import Request, of_model
from core.engine.work import BESIDE, Course, Decode, Outcome, Wanted, Work
from core.ideas.checks import check_real, check_whole
from core.models.catalog import find_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel

MOST_PICTURES = 12


@dataclass(frozen=True, slots=True)
class RescaledRun(Work["np.ndarray"]):
    """One whole run with guidance rescale; read as its picture, uint8 (H, W, 3).

    Attributes:
        model: the checkpoint's id in the catalog.
        request: of this model.
        phi: how much is rescaled, 0 to 1.
    """

    rank: ClassVar[int] = BESIDE

    model: str
    request: Request
    phi: float

    def validated(self) -> Self:
        """Return the run with every field checked."""
        phi = check_real(self.phi, "rescale factor", 0, 1)
        return type(self)(self.model, of_model(self.request, self.model), phi)

    def course(self, loaded: "LoadedModel") -> "Course[np.ndarray]":
        """Walk with the rescaled mix in the place of the plain one, then decode."""
        from core.engine.denoise import denoise
        from core.ideas.guidance import guide, rescale

        def guided(uncond: "Tensor", cond: "Tensor", w: float) -> "Tensor":
            mixed = guide(uncond, cond, w)
            return rescale(mixed, cond, self.phi) if mixed.std() > 0 else mixed

        states = loaded.states(self.request)
        steps = yield from denoise(loaded.checkpoint, self.request, states, guided=guided)
        [picture] = yield Decode([steps[-1].x_prev])
        return picture.numpy()


@dataclass(frozen=True, slots=True)
class RescaledLook(Work["tuple[np.ndarray, ...]"]):
    """Whole runs with guidance rescale; read as one picture a request, uint8 (H, W, 3).

    Attributes:
        model: the checkpoint's id in the catalog.
        requests: at most ``MOST_PICTURES``, all of this model.
        phi: how much is rescaled, 0 to 1.
    """

    model: str
    requests: tuple[Request, ...]
    phi: float

    def validated(self) -> Self:
        """Return the look with every field checked."""
        check_whole(len(self.requests), "number of pictures", 1, MOST_PICTURES)
        requests = tuple(of_model(request, self.model) for request in self.requests)
        phi = check_real(self.phi, "rescale factor", 0, 1)
        return type(self)(find_entry(self.model).id, requests, phi)

    def course(self, loaded: object) -> "Course[tuple[np.ndarray, ...]]":
        """Want them all; those that are there are shown meanwhile, None for the others."""
        runs = tuple(RescaledRun(self.model, request, self.phi) for request in self.requests)
        found = yield Wanted(runs, BESIDE, _pictures)
        return tuple(outcome.result() for outcome in found)


def _pictures(found: "Sequence[Outcome | None]") -> "tuple[np.ndarray | None, ...]":
    return tuple(None if outcome is None else outcome.value for outcome in found)
