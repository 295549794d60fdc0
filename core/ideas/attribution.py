"""Which token moved the answer: gradients, gathered along the way from one text to another."""

from collections.abc import Callable

from core.ideas.arrays import Array
from core.ideas.equation import equation


@equation(
    tex=r"a_j = (c_j - u_j) \cdot \int_0^1 \nabla_{c_j} f\bigl(u + \alpha\,(c - u)\bigr)\,d\alpha, "
    r"\qquad \sum_j a_j = f(c) - f(u)",
    source="Sundararajan et al. 2017 (Integrated Gradients), section 3; the integral is the mean "
    "over the middles of equal parts, and a token's numbers are added up",
)
def integrate_gradients(
    gradient: Callable[[Array], Array], start: Array, end: Array, parts: int
) -> Array:
    """Share out among tokens what changes between two texts.

    Args:
        gradient: of f by the text states, told states (L, D), returns (L, D).
        start: states of the text to compare with, u, (L, D).
        end: states of the text that is explained, c, (L, D).
        parts: of the way from one to the other; more come nearer to the integral.

    Returns:
        What each token accounts for, (L,); their sum comes near f(end) - f(start).

    Raises:
        ValueError: ``parts`` is below 1.
    """
    if parts < 1:
        raise ValueError(f"parts is {parts}, expected 1 or more")
    way = end - start
    slopes = [gradient(start + (part + 0.5) / parts * way) for part in range(parts)]
    return (way * sum(slopes) / parts).sum(-1)
