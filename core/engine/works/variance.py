"""What the variance of a step back is worth: fixed small, fixed large, or learned."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import MAX_SEED
from core.engine.work import Course, Progress, Work, within
from core.ideas.checks import check_whole
from core.models.catalog import BUILT_IN
from core.words import tr

if TYPE_CHECKING:
    import numpy as np

    from core.models.pixel_model import VarianceReading

STEPS = (4, 100)  # what a visitor may ask for; a thousand take a minute
HALF = 2  # every second held-out picture is measured: some of every face
EACH = 6  # faces drawn with each variance


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Variances:
    """What the three variances give.

    Attributes:
        reading: bits of every step.
        drawn: faces from the same noise, uint8 (3, EACH, S, S, 3), in the order of ``VARIANCES``.
    """

    reading: "VarianceReading"
    drawn: "np.ndarray"


@dataclass(frozen=True, slots=True)
class VarianceWork(Work[Variances]):
    """The small model of faces, whatever ``model`` is, walked with each of the three variances.

    Attributes:
        steps: of the walk.
        seed: of all noise.
    """

    weights: ClassVar[bool] = False

    model: str = BUILT_IN
    steps: int = 25
    seed: int = 0

    def _checked(self) -> dict[str, Any]:
        return {
            "steps": check_whole(self.steps, tr("number of steps"), *STEPS),
            "seed": check_whole(self.seed, tr("seed"), 0, MAX_SEED),
        }

    def course(self, loaded: object) -> Course[Variances]:
        """Measure first, then draw; one step of either is one piece."""
        from core.models.pixel_model import (
            draw_with_variances,
            load_held_out,
            load_pixel_model,
            read_variances,
        )

        total = 2 * self.steps
        yield Progress(0, total)
        model, faces = load_pixel_model(), load_held_out()[::HALF]
        measuring = read_variances(model, faces, self.steps, self.seed)
        reading = yield from within(measuring, 0, total)
        drawing = draw_with_variances(model, self.steps, EACH, self.seed)
        drawn = yield from within(drawing, self.steps, total)
        return Variances(reading, drawn)
