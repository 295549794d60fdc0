"""How a model draws in few calls, for pictures while you type: the one place that names the way."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.models import turbo
from core.models.catalog import BUILT_IN
from core.models.loras import Chosen, check_loras, offered_loras


@dataclass(frozen=True, slots=True)
class FewSteps:
    """A way from noise to picture that is short enough to follow the hand; fields of a request.

    Attributes:
        steps: scheduler steps.
        guidance: weight w; at 1 every call has one row in place of two.
        scheduler: short name.
        loras: that it needs, beside those of the request.
    """

    steps: int
    guidance: float
    scheduler: str
    loras: tuple[Chosen, ...] = ()


PLAIN = FewSteps(4, 1.0, "ddim")
# How people call what was distilled for few calls: nothing in a checkpoint or a LoRA says it.
_DISTILLED = re.compile(r"lcm|tcd|turbo|hyper-?sd|lightning", re.IGNORECASE)


def few_steps(model: str) -> FewSteps:
    """Return how a model draws in few calls: the built-in one with the LoRA distilled from it.

    Args:
        model: the checkpoint's id in the catalog.
    """
    name = turbo.FOLDER.name
    if model != BUILT_IN or name not in offered_loras():
        return PLAIN
    return FewSteps(4, 1.0, "lcm", check_loras([(name, 1.0)]))


def draws_in_few_steps(model: str, loras: Iterable[Chosen]) -> bool:
    """Whether what few calls draw is worth a look: with a LoRA for it, or distilled weights.

    Args:
        model: the checkpoint's id in the catalog.
        loras: of the run, beside those of ``few_steps``.
    """
    return distilled(model, (*few_steps(model).loras, *loras))


def distilled(model: str, loras: Iterable[Chosen]) -> bool:
    """Whether a run's network was distilled for few calls, so that LCM and TCD suit it.

    Args:
        model: the checkpoint's id in the catalog.
        loras: of the run; one of strength 0 is none.
    """
    names = (model, *(one.name for one in loras if one.strength))
    return any(_DISTILLED.search(name) for name in names)
