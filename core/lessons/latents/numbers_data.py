"""What latents look like as numbers: a table, and histograms against the unit Gaussian."""

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.models.latent_reading import ScaleReading
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

Latents = NDArray[np.floating]
BINS = 24
EDGE = 4.0  # histograms run from -EDGE to EDGE, what lies beyond is counted in the last bins
TALL = 240  # CSS pixels


def number_rows(latents: Latents) -> list[Row]:
    """Return one row for each channel, and one for all.

    Args:
        latents: at unit scale, (C, h, w).
    """
    named = [
        (tr("channel {index}", index=index + 1), channel) for index, channel in enumerate(latents)
    ]
    return [
        {
            tr_later("of"): name,
            tr_later("mean"): _short(values.mean()),
            tr_later("std"): _short(values.std()),
            tr_later("min"): _short(values.min()),
            tr_later("max"): _short(values.max()),
        }
        for name, values in (*named, (tr("all"), latents))
    ]


def histogram_rows(values: Latents) -> list[Row]:
    """Count numbers in bins, beside what a unit Gaussian would give.

    Args:
        values: any shape; what lies beyond the edges is counted in the last bins.
    """
    edges = np.linspace(-EDGE, EDGE, BINS + 1)
    wide = edges[1] - edges[0]
    counts, _ = np.histogram(np.clip(values, -EDGE, EDGE), edges)
    middles = edges[:-1] + wide / 2
    gaussian = np.exp(-(middles**2) / 2) / np.sqrt(2 * np.pi)
    return [
        {
            "from": round(float(edges[at]), 4),
            "to": round(float(edges[at + 1]), 4),
            "density": round(counts[at] / values.size / wide, 5),
            "middle": round(float(middles[at]), 4),
            "unit Gaussian": round(float(gaussian[at]), 5),
        }
        for at in range(BINS)
    ]


def histogram_chart(rows: list[Row], title: str, top: float) -> alt.LayerChart | alt.FacetChart:
    """Draw the rows of ``histogram_rows``.

    Args:
        rows: of one channel.
        title: what is counted.
        top: end of the density axis, so that channels can be compared.
    """
    across = alt.Scale(domain=[-EDGE, EDGE])
    up = alt.Scale(domain=[0, top])
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(color=PALETTE["latents"])
        .encode(
            x=alt.X("from:Q", title=title, scale=across),
            x2="to:Q",
            y=alt.Y("density:Q", title=tr("density"), scale=up, axis=alt.Axis(tickCount=4)),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("from:Q", title=tr("from")),
                alt.Tooltip("to:Q", title=tr("to")),
                alt.Tooltip("density:Q", title=tr("density")),
                alt.Tooltip("unit Gaussian:Q", title=tr("unit Gaussian")),
            ],
        )
    )
    line = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(color=PALETTE["noise"], strokeWidth=2.5)
        .encode(x="middle:Q", y="unit Gaussian:Q")
    )
    return alt.layer(bars, line).properties(height=TALL)


def _short(number: Any) -> float:  # Any: a numpy scalar
    return float(f"{float(number):.4g}")


def scale_rows(reading: ScaleReading) -> list[Row]:
    """Return mean and deviation of each channel over several pictures.

    Args:
        reading: from the engine.
    """
    return [
        {
            "of": tr("channel {index}", index=index + 1),
            tr_later("mean after scaling"): _short(reading.means[index]),
            tr_later("std after scaling"): _short(reading.stds[index]),
        }
        for index in range(len(reading.means))
    ]
