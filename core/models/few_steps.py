"""How a model draws in few calls, for pictures while you type: the one place that names the way."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FewSteps:
    """A way from noise to picture that is short enough to follow the hand; fields of a request.

    Attributes:
        steps: scheduler steps.
        guidance: weight w; at 1 every call has one row in place of two.
        scheduler: short name.
    """

    steps: int
    guidance: float
    scheduler: str


PLAIN = FewSteps(4, 1.0, "ddim")


def few_steps(model: str) -> FewSteps:
    """Return how a model draws in few calls.

    Args:
        model: the checkpoint's id in the catalog.
    """
    return PLAIN
