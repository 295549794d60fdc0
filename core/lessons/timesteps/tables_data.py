"""The timestep embedding as rows: its clocks, the presets, and every number for a file."""

import io

import numpy as np

from core.ideas.timestep import (
    EmbeddingSettings,
    compute_frequencies,
    compute_periods,
    count_unfinished,
    embed_timesteps,
)
from core.ideas.timestep_presets import PRESETS
from core.lessons.timesteps.map_data import alike_by_distance
from core.views.tables import Row
from core.words import tr, tr_later

APART = 100  # timesteps; the presets are compared at this distance


def clock_rows(settings: EmbeddingSettings, train_steps: int) -> list[Row]:
    """Return one row for each pair of a cosine and a sine.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.
    """
    frequencies, periods = compute_frequencies(settings), compute_periods(settings)
    return [
        {
            tr_later("pair"): pair,
            tr_later("radians a timestep"): float(f"{frequency:.6g}"),
            tr_later("timesteps a turn"): float(f"{period:.6g}"),
            tr("turns in {train_steps:,} timesteps", train_steps=train_steps): float(
                f"{train_steps / period:.4g}"
            ),
            tr_later("goes round"): tr("no") if period > train_steps else tr("yes"),
        }
        for pair, (frequency, period) in enumerate(zip(frequencies, periods, strict=True))
    ]


def say_unfinished(settings: EmbeddingSettings, train_steps: int) -> str:
    """Say how many clocks never go round, counted.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.
    """
    never, clocks = count_unfinished(settings, train_steps), settings.dim // 2
    return tr(
        "**{never} of {clocks} clocks never go round** in {train_steps:,} timesteps.",
        never=never,
        clocks=clocks,
        train_steps=train_steps,
    )


def preset_rows(train_steps: int) -> list[Row]:
    """Return one row for each preset.

    Args:
        train_steps: how many timesteps there are.
    """
    return [
        {
            tr_later("as in"): tr(preset.title),
            tr_later("numbers"): preset.settings.dim,
            tr_later("first"): tr("cosines") if preset.settings.flip_sin_to_cos else tr("sines"),
            tr_later("max period P"): tr("{period:,g}", period=preset.settings.max_period),
            tr_later("shift δ"): f"{preset.settings.freq_shift:g}",
            tr_later("slowest turn, timesteps"): round(
                float(compute_periods(preset.settings).max())
            ),
            tr_later("never go round"): tr(
                "{unfinished} of {clocks}",
                unfinished=count_unfinished(preset.settings, train_steps),
                clocks=preset.settings.dim // 2,
            ),
            tr("alike, {apart} apart", apart=APART): round(
                float(alike_by_distance(preset.settings, APART + 1)[APART]), 3
            ),
            tr_later("source"): tr(preset.source),
        }
        for preset in PRESETS.values()
    ]


def embedding_csv(settings: EmbeddingSettings, train_steps: int) -> bytes:
    """Write the embedding of every timestep as CSV, one row a timestep.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.
    """
    times = np.arange(train_steps)
    half = settings.dim // 2
    names = [f"{kind} {pair}" for kind in _order(settings) for pair in range(half)]
    written = io.BytesIO()
    np.savetxt(
        written, np.column_stack([times, embed_timesteps(times, settings)]), delimiter=",",
        fmt=["%d", *["%.7g"] * settings.dim], header=",".join(["t", *names]), comments="",
    )  # fmt: skip
    return written.getvalue()


def _order(settings: EmbeddingSettings) -> tuple[str, str]:
    return ("cos", "sin") if settings.flip_sin_to_cos else ("sin", "cos")


def alike_table(settings: EmbeddingSettings, train_steps: int) -> list[Row]:
    """Return how alike two timesteps are for every distance.

    Args:
        settings: how timesteps are embedded.
        train_steps: how many timesteps there are.
    """
    curve = alike_by_distance(settings, train_steps)
    half = settings.dim // 2
    return [
        {
            tr_later("apart"): apart,
            tr_later("cosine similarity"): round(alike, 6),
            tr_later("dot product"): round(alike * half, 4),
        }
        for apart, alike in enumerate(curve.tolist())
    ]
