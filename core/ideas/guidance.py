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


@equation(
    tex=r"\hat\epsilon_\phi = \phi\,\frac{\operatorname{std}(\epsilon_c)}"
    r"{\operatorname{std}(\hat\epsilon)}\,\hat\epsilon + (1-\phi)\,\hat\epsilon",
    source="Lin et al. 2023 (Common Diffusion Noise Schedules and Sample Steps are Flawed), "
    "section 3.4, eq. 14 to 16; applied to the network's output, whatever it predicts",
)
def rescale(eps_guided: Array, eps_cond: Array, phi: float) -> Array:
    """Give a guided answer the spread of the answer with the prompt, wholly or in part.

    Args:
        eps_guided: from ``guide``, (B, ...); a torch tensor or a numpy array.
        eps_cond: the network's answer for the prompt, same shape.
        phi: 0 leaves the guided answer as it is, 1 takes the spread over; the paper likes 0.7.

    Returns:
        The rescaled answer, same shape; each sample has a factor of its own.
    """
    # Any: torch and numpy share these names, and no common type.
    axes = tuple(range(1, eps_guided.ndim))  # type: ignore[attr-defined]
    spread = eps_guided.std(axis=axes, keepdims=True)  # type: ignore[attr-defined]
    wanted = eps_cond.std(axis=axes, keepdims=True)  # type: ignore[attr-defined]
    return (phi * (wanted / spread) + (1 - phi)) * eps_guided  # type: ignore[operator]


@equation(
    tex=r"\Delta_\parallel = \frac{\langle\Delta,\hat x_c\rangle}{\langle\hat x_c,\hat x_c\rangle}"
    r"\,\hat x_c,\qquad \Delta_\perp = \Delta - \Delta_\parallel",
    source="Sadat et al. 2024 (Adaptive Projected Guidance), section 4, on guesses of x0",
)
def split_change(change: Array, answer: Array) -> tuple[Array, Array]:
    """Split what guidance adds along and across the answer with the prompt.

    Args:
        change: answer with the prompt less the one without, (B, ...).
        answer: with the prompt, same shape, no sample all zeros; torch or numpy.

    Returns:
        The part along it, and the part across, shaped alike; they add up to the change.
    """
    # Any: torch and numpy share these names, and no common type.
    axes = tuple(range(1, answer.ndim))  # type: ignore[attr-defined]
    shared = (change * answer).sum(axis=axes, keepdims=True)  # type: ignore[operator]
    own = (answer * answer).sum(axis=axes, keepdims=True)  # type: ignore[operator]
    along = shared / own * answer
    return along, change - along


@equation(
    tex=r"\hat x = \hat x_c + (w-1)\,(\Delta_\perp + \eta\,\Delta_\parallel)",
    source="Sadat et al. 2024 (Adaptive Projected Guidance), without its momentum and bound",
)
def guide_projected(x0_uncond: Array, x0_cond: Array, w: float, eta: float) -> Array:
    """Guide with less of what only makes the prompt's answer stronger.

    Args:
        x0_uncond: estimate of the picture without the prompt, (B, ...).
        x0_cond: with it, same shape.
        w: guidance weight.
        eta: how much of the part along the prompt's answer is kept; 1 is plain guidance.

    Returns:
        The guided estimate, same shape.
    """
    along, across = split_change(x0_cond - x0_uncond, x0_cond)  # type: ignore[operator]
    return x0_cond + (w - 1) * (across + eta * along)  # type: ignore[operator]
