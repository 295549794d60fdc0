"""Statistics of the latents: a table, and each channel against the unit Gaussian."""

from functools import partial
from typing import Any

import streamlit as st

from core.ideas.picture_likeness import psnr, ssim
from core.lessons.latents.numbers_data import histogram_chart, histogram_rows, number_rows
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.ui.made import chart
from core.ui.picture_source import Source
from core.ui.tables import as_table, show_table
from core.words import tr, tr_later

FORMULAS = (psnr, ssim)

A_ROW = 4
HEADROOM = 1.08  # above the highest bar


def show(_source: Source, _facts: LatentFacts, reading: PictureReading) -> None:
    """Show how the numbers of each channel are spread.

    Args:
        reading: from the engine.
    """
    rows = number_rows(reading.mean)
    for start in range(0, len(reading.mean), A_ROW):
        for column, index in zip(st.columns(A_ROW), range(start, len(reading.mean)), strict=False):
            column.altair_chart(
                chart(("histogram", reading, index), partial(_histogram, reading, index)),
                key=f"histogram_{index}",
                alt=tr("How often each number comes in channel {index}, with the unit Gaussian "
                "as a line", index=index + 1),
            )  # fmt: skip
    as_table(
        lambda: [
            {tr_later("channel"): index + 1, **row}
            for index, channel in enumerate(reading.mean)
            for row in histogram_rows(channel)
        ],
        "histograms",
        tr("How often each number comes in every channel"),
    )
    st.markdown(
        tr(
            "**Grey is the unit Gaussian**, which a run starts from. One picture need not look "
            "like it, and all pictures together share its width, not its shape. The channels are "
            "learned: they are not red, green, blue and opacity."
        )
    )
    show_table(rows, "latents", tr("Every channel in numbers"))


def _histogram(reading: PictureReading, channel: int) -> Any:  # Any: altair's types of a layer
    counted = [histogram_rows(one) for one in reading.mean]
    top = HEADROOM * max(float(str(row["density"])) for one in counted for row in one)
    return histogram_chart(counted[channel], tr("channel {index}", index=channel + 1), top)
