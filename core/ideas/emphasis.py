"""What programs do to the text states where somebody writes (word:1.3)."""

import numpy as np

from core.ideas.equation import equation

States = np.ndarray


@equation(
    tex=r"z_i' = w_i\,z_i",
    source="Stable Diffusion web UI (AUTOMATIC1111), emphasis without normalization",
)
def scale_states(states: States, weights: States) -> States:
    """Make some of the text states longer.

    Args:
        states: of the prompt, (L, D).
        weights: one a position, 1 where the text stays as it is, (L,).

    Returns:
        (L, D).
    """
    return states * weights[:, None]


@equation(
    tex=r"z_i' = w_i\,z_i\,\frac{\operatorname{mean}(z)}{\operatorname{mean}(w z)}",
    source="Stable Diffusion web UI (AUTOMATIC1111), its own emphasis",
)
def scale_and_restore(states: States, weights: States) -> States:
    """Make some states longer, then all of them shorter until their mean is as it was.

    Args:
        states: as for ``scale_states``.
        weights: as there.

    Returns:
        (L, D). Every position changes, also those that nobody weighted.
    """
    scaled = scale_states(states, weights)
    return scaled * (states.mean() / scaled.mean())


@equation(
    tex=r"z_i' = e_i + w_i\,(z_i - e_i)",
    source="ComfyUI; compel for weights above 1. e are the states of the empty prompt",
)
def away_from_empty(states: States, weights: States, empty: States) -> States:
    """Move some states away from those that no words have at the same position, as guidance does.

    Args:
        states: as for ``scale_states``.
        weights: as there.
        empty: states of the empty prompt, (L, D).

    Returns:
        (L, D).
    """
    return empty + weights[:, None] * (states - empty)
