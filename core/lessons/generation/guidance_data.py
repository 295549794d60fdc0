"""Guidance taken apart: both answers of the network at every call, and what a weight makes of them.

Everything that guidance does at one call is linear in the weight, so the browser redoes it alone.
"""

import base64
import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Numbers
from core.views.browser import ChartData, LineData, PlaceData
from core.views.numbers import percent
from core.views.run import Run, linear_colours, run_id, say_places
from core.views.steps import rms
from core.words import tr, tr_later

WEIGHTS = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0)  # of the strip of finished pictures
PHI = 0.7  # how much Lin et al. 2023 rescale
LARGEST_WEIGHT = 15.0  # end of the browser's slider, unless the run has a larger one
MOST_NUMBERS = 400_000  # that travel to the browser of one kind; a larger run sends fewer calls
SPECKLED = 1.2  # times as rough, from which specks can be seen
AT_LIMIT = (2, 253)  # colour values beyond these are at the end of what a picture can hold


class PackedData(TypedDict):
    """Numbers of every call: 16-bit whole ones in base64, and what one of them is."""

    values: str
    unit: float


class GuidanceData(TypedDict):
    """What the component that takes guidance apart shows.

    Attributes:
        id: names the run.
        channels: of the latents.
        height: of the latents.
        width: of the latents.
        weight: of the run's guidance.
        rescales: whether its answer is the noise itself, which can be rescaled in the browser.
        largest: where the weight's slider ends.
        gain: how many times stronger the difference is shown.
        weights: of the linear guess of the colours, (channels, 3).
        bias: its constant.
        marked: row and column to begin with.
        places: what to say, one a call.
        alphaBars: signal power left at each call.
        given: x_t.
        uncond: the answer without the prompt.
        cond: the answer with it.
        charts: over the calls.
    """

    id: str
    channels: int
    height: int
    width: int
    weight: float
    rescales: bool
    largest: float
    gain: float
    weights: list[list[float]]
    bias: list[float]
    marked: list[int]
    places: list[PlaceData]
    alphaBars: list[float]
    given: PackedData
    uncond: PackedData
    cond: PackedData
    charts: list[ChartData]


