"""The timestep embedding: one number, t, becomes a row of sines and cosines.

Every pair (sin, cos) is the hand of a clock; the first clock goes round in 6.3 steps, the last
one in tens of thousands. Together the hands tell the network what time it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.ideas.equation import equation

MAX_DIM = 16_384  # far above any real network; more would only fill the memory


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """How a timestep is embedded; the defaults are Stable Diffusion 1.x's.

    Attributes:
        dim: how many numbers one timestep becomes; an odd one ends with a zero.
        max_period: P, sets the slowest clock: 2 pi P steps for one turn at most, while
            ``freq_shift`` is 1 or less and P above 1.
        flip_sin_to_cos: cosines first (Stable Diffusion) or sines first (DDPM).
        freq_shift: delta, taken off d/2 in the exponent; 1 makes the slowest turn exactly 2 pi P.
        scale: factor on every angle.
    """

    dim: int = 320
    max_period: float = 10_000.0
    flip_sin_to_cos: bool = True
    freq_shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse settings that give no finite embedding.

        Raises:
            ValueError: a setting is out of range; the message has both got and expected.
        """
        if isinstance(self.dim, bool) or not isinstance(self.dim, int):
            raise ValueError(f"dim is {self.dim!r}, expected a whole number")
        if not 2 <= self.dim <= MAX_DIM:
            raise ValueError(f"dim is {self.dim}, expected 2 to {MAX_DIM}")
        if not (math.isfinite(self.max_period) and self.max_period > 0):
            raise ValueError(f"max_period is {self.max_period}, expected a finite number above 0")
        if not math.isfinite(self.scale):
            raise ValueError(f"scale is {self.scale}, expected a finite number")
        half = self.dim // 2
        if not math.isfinite(self.freq_shift) or self.freq_shift == half:
            raise ValueError(f"freq_shift is {self.freq_shift}, expected any number but {half}")
        largest_power = max(0.0, -(half - 1) / (half - self.freq_shift) * math.log(self.max_period))
        if largest_power > 80.0:  # e^80 turns per step says nothing about t
            raise ValueError(
                f"freq_shift is {self.freq_shift} with max_period {self.max_period}, expected "
                "settings whose frequencies stay finite"
            )


STABLE_DIFFUSION = EmbeddingSettings()


@equation(
    tex=r"\omega_i = s\,P^{-i/(d/2-\delta)},\qquad i = 0,\dots,d/2-1",
    source="Vaswani et al. 2017, section 3.5 (P = 10,000, delta = 0, s = 1); Ho et al. 2020's "
    "code has delta = 1",
)
def compute_frequencies(settings: EmbeddingSettings = STABLE_DIFFUSION) -> np.ndarray:
    """Compute how far each clock hand turns in one step.

    Args:
        settings: how timesteps are embedded.

    Returns:
        Angles per step, (dim // 2,), radians, fastest first.
    """
    half = settings.dim // 2
    power = -np.arange(half) / (half - settings.freq_shift)
    return settings.scale * np.exp(power * math.log(settings.max_period))


@equation(tex=r"T_i = \frac{2\pi}{|\omega_i|}", source="Vaswani et al. 2017, section 3.5, in words")
def compute_periods(settings: EmbeddingSettings = STABLE_DIFFUSION) -> np.ndarray:
    """Compute how many steps each clock hand needs for one turn.

    Args:
        settings: how timesteps are embedded.

    Returns:
        Periods, (dim // 2,), in steps, fastest first; infinite where ``scale`` is 0.
    """
    with np.errstate(divide="ignore"):
        return 2 * np.pi / np.abs(compute_frequencies(settings))


def count_unfinished(settings: EmbeddingSettings = STABLE_DIFFUSION, steps: int = 1000) -> int:
    """Count the clock hands that never go round once in all timesteps.

    Args:
        settings: how timesteps are embedded.
        steps: how many timesteps there are.

    Returns:
        Pairs whose period is longer than ``steps``: 71 of 160 for Stable Diffusion 1.x.
    """
    return int(np.count_nonzero(compute_periods(settings) > steps))


@equation(
    tex=r"e(t) = \bigl[\cos(\omega_0 t),\dots,\cos(\omega_{d/2-1} t),\ "
    r"\sin(\omega_0 t),\dots,\sin(\omega_{d/2-1} t)\bigr]",
    source="Vaswani et al. 2017, section 3.5; there sines and cosines alternate, here they stand "
    "in two halves, cosines first as in Stable Diffusion (sines first as in DDPM)",
)
def embed_timesteps(
    t: float | Sequence[float] | np.ndarray, settings: EmbeddingSettings = STABLE_DIFFUSION
) -> np.ndarray:
    """Turn timesteps into rows of cosines and sines.

    Args:
        t: timesteps, (T,) or a single one; fractions are fine.
        settings: how they are embedded.

    Returns:
        Embeddings, (T, dim), every value in [-1, 1].

    Raises:
        ValueError: ``t`` is not a row of finite numbers.
    """
    times = np.atleast_1d(np.asarray(t, dtype=np.float64))
    if times.ndim != 1 or not np.all(np.isfinite(times)):
        raise ValueError(f"t is {t!r}, expected one finite number or a row of them")
    angles = times[:, None] * compute_frequencies(settings)[None, :]  # (T, dim // 2)
    halves = [np.sin(angles), np.cos(angles)]
    if settings.flip_sin_to_cos:
        halves.reverse()
    padding = np.zeros((len(times), settings.dim % 2))  # one zero where dim is odd
    return np.concatenate([*halves, padding], axis=1)


@equation(
    tex=r"\frac{e(t)\cdot e(s)}{\lVert e(t)\rVert\,\lVert e(s)\rVert}"
    r" = \frac{2}{d}\sum_i \cos\bigl(\omega_i\,(t-s)\bigr)",
    source="cos a cos b + sin a sin b = cos(a - b), pair by pair; every e(t) has length "
    "sqrt(d/2). Vaswani et al. 2017, section 3.5, say why it matters",
)
def compare_embeddings(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Measure how alike timesteps look to the network, from -1 to 1.

    Args:
        one: an embedding, (dim,), or several, (S, dim).
        others: embeddings to compare with, (T, dim).

    Returns:
        Cosine similarity, (T,) or (S, T); it depends only on how far apart the timesteps are.
    """
    lengths = np.linalg.norm(one, axis=-1, keepdims=True) * np.linalg.norm(others, axis=-1)
    return one @ others.T / lengths
