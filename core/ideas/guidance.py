"""Classifier-free guidance: two answers of one network, and the line through both."""

from typing import TypeVar

from core.ideas.equation import equation

Array = TypeVar("Array")  # a torch tensor, a numpy array or a float: the arithmetic is the same


@equation(
    tex=r"\hat\epsilon = \epsilon_\varnothing + w\,(\epsilon_c - \epsilon_\varnothing)",
    source="Ho & Salimans 2022 (classifier-free guidance), eq. 6; our w is their w + 1",
)
def guide(eps_uncond: Array, eps_cond: Array, w: float) -> Array:
    """Walk from the answer without the prompt through the answer with it, and on.

    Args:
        eps_uncond: the network's answer for the negative (or empty) prompt, any shape.
        eps_cond: its answer for the prompt, same shape.
        w: guidance weight; 0 forgets the prompt, 1 is the prompt alone, more goes beyond it.

    Returns:
        The guided answer, same shape.
    """
    # Any: plus, minus and times are all that is asked of the three kinds of array.
    return eps_uncond + w * (eps_cond - eps_uncond)  # type: ignore[operator]
