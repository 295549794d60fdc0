"""What can be chosen in the lab of points; imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from core.engine.request import MAX_SEED
from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real, check_switch, check_whole
from core.words import tr, tr_later

STEPS = 4_000
MOST_STEPS = 20_000
SHAPES = (
    tr_later("two moons"),
    tr_later("rings"),
    tr_later("spiral"),
    tr_later("letters"),
    "drawn",
)
DRAWN = SHAPES[-1]
FLOW, NOISE, STRAIGHT = "flow", "noise", "straightened"  # what the network learns to name
FEWEST_DRAWN, MOST_DRAWN = 8, 600
EDGE = 2.5  # of the plane that points lie on, either way
SHOWN = 600  # points of a shape that are shown
WALKERS = 120  # points whose ways are shown
FULL = 4.0  # the largest noise that the browser is told of, either way

Point = tuple[float, float, int]  # place, and 0 or 1: which class


@dataclass(frozen=True, slots=True)
class PointSettings:
    """What can be chosen; two equal settings train the same network.

    Attributes:
        shape: one of ``SHAPES``.
        classes: whether the network is told which class a point is of.
        seed: of weights, points and noise.
        steps: of training.
        points: those that were drawn, where ``shape`` says so.
        goal: what it learns: ``NOISE``; the velocity of a ``FLOW``; ``STRAIGHT`` is a flow that is
            trained for as many steps again, on pairs that it made itself.
    """

    worker: ClassVar[str] = "core.labs.points_worker"
    private: ClassVar[bool] = False

    shape: str = SHAPES[0]
    classes: bool = True
    seed: int = 0
    steps: int = STEPS
    points: tuple[Point, ...] = ()
    goal: str = NOISE

    @property
    def before(self) -> "PointSettings | None":
        """The training that this one goes on from, where somebody has done it already."""
        return replace(self, goal=FLOW) if self.goal == STRAIGHT else None

    @property
    def in_all(self) -> int:
        """How many steps the training has with those before it."""
        return self.steps * (2 if self.goal == STRAIGHT else 1)

    def validated(self) -> "PointSettings":
        """Return the settings with every field checked."""
        shape = check_choice(self.shape, tr("shape"), list(SHAPES))
        points = check_points(self.points) if shape == DRAWN else ()
        if shape == DRAWN and len(points) < FEWEST_DRAWN:
            raise ExplainerError(
                tr("There are {count} points.", count=len(points)),
                tr("Draw at least {fewest} on the plane.", fewest=FEWEST_DRAWN),
            )
        return PointSettings(
            shape,
            check_switch(self.classes, tr("switch for the classes")),
            check_whole(self.seed, tr("seed"), 0, MAX_SEED),
            check_whole(self.steps, tr("number of steps"), 1, MOST_STEPS),
            points,
            check_choice(self.goal, tr("goal of the training"), (FLOW, NOISE, STRAIGHT)),
        )


def check_points(points: object) -> tuple[Point, ...]:
    """Return points that a browser told of, each checked.

    Args:
        points: rows of two places and a class.

    Raises:
        ExplainerError: they are not.
    """
    if not isinstance(points, Sequence) or isinstance(points, str) or len(points) > MOST_DRAWN:
        raise ExplainerError(
            tr("These points cannot be used."),
            tr("Draw again, at most {most} points.", most=MOST_DRAWN),
        )
    return tuple(_point(row) for row in points)


def _point(row: object) -> Point:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != 3:
        raise ExplainerError(
            tr("A point is not two places and a class."), tr("Draw the points again.")
        )
    x, y = (check_real(value, tr("place of a point"), -EDGE, EDGE) for value in row[:2])
    return x, y, check_whole(row[2], tr("class of a point"), 0, 1)
