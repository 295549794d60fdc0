"""What a run's steps measure: sizes, signal to noise, and how much changes from call to call."""

from dataclasses import dataclass

import numpy as np

from core.ideas.arrays import Numbers
from core.ideas.noise_levels import snr_db_from_alpha_bar
from core.views.browser import ChartData, LineData
from core.views.run import Run
from core.words import tr, tr_later


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Measures:
    """One number a U-Net call; sizes are root mean squares over all numbers of the latents.

    Attributes:
        given: size of x_t, (n + 1,); the last is of the latents at the end.
        eps: size of the guided noise, (n,).
        guess: size of the x0 estimate, (n,).
        snr_db: signal-to-noise ratio of x_t in decibels, (n,); NaN where there is only noise.
        moved: size of the change that the scheduler made, (n,).
        corrected: size of the change of the x0 estimate since the call before, (n,); the first is
            NaN.
    """

    given: Numbers
    eps: Numbers
    guess: Numbers
    snr_db: Numbers
    moved: Numbers
    corrected: Numbers


def measure(run: Run) -> Measures:
    """Measure every call of a run.

    Args:
        run: the finished run; everything in it is at unit scale, whatever the scheduler keeps.
    """
    mixed = (run.alpha_bars > 0) & (run.alpha_bars < 1)
    inside = np.where(mixed, run.alpha_bars, 0.5)
    return Measures(
        given=rms(run.path),
        eps=rms(run.eps),
        guess=rms(run.x0),
        snr_db=np.where(mixed, snr_db_from_alpha_bar(inside), np.nan),
        moved=rms(changes(run)),
        corrected=np.concatenate([[np.nan], rms(np.diff(run.x0, axis=0))]),
    )


def changes(run: Run) -> Numbers:
    """Return what the scheduler changed after every call, (n, C, h, w).

    Args:
        run: the finished run.
    """
    return np.diff(run.path, axis=0)


def rms(latents: Numbers) -> Numbers:
    """Return the root mean square of each row.

    Args:
        latents: (n, ...).
    """
    return np.sqrt(np.square(latents.astype(np.float64)).mean(axis=tuple(range(1, latents.ndim))))


def charts_data(run: Run) -> list[ChartData]:
    """Return the curves below the film, one chart at a time.

    Args:
        run: the finished run.
    """
    found = measure(run)
    return [
        _chart(
            tr("Change"), tr("change per call, RMS"), True,
            _line(tr("of x̂₀"), "picture", found.corrected),
            _line(tr("of x"), "latents", found.moved, dashed=True),
        ),
        _chart(
            tr("Sizes"), tr("size, RMS"), True,
            _line("x", "latents", found.given),
            _line("ε̂", "noise", found.eps),
            _line("x̂₀", "picture", found.guess),
        ),
        _chart("SNR", tr("signal to noise, dB"), False, _line(tr("of x"), "time", found.snr_db)),
    ]  # fmt: skip


def step_rows(run: Run) -> list[dict[str, float | int | None]]:
    """Return the run as a table, one row a U-Net call.

    Args:
        run: the finished run.
    """
    found = measure(run)
    return [
        {
            tr_later("call"): call + 1,
            tr_later("step"): int(run.steps[call]) + 1,
            tr_later("timestep t"): round(float(run.timesteps[call]), 3),
            "sigma": round(float(run.sigmas[call]), 5),
            "alpha_bar": round(float(run.alpha_bars[call]), 6),
            tr_later("noise, share of the power"): round(1 - float(run.alpha_bars[call]), 6),
            tr_later("SNR, dB"): _or_none(found.snr_db[call], 2),
            tr_later("rms of the noisy latents"): round(float(found.given[call]), 4),
            tr_later("rms of the noise seen"): round(float(found.eps[call]), 4),
            tr_later("rms of the estimate"): round(float(found.guess[call]), 4),
            tr_later("rms change of the latents"): round(float(found.moved[call]), 4),
            tr_later("rms change of the estimate"): _or_none(found.corrected[call], 4),
        }
        for call in range(len(run.timesteps))
    ]


def _chart(name: str, title: str, from_zero: bool, *lines: LineData) -> ChartData:
    return {"name": name, "title": title, "fromZero": from_zero, "lines": list(lines)}


def _line(label: str, kind: str, values: Numbers, dashed: bool = False) -> LineData:
    rounded = [_or_none(value, 4) for value in values]
    return {"label": label, "kind": kind, "dashed": dashed, "values": rounded}


def _or_none(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
