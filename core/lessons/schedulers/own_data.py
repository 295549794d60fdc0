"""Noise levels of one's own: spacings to begin with, their chart, and where they would lead."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from core.engine.works.own_sigmas import OwnSigmasWork
from core.ideas.beta_spacing import space_beta
from core.ideas.interpolation import sigma_at_timestep
from core.ideas.picture_likeness import apart
from core.ideas.spacings import (
    space_exponential,
    space_karras,
    space_leading,
    space_linspace,
    space_trailing,
)
from core.views.lesson import Asked, Live, choose
from core.views.numbers import count, percent
from core.views.tables import Row
from core.words import tr, tr_later, tr_many

Spacing = Callable[[int, np.ndarray, float], np.ndarray]

SPACINGS: dict[str, Spacing] = {
    "Karras": lambda n, levels, rho: space_karras(n, levels[0], levels[-1], rho),
    tr_later("exponential"): lambda n, levels, _: space_exponential(n, levels[0], levels[-1]),
    "beta": lambda n, levels, _: space_beta(n, levels[0], levels[-1]),
    "linspace": lambda n, levels, _: _at(space_linspace(n, len(levels)), levels),
    "leading": lambda n, levels, _: _at(space_leading(n, len(levels)), levels),
    "trailing": lambda n, levels, _: _at(space_trailing(n, len(levels)), levels),
}


def spaced(name: str, steps: int, levels: np.ndarray, rho: float) -> list[float]:
    """Return noise levels to begin with, and 0 at the end.

    Args:
        name: one of ``SPACINGS``.
        steps: how many of them, without the 0.
        levels: the checkpoint's noise levels, (T,), rising.
        rho: for Karras' rule.
    """
    return [*(float(f"{sigma:.5g}") for sigma in SPACINGS[name](steps, levels, rho)), 0.0]


def ask_where_it_ends(live: Live) -> Asked:
    """Ask what becomes of a picture whose levels end before 0, and draw it both ways."""
    run = live.run.request
    falling = [float(sigma) for sigma in live.run.sigmas if sigma > 1] or [2.0]
    walks = [OwnSigmasWork(run.model, run, (*falling, 1.0, *end)) for end in ((), (0.0,))]
    far = apart(*(live.read(walk).picture for walk in walks))
    said = tr(
        "Drawn just now down to σ = 1 and once more from there to 0, by Euler: on average the two "
        "pictures are {far:.0f} of 255 apart",
        far=far,
    )
    noisy, clear = tr("noise is left in it"), tr("as clean as ever")
    left = tr("{said}. At σ = 1 noise and picture are equally strong, and after the last level "
              "nobody takes any away.", said=said)  # fmt: skip
    gone = tr("The network names the noise, it does not remove it: how much goes is what the "
              "levels say. {said}.", said=said)  # fmt: skip
    return choose(
        tr("You draw noise levels that end at σ = 1, not at 0. What does the picture look like?"),
        noisy if far > 1 else clear,
        (noisy, left),
        (clear, gone),
        (tr("only paler"), tr("Noise is not a veil over the picture. {said}.", said=said)),
    )


class SigmasData(TypedDict):
    """Noise levels to be drawn by hand, beside a scheduler's.

    Attributes:
        own: falling, the end included.
        theirs: of the scheduler's calls, and where its run ends.
        names: what to call theirs and these.
        hue: of theirs.
        twice: whether the sampler asks twice a step.
        low: the least noise that the model was trained with.
        high: the most.
    """

    own: list[float]
    theirs: list[float]
    names: list[str]
    hue: str
    twice: bool
    low: float
    high: float


def level_rows(data: SigmasData, sampler: str) -> list[Row]:
    """Return the noise levels of all calls and both ends, as a table has them.

    Args:
        data: what is drawn.
        sampler: who walks these levels.
    """
    own = [*calls_of(data["own"], sampler), data["own"][-1]]
    return [
        {tr_later("of"): name, tr_later("calls"): call, "sigma": sigma,
         tr_later("is"): tr("call") if call < len(sigmas) - 1 else tr("end")}
        for name, sigmas in zip(data["names"], (data["theirs"], own), strict=True)
        for call, sigma in enumerate(sigmas)
    ]  # fmt: skip


def calls_of(sigmas: Sequence[float], sampler: str) -> list[float]:
    """Return the noise level of every U-Net call that walks noise levels.

    Args:
        sigmas: falling, the end included.
        sampler: Heun's asks a second time where each step lands, but for the last.
    """
    begun = list(sigmas[:-1])
    if sampler != "heun":
        return begun
    return [begun[0], *(sigma for sigma in begun[1:] for _ in range(2))]


def say_below_one(sigmas: Sequence[float]) -> str:
    """Say how many of the noise levels lie where the picture is stronger than the noise.

    Args:
        sigmas: of the U-Net calls; the level that the run ends at is asked about by nobody.
    """
    visited = [sigma for sigma in sigmas if sigma > 0]  # at 0 the U-Net is not asked either
    below = sum(sigma < 1 for sigma in visited)
    return tr_many(
        below,
        "{count} of {calls} ({share}) lies below σ = 1",
        "{count} of {calls} ({share}) lie below σ = 1",
        calls=count(len(visited), "call"),
        share=percent(below / len(visited)),
    )


def _at(timesteps: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.asarray(sigma_at_timestep(timesteps, levels))


def edited(begun: Sequence[float], changes: Mapping[str, Any]) -> list[object]:
    """Return a table's only column with what was changed in it by hand.

    Args:
        begun: as the table began.
        changes: as Streamlit tells them: "edited_rows", "deleted_rows" and "added_rows".
    """
    levels: list[object] = list(begun)
    for row, told in changes["edited_rows"].items():
        levels[int(row)] = told.get("sigma", levels[int(row)])
    kept = [level for row, level in enumerate(levels) if row not in changes["deleted_rows"]]
    return [*kept, *(told.get("sigma") for told in changes["added_rows"])]


def in_order(levels: Sequence[object]) -> list[float] | None:
    """Return noise levels from the highest down; None where one is no number, which is told then.

    Args:
        levels: in any order: a new row comes after the last 0.
    """
    numbers = [float(one) for one in levels if isinstance(one, int | float) and one == one]
    return sorted(numbers, reverse=True) if len(numbers) == len(levels) else None
