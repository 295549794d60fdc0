"""Line charts as plain SVG text, for a file that must need nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from core.views.theme import PALETTE, Kind

Scale = Callable[[float], float]
WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 26, 34


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a chart.

    Attributes:
        label: what it is.
        kind: whose colour it has.
        values: one for each call; NaN leaves a gap.
        dashed: whether it is drawn so.
    """

    label: str
    kind: Kind
    values: NDArray[np.floating]
    dashed: bool = False


def line_chart(title: str, down: str, across: str, lines: Sequence[Line]) -> str:
    """Draw curves over the calls of a run.

    Args:
        title: of the chart.
        down: what the values are, with their unit.
        across: what the places are.
        lines: at least one, each with at least one value.

    Raises:
        ValueError: no value is finite.
    """
    every = [float(value) for line in lines for value in line.values if np.isfinite(value)]
    if not every:
        raise ValueError(f"none of the {len(lines)} lines has a finite value")
    low, high = min(0.0, *every), max(0.0, *every)
    high = high if high > low else low + 1
    last = max(1, *(len(line.values) - 1 for line in lines))
    inner, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(call: float) -> float:
        return LEFT + inner * call / last

    def y(value: float) -> float:
        return TOP + tall * (high - value) / (high - low)

    parts = [f'<text class="name" x="0" y="13">{escape(title)}</text>']
    for tick in (low, (low + high) / 2, high):
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(
            f'<text x="{LEFT - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.3g}</text>'
        )
    for line in lines:
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(
            f'<path class="line" stroke="{PALETTE[line.kind]}"{dash} d="{_way(line, x, y)}"/>'
        )
    foot = HEIGHT - 4
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{foot}" text-anchor="end">{escape(across)}</text>')
    names = "".join(_key(line) for line in lines)
    said = f"{title}: {down}, {across}"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">'
        f"{''.join(parts)}</svg><figcaption>{escape(down)} {names}</figcaption></figure>"
    )


def _way(line: Line, x: Scale, y: Scale) -> str:
    way, pen = [], "M"
    for call, value in enumerate(line.values):
        if not np.isfinite(value):
            pen = "M"
            continue
        way.append(f"{pen}{x(call):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(way)


def _key(line: Line) -> str:
    style = "dashed" if line.dashed else "solid"
    return (
        f'<span class="key"><i style="border-top:3px {style} {PALETTE[line.kind]}"></i> '
        f"{escape(line.label)}</span>"
    )
