"""From timesteps to noise levels: where every step of DDIM and DDPM starts, and where it ends.

The two differ in the library. DDPM's step ends at the next timestep of the list; DDIM's ends one
stride of T // N further down, which is not always the next in the list.
"""

import numpy as np


def pair_with_next(
    timesteps: np.ndarray, alpha_bar: np.ndarray, last: float = 1.0
) -> list[tuple[float, float]]:
    """Pair every timestep's level with that of the next one in the list, as DDPM does.

    Args:
        timesteps: whole numbers, (N,), falling.
        alpha_bar: signal power left at every training timestep, (T,).
        last: level that the last step ends at; 1 is clean.

    Returns:
        For every step, alpha_bar now and after it.
    """
    levels = [float(alpha_bar[int(t)]) for t in timesteps]
    return list(zip(levels, [*levels[1:], last], strict=True))


def pair_with_stride(
    timesteps: np.ndarray, alpha_bar: np.ndarray, last: float = 1.0
) -> list[tuple[float, float]]:
    """Pair every timestep's level with that of T // N timesteps further down, as DDIM does.

    Args:
        timesteps: whole numbers, (N,), falling.
        alpha_bar: signal power left at every training timestep, (T,).
        last: level of a step that goes below t = 0: 1 is clean; Stable Diffusion's config
            (set_alpha_to_one = false) wants that of t = 0.

    Returns:
        For every step, alpha_bar now and after it.
    """
    stride = len(alpha_bar) // len(timesteps)
    pairs = []
    for t in (int(t) for t in timesteps):
        after = float(alpha_bar[t - stride]) if t >= stride else last
        pairs.append((float(alpha_bar[t]), after))
    return pairs