def guidance_data(run: Run, rescales: bool) -> GuidanceData:
    """Return what the component that takes guidance apart shows.

    Args:
        run: a finished run with guidance.
        rescales: whether the network says the noise, so that rescaling its answer rescales that.

    Raises:
        ValueError: it was never asked without its prompt.
    """
    if run.eps_uncond is None:
        raise ValueError(f"the run has guidance {run.request.guidance:g}, expected another than 1")
    calls = _some_calls(run)
    uncond, cond = run.eps_uncond[calls], run.eps_cond[calls]
    added = cond - uncond
    weights, bias = linear_colours(run)
    middle = float(np.median(rms(added)))
    _, channels, height, width = run.path.shape
    place = np.abs(added).mean(axis=(0, 1)).argmax()
    return {
        "id": run_id(run.request),
        "channels": channels,
        "height": height,
        "width": width,
        "weight": run.request.guidance,
        "rescales": rescales,
        "largest": max(LARGEST_WEIGHT, run.request.guidance),
        "gain": 2.0 ** max(0, math.floor(math.log2(1 / middle))) if middle > 0 else 1.0,
        "weights": weights.round(6).tolist(),
        "bias": bias.round(6).tolist(),
        "marked": [int(place) // width, int(place) % width],
        "places": say_places(run, calls),
        "alphaBars": [float(level) for level in run.alpha_bars[calls]],
        "given": packed(run.path[calls]),
        "uncond": packed(uncond),
        "cond": packed(cond),
        "charts": [
            {"name": tr("Angle"), "title": tr("angle between both answers, degrees"), "lines": [
                _line("∠", "text", angles(uncond, cond)),
            ]},
            {"name": tr("Sizes"), "title": tr("size, RMS"), "lines": [
                _line("ε∅", "noise", rms(uncond)),
                _line("ε_c", "text", rms(cond), dashed=True),
                _line("ε_c − ε∅", "picture", rms(added)),
            ]},
        ],
    }  # fmt: skip


def angles(first: Numbers, second: Numbers) -> Numbers:
    """Return the angle between each pair of rows, taken as long vectors, in degrees.

    Args:
        first: (n, ...).
        second: the same shape.
    """
    one = first.reshape(len(first), -1).astype(np.float64)
    other = second.reshape(len(second), -1).astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines = (one * other).sum(axis=1) / np.where(lengths > 0, lengths, 1)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def guidance_rows(run: Run) -> list[dict[str, float | int]]:
    """Return guidance in numbers, one row a U-Net call.

    Args:
        run: a finished run with guidance.

    Raises:
        ValueError: it was never asked without its prompt.
    """
    if run.eps_uncond is None:
        raise ValueError(f"the run has guidance {run.request.guidance:g}, expected another than 1")
    apart = angles(run.eps_uncond, run.eps_cond)
    sizes = [rms(part) for part in (run.eps_uncond, run.eps_cond, run.eps_cond - run.eps_uncond,
                                    run.eps)]  # fmt: skip
    return [
        {
            tr_later("call"): call + 1,
            tr_later("timestep t"): round(float(run.timesteps[call]), 3),
            tr_later("rms without words"): round(float(sizes[0][call]), 4),
            tr_later("rms with words"): round(float(sizes[1][call]), 4),
            tr_later("rms of difference"): round(float(sizes[2][call]), 4),
            tr_later("rms guided"): round(float(sizes[3][call]), 4),
            tr_later("angle, degrees"): round(float(apart[call]), 3),
            tr_later("std of the estimate"): round(float(run.x0[call].std()), 4),
        }
        for call in range(len(run.timesteps))
    ]


def share_at_limit(picture: NDArray[np.uint8]) -> float:
    """Return the share of colour values that are as dark or as bright as a picture can hold.

    Args:
        picture: (H, W, 3).
    """
    low, high = AT_LIMIT
    return float(((picture <= low) | (picture >= high)).mean())


def speckle(picture: NDArray[np.uint8]) -> float:
    """Return how far neighbouring pixels differ on average: noise that stayed in makes it larger.

    Args:
        picture: (H, W, 3).

    Returns:
        Of 255.
    """
    values = picture.astype(np.float64)
    return float(np.mean([np.abs(np.diff(values, axis=axis)).mean() for axis in (0, 1)]))


def say_rescaled(
    plain: NDArray[np.uint8] | None, rescaled: NDArray[np.uint8] | None, predicts_noise: bool
) -> str:
    """Say what guidance rescale did to the picture of the largest weight, as it was measured.

    Args:
        plain: the picture as it is; None where there is none.
        rescaled: the same run, rescaled.
        predicts_noise: what the network was trained for.
    """
    if plain is None or rescaled is None:
        return ""
    before, after = share_at_limit(plain), share_at_limit(rescaled)
    rough, rougher = speckle(plain), speckle(rescaled)
    told = tr(
        "at the largest weight {after} of the colour values are at the limit instead "
        "of {before}, and neighbouring pixels differ by {rougher:.1f} of 255 instead "
        "of {rough:.1f}.",
        after=percent(after, 1),
        before=percent(before, 1),
        rougher=rougher,
        rough=rough,
    )
    if rougher > SPECKLED * rough:
        why = (
            tr(
                " The rescaled prediction says less noise than there is, so less is taken away. "
                "Lin et "
                "al. made it for networks that predict v: while noise is strong, that is mostly "
                "the "
                "picture."
            )
            if predicts_noise
            else ""
        )
        return tr("**Rescaled, noise stays in the picture:** {told}{why}", told=told, why=why)
    if after < before:
        return tr("**Rescaled, there is more room:** {told}", told=told)
    return tr("**Rescaled, it is no better here:** {told}", told=told)


def packed(latents: Numbers) -> PackedData:
    """Pack latents for the browser: 16-bit whole numbers in base64, and the unit they count in.

    Args:
        latents: any shape.
    """
    unit = float(np.abs(latents).max()) / 32_767 or 1.0
    whole = np.rint(latents / unit).astype("<i2")
    return {"values": base64.b64encode(whole.tobytes()).decode("ascii"), "unit": unit}


def _some_calls(run: Run) -> list[int]:
    calls, one = len(run.timesteps), run.path[0].size
    most = max(2, min(calls, MOST_NUMBERS // one))
    return sorted({round(float(call)) for call in np.linspace(0, calls - 1, most)})


def _line(label: str, kind: str, values: Numbers, dashed: bool = False) -> LineData:
    rounded: list[float | None] = [round(float(value), 4) for value in values]
    return {"label": label, "kind": kind, "dashed": dashed, "values": rounded}
