"""What the points' network has learned, used without torch: its field, and paths through it.

The network is a list of layers; the samplers are those of ``core.ideas.samplers``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from core.ideas.activations import silu
from core.ideas.arrays import Array, Numbers
from core.ideas.flow import measure_detour, walk_flow
from core.ideas.guidance import guide
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.prediction import to_unit_scale
from core.ideas.samplers.ddim import sample_ddim
from core.ideas.samplers.ddpm import sample_ddpm
from core.ideas.samplers.euler import sample_euler
from core.ideas.samplers.heun import sample_heun
from core.ideas.samplers.levels import pair_with_next
from core.ideas.samplers.walk import SamplerStep
from core.ideas.schedules import accumulate_alpha_bar, make_scaled_linear_betas
from core.ideas.spacings import space_trailing
from core.ideas.timestep import EmbeddingSettings, embed_timesteps

WIDTH, HIDDEN, TIME = 96, 3, 32  # numbers a layer; hidden layers; numbers that say the time
# A place is told by waves as well, as the time is: plain coordinates are learned too slowly.
# Source: Tancik et al. 2020 (Fourier Features), section 5.
WAVES = (0.5, 1.0, 2.0)  # turns over one unit of the plane
PLACE = 2 + 4 * len(WAVES)  # numbers that say the place
NO_CLASS, CLASSES = 2, 3  # 0 and 1 are classes, 2 says none
ALPHA_BAR = accumulate_alpha_bar(make_scaled_linear_betas())  # Stable Diffusion's own schedule
CLOCK = embed_timesteps(np.arange(len(ALPHA_BAR)), EmbeddingSettings(dim=TIME)).astype(np.float32)
SHARES = np.linspace(0, 1, len(ALPHA_BAR))  # of noise: the times of a flow, told by the same clock
SIZES = (PLACE + TIME + CLASSES, *[WIDTH] * HIDDEN, 2)


def say_place(
    x: Array, cos: Callable[[Array], Array], sin: Callable[[Array], Array]
) -> list[Array]:
    """Return what the network is told of places: themselves, and waves over the plane.

    Args:
        x: points, (B, 2).
        cos: numpy's or torch's.
        sin: the same library's.

    Returns:
        Arrays of two columns, ``PLACE`` columns in all.
    """
    turns = [2 * np.pi * wave * x for wave in WAVES]
    return [x, *(wave(turn) for turn in turns for wave in (cos, sin))]


def answer(layers: Sequence[Array], x: Array, bend: Callable[[Array], Array]) -> Array:
    """Run the network: the same lines for numpy arrays and for torch tensors.

    Args:
        layers: weights (in, out) and biases (out,), by turns.
        x: noisy points with their time and class, (B, PLACE + TIME + CLASSES).
        bend: between two layers, SiLU.

    Returns:
        The noise in every point, or its velocity, (B, 2).
    """
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        x = bend(x @ weight + bias)
    return x @ layers[-2] + layers[-1]


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Field:
    """A trained network and how it is asked.

    Attributes:
        layers: as ``answer`` takes them.
        label: the class asked for, or ``NO_CLASS``.
        w: guidance weight; 1 is none.
    """

    layers: tuple[Numbers, ...]
    label: int = NO_CLASS
    w: float = 1.0

    def named(self, x: Array, t: int) -> Array:
        """Name what it was trained to name, guided towards the class that was asked for.

        Args:
            x: noisy points at unit scale, or of a flow's straight mix, (B, 2).
            t: their timestep, or the number of their share of noise in ``SHARES``.
        """
        wanted = self._ask(x, t, self.label)
        if self.label == NO_CLASS or self.w == 1:
            return wanted
        return guide(self._ask(x, t, NO_CLASS), wanted, self.w)

    def predict(self, x: Array, alpha_bar: float) -> Array:
        """Answer a sampler, which knows the noise level and not the timestep.

        Args:
            x: noisy points at unit scale, (B, 2).
            alpha_bar: one of the schedule's.
        """
        return self.named(x, int(np.abs(ALPHA_BAR - alpha_bar).argmin()))

    def velocity(self, z: Array, s: float) -> Array:
        """Answer a flow's walk.

        Args:
            z: points of the straight mix, (B, 2).
            s: their share of noise, in [0, 1].
        """
        return self.named(z, round(s * (len(SHARES) - 1)))

    def _ask(self, x: Array, t: int, label: int) -> Array:
        rows = np.empty((len(x), SIZES[0]), np.float32)
        rows[:, :PLACE] = np.concatenate(say_place(x, np.cos, np.sin), axis=1)
        rows[:, PLACE:-CLASSES] = CLOCK[t]
        rows[:, -CLASSES:] = np.eye(CLASSES, dtype=np.float32)[label]
        return answer(self.layers, rows, silu)


def sample(
    field: Field, sampler: str, steps: int, start: Numbers, seed: int = 0
) -> NDArray[np.float32]:
    """Walk points from noise to data.

    Args:
        field: names the noise; the velocity for ``FLOWING``.
        sampler: "DDPM", "DDIM", "Euler" or "Heun"; ``FLOWING`` is Euler's method along a flow.
        steps: how many.
        start: noise from N(0, 1), (n, 2): the same for every sampler.
        seed: of the fresh noise that DDPM adds.

    Returns:
        Where the points are before every step and at the end, at unit scale, (steps + 1, n, 2).
    """
    if sampler == FLOWING:
        return np.stack(list(walk_flow(field.velocity, start, steps))).astype(np.float32)
    times = space_trailing(steps, len(ALPHA_BAR))
    pairs = pair_with_next(times, ALPHA_BAR)
    levels = np.array([before for before, _ in pairs] + [1.0])
    sigmas = sigma_from_alpha_bar(levels)
    scaled = start * (1 + np.asarray(sigmas)[0] ** 2) ** 0.5  # these walk x0 + sigma eps
    draw = np.random.default_rng([seed, 1])  # not what the start may have been drawn with
    fresh = [draw.standard_normal(start.shape) for _ in range(steps - 1)]
    walks: dict[str, Callable[[], Iterator[SamplerStep]]] = {
        "DDPM": lambda: sample_ddpm(field.predict, start, pairs, [*fresh, 0.0]),
        "DDIM": lambda: sample_ddim(field.predict, start, pairs, [0.0] * steps),
        "Euler": lambda: sample_euler(field.predict, scaled, list(np.asarray(sigmas))),
        "Heun": lambda: sample_heun(field.predict, scaled, list(np.asarray(sigmas))),
    }
    walked = list(walks[sampler]())
    places = [step.x for step in walked] + [walked[-1].x_next]
    if sampler in ("Euler", "Heun"):
        places = [to_unit_scale(x, s) for x, s in zip(places, np.asarray(sigmas), strict=True)]
    return np.stack(places).astype(np.float32)


SAMPLERS = ("DDPM", "DDIM", "Euler", "Heun")
FLOWING = "flow"


def nearest(points: Array, data: Array) -> Numbers:
    """Measure how far each point is from the nearest of the data.

    Args:
        points: (n, 2).
        data: (m, 2).

    Returns:
        Distances, (n,).
    """
    apart = np.asarray(points)[:, None] - np.asarray(data)[None]  # (n, m, 2)
    return np.sqrt((apart**2).sum(-1)).min(1).astype(np.float32)


COUNTS = (1, 2, 4, 8, 50)  # of steps, for which it is measured how near what is drawn comes


class Reach(TypedDict):
    """How near a network comes to the data.

    Attributes:
        apart: of what it draws in ``COUNTS`` steps to the nearest of the data, on average.
        missed: of the data to the nearest of what it draws.
        detour: its ways in the most steps over straight lines.
    """

    apart: list[float]
    missed: list[float]
    detour: float


def measure_reach(field: Field, sampler: str, noise: Numbers, data: Numbers) -> Reach:
    """Measure how near a network comes to the data in few steps and in many.

    Args:
        field: whom to ask.
        sampler: as for ``sample``.
        noise: to begin with, (n, 2).
        data: that it learned from, (m, 2).
    """
    walks = [sample(field, sampler, steps, noise) for steps in COUNTS]
    return {
        "apart": [float(nearest(walk[-1], data).mean()) for walk in walks],
        "missed": [float(nearest(data, walk[-1]).mean()) for walk in walks],
        "detour": measure_detour(walks[-1]),
    }
