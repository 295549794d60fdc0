"""Noise levels of one's own: spacings to begin with, their chart, and where they would lead."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from core.ideas.beta_spacing import space_beta
from core.ideas.interpolation import sigma_at_timestep
from core.ideas.spacings import (
    space_exponential,
    space_karras,
    space_leading,
    space_linspace,
    space_trailing,
)
from core.views.numbers import count, percent
from core.views.theme import PALETTE
from core.words import tr, tr_later, tr_many

Spacing = Callable[[int, np.ndarray, float], np.ndarray]
TALL = 300  # CSS pixels
SMALLEST = 0.005  # sigma that the log axis still shows; 0 is drawn here

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


def own_chart(curves: Mapping[str, tuple[Sequence[float], float]], ink: str) -> Any:
    """Draw noise levels over the calls, a dot each; the last of the curves stands out.

    Args:
        curves: sigmas of the calls and where the run ends, by what to call them.
        ink: of the first.

    Returns:
        A layered chart; altair types it as several.
    """
    names = list(curves)
    inks = [ink, PALETTE["time"]]
    values = [
        {
            "of": name, "calls": call, "sigma": sigma, "drawn": max(sigma, SMALLEST),
            "is": tr("call") if call < len(sigmas) else tr("end"),
        }
        for name, (sigmas, end) in curves.items()
        for call, sigma in enumerate([*sigmas, end])
    ]  # fmt: skip
    base = alt.Chart(alt.InlineData(values=values))
    dots = base.mark_point(size=34, filled=False).encode(
        x="calls:Q", y="drawn:Q", color="of:N",
        fill=alt.condition(alt.datum["is"] == tr("call"), "of:N", alt.value("transparent")),
    )  # fmt: skip
    lines = (
        base.mark_line()
        .encode(
            x=alt.X(
                "calls:Q", title=tr("U-Net calls made"),
                axis=alt.Axis(grid=False, tickMinStep=1),
            ),
            y=alt.Y(
                "drawn:Q", title=tr("sigma (log scale; 0 at the bottom)"),
                scale=alt.Scale(type="log", domainMin=SMALLEST, nice=False),
                axis=alt.Axis(values=[0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], format="~g"),
            ),
            color=alt.Color(
                "of:N", title=None, scale=alt.Scale(domain=names, range=inks),
                legend=alt.Legend(orient="top"),
            ),
            strokeWidth=alt.condition(
                alt.datum.of == names[-1], alt.value(3.0), alt.value(1.5)
            ),
            tooltip=[
                alt.Tooltip("of:N", title=tr("of")),
                alt.Tooltip("calls:Q", title=tr("calls")),
                alt.Tooltip("is:N", title=tr("is")),
                alt.Tooltip("sigma:Q", format=".4f"),
            ],
        )
    )  # fmt: skip
    return (lines + dots).properties(height=TALL)


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
