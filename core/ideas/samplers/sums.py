"""What all samplers have in common: a step is a sum, in which latents and answers have weights."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from core.ideas.arrays import Array
from core.ideas.equation import equation
from core.ideas.samplers.walk import Number

Kind = Literal["x", "corrected", "x0", "eps", "v", "z"]


@dataclass(frozen=True, slots=True)
class Term:
    """One product of a sum.

    Attributes:
        kind: what is weighed: the latents, the latents as a corrector has changed them, the guess
            of the clean ones, the noise seen, the velocity seen, or fresh noise.
        call: the network call that it belongs to; 0 is the run's first.
        weight: what it is multiplied by.
        tex: how the weight comes about, LaTeX.
    """

    kind: Kind
    call: int
    weight: float
    tex: str


@dataclass(frozen=True, slots=True)
class Line:
    """One sum of a scheduler step; a step that corrects or asks twice has two.

    Attributes:
        tex: the symbol of what it gives, LaTeX.
        functions: those with the formulas that give the weights, the sum's own first.
        terms: what is added up.
        numbers: what the weights are made of.
        lands: the call that is asked about what it gives, or how many calls there are where the
            run ends with it; None for latents that nothing is asked about.
    """

    tex: str
    functions: tuple[Callable[..., Any], ...]  # Any: functions with different arguments
    terms: tuple[Term, ...]
    numbers: tuple[Number, ...]
    lands: int | None


@equation(
    tex=r"x' = a\,x + \sum_j b_j\,m_j + c\,z",
    source="what the steps of all samplers here share: weights that depend on noise levels alone; "
    "m are answers of the network",
)
def add_up(parts: Iterable[tuple[float, Array]]) -> Array:
    """Add what is weighed.

    Args:
        parts: weights, and what has them: arrays of one shape, or plain numbers.
    """
    return sum(weight * thing for weight, thing in parts)
