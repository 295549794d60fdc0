"""A run that is guided at some of its calls alone, or with less of what only adds strength."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import RunWork
from core.engine.work import BESIDE, Course, Decode
from core.ideas.checks import check_real, check_whole
from core.words import tr

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.ideas.prediction import Point

MOST_CALLS = 1000


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class GuidedRun:
    """The end of such a run.

    Attributes:
        picture: uint8 (H, W, 3).
        calls: questions to the U-Net.
        rows: rows in them: two where guidance asked, one where it did not.
    """

    picture: "np.ndarray"
    calls: int
    rows: int


@dataclass(frozen=True, slots=True)
class GuidedWork(RunWork[GuidedRun]):
    """One run, guided from one call to another.

    Attributes:
        first: call from which guidance is on, 1 is the first.
        last: the last one at which it is on.
        along: share of the part along the prompt's answer that is kept; 1 is plain guidance.
    """

    rank: ClassVar[int] = BESIDE

    first: int
    last: int
    along: float = 1.0

    def _checked(self) -> dict[str, Any]:
        first = check_whole(self.first, tr("first guided call"), 1, MOST_CALLS)
        return {
            "first": first,
            "last": check_whole(self.last, tr("last guided call"), first, MOST_CALLS),
            "along": check_real(self.along, tr("share kept along the answer"), 0, 1),
        }

    def course(self, loaded: "LoadedModel") -> "Course[GuidedRun]":
        """Ask about the negative prompt where guidance is on, and nowhere else."""
        from core.engine.denoise import Guided, denoise, mix_plainly
        from core.ideas.guidance import guide_projected
        from core.ideas.prediction import eps_from_x0

        def project(uncond: "Tensor", cond: "Tensor", w: float, point: "Point") -> "Tensor":
            x0 = guide_projected(point.clean(uncond), point.clean(cond), w, self.along)
            return point.output(eps_from_x0(point.xt, x0, point.alpha_bar), x0)

        def asks(index: int) -> bool:
            return self.first <= index + 1 <= self.last

        mix = mix_plainly if self.along == 1 else project
        states = loaded.states(self.request)
        steps = yield from denoise(
            loaded.checkpoint, self.request, states, guided=Guided(mix, asks)
        )
        [picture] = yield Decode([steps[-1].x_prev])
        rows = sum(1 if step.eps_uncond is None else 2 for step in steps)
        return GuidedRun(picture.numpy(), len(steps), rows)
