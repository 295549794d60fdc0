"""What all samplers share: what they ask, what one of their steps looks like, and its numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.ideas.arrays import Array
from core.words import tr

Predict = Callable[[Array, float], Array]
"""The network: the noise it sees in unit-scale latents x_t where alpha_bar of the signal is left.

Called once per network call, from the noisiest level down. What needs the timestep itself counts
the calls along its own list.
"""


@dataclass(frozen=True, slots=True)
class SamplerStep:
    """One step of a run.

    Attributes:
        step: index, running up from 0.
        x: latents before the step, at the sampler's own scale.
        eps: the noise predicted in them.
        x_next: latents after the step, at the sampler's own scale.
        coefficients: every number of the step, one of the samplers' frozen dataclasses.
    """

    step: int
    x: Array
    eps: Array
    x_next: Array
    coefficients: Any  # each sampler has its own dataclass; list_numbers reads them all


@dataclass(frozen=True, slots=True)
class Number:
    """One coefficient of a step as a calculator shows it."""

    name: str
    tex: str
    meaning: str
    value: float


def describe(tex: str, meaning: str) -> Mapping[str, str]:
    """Describe a coefficient where it is declared.

    Args:
        tex: its symbol, LaTeX without dollar signs.
        meaning: what it is, in a few words.

    Returns:
        Metadata for ``dataclasses.field``.
    """
    return {"tex": tex, "meaning": meaning}


def list_numbers(coefficients: Any) -> list[Number]:  # Any: one of the samplers' dataclasses
    """List every coefficient of a step with its symbol, meaning and value.

    Args:
        coefficients: what a sampler's ``*_coefficients`` function returned.

    Returns:
        One entry per coefficient, in the order of the formula.
    """
    return [
        Number(
            name=part.name,
            tex=part.metadata["tex"],
            meaning=tr(part.metadata["meaning"]),
            value=float(getattr(coefficients, part.name)),
        )
        for part in fields(coefficients)
    ]
