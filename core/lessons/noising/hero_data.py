"""Noising: what the browser needs to destroy a picture live, and the charts that check it."""

import base64
from dataclasses import dataclass
from typing import Any, TypedDict

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.ideas.arrays import Numbers
from core.ideas.flow import flow_time
from core.ideas.forward import add_noise, follow_moments, walk_chain, weigh_signal_and_noise
from core.ideas.noise_levels import sigma_from_alpha_bar, snr_db_from_alpha_bar
from core.views.browser import SheetData
from core.views.strips import photo_sheet
from core.views.tables import Row
from core.views.theme import PALETTE
from core.words import tr, tr_later

NOISE_SCALE = 4096  # noise travels as 16-bit whole numbers, 1/4096 each
FIRST = 0.3  # of the time axis: where the page opens, also in the component
FRAMES = 25  # decoded pictures along the time axis
MARKS = 12  # timesteps at which the chain is measured
GHOST_GAIN = 8.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """A noise schedule to look at.

    Attributes:
        title: its name.
        alpha_bar: signal power left at every timestep, (T,).
    """

    title: str
    alpha_bar: Numbers


def frame_times(alpha_bar: Numbers, count: int = FRAMES) -> tuple[int, ...]:
    """Choose timesteps that change the picture by about as much each.

    They are even in the weight of the picture, and include the first and the last.

    Args:
        alpha_bar: (T,), falling.
        count: how many at most.
    """
    weight = np.sqrt(alpha_bar)
    wanted = np.linspace(weight[0], weight[-1], count)
    found = sorted({int(np.abs(weight - level).argmin()) for level in wanted})
    first = round(FIRST * (len(weight) - 1))
    inside = found[1:-1]
    if inside:  # where the page opens, pixels and latents are noised alike
        found[1 + int(np.abs(np.array(inside) - first).argmin())] = first
    return tuple(found)


def pixel_noise(height: int, width: int, seed: int) -> NDArray[np.int16]:
    """Draw noise for every colour of every pixel, as it travels to the browser.

    Args:
        height: pixels.
        width: pixels.
        seed: of the noise.

    Returns:
        (H, W, 3), in units of 1 / ``NOISE_SCALE``.
    """
    drawn = np.random.default_rng(seed).standard_normal((height, width, 3))
    return np.clip(np.rint(drawn * NOISE_SCALE), -32_767, 32_767).astype(np.int16)


class ScheduleData(TypedDict):
    """A schedule's name, and the signal power that it leaves at every t."""

    title: str
    kept: list[float]


class DecodedData(TypedDict):
    """Timesteps, and the noisy latents decoded at each."""

    times: list[int]
    sheet: SheetData


class NoisingData(TypedDict):
    """What the noising component shows.

    Attributes:
        pixels: the clean picture, red green blue in base64.
        noise: for each of its numbers, 16-bit whole numbers in base64, 1 / scale each.
        scale: of the noise.
        width: of the picture.
        height: of the picture.
        schedules: the model's own, and another one.
        decoded: None while it is not there.
        visits: timesteps of the run.
        said: the run in words.
    """

    pixels: str
    noise: str
    scale: int
    width: int
    height: int
    schedules: list[ScheduleData]
    decoded: DecodedData | None
    visits: list[float]
    said: str


def noising_data(
    pixels: NDArray[np.uint8],
    noise: NDArray[np.int16],
    schedule: Schedule,
    other: Schedule,
    decoded: tuple[tuple[int, ...], NDArray[np.uint8]] | None,
    visits: tuple[float, ...],
    said: str,
) -> NoisingData:
    """Return what the noising component shows.

    Args:
        pixels: the clean picture, (H, W, 3).
        noise: from ``pixel_noise``, of the same size.
        schedule: the model's own.
        other: one to compare it with.
        decoded: timesteps and decoded noisy latents; None while they are not there.
        visits: timesteps of the running example's run; empty while they are not known.
        said: the run in words.
    """
    height, width, _ = pixels.shape
    return {
        "pixels": _base64(pixels),
        "noise": _base64(noise.astype("<i2")),
        "scale": NOISE_SCALE,
        "width": width,
        "height": height,
        "schedules": [
            {"title": one.title, "kept": [round(float(level), 9) for level in one.alpha_bar]}
            for one in (schedule, other)
        ],
        "decoded": None
        if decoded is None
        else {"times": list(decoded[0]), "sheet": photo_sheet(decoded[1]).as_json()},
        "visits": list(visits),
        "said": said,
    }


def level_rows(alpha_bar: Numbers, times: tuple[int, ...]) -> list[Row]:
    """Return the numbers of some timesteps.

    Args:
        alpha_bar: (T,).
        times: which.
    """
    rows = []
    for t in times:
        level = float(alpha_bar[t])
        signal, noise = weigh_signal_and_noise(level)
        rows.append(
            {
                "t": t,
                "alpha_bar": _short(level),
                tr_later("weight of the picture"): _short(signal),
                tr_later("weight of the noise"): _short(noise),
                tr_later("SNR, dB"): _short(snr_db_from_alpha_bar(level))
                if 0 < level < 1
                else None,
                "sigma": _short(sigma_from_alpha_bar(level)) if level > 0 else None,
                "s": _short(flow_time(level)),
            }
        )
    return rows


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Walk:
    """The chain of small steps, walked and measured.

    Attributes:
        times: where it was measured, (n,).
        weights: of the picture in it: the slope of x_t over x_0, (n,).
        variances: of what is left when that is taken off, (n,).
        last: the picture after all steps, float (H, W, 3).
    """

    times: NDArray[np.int_]
    weights: Numbers
    variances: Numbers
    last: Numbers


def walk_picture(pixels: NDArray[np.uint8], betas: Numbers, last: int, seed: int) -> Walk:
    """Noise a picture by every single step up to a timestep, and measure it on the way.

    Args:
        pixels: (H, W, 3).
        betas: noise variance of every step, (T,).
        last: the timestep to end at, 0 or more.
        seed: of the fresh noise of every step.
    """
    x0 = (pixels.astype(np.float32) / 127.5 - 1).reshape(-1)
    dice = np.random.default_rng(seed)
    marks = np.unique(np.linspace(0, last, min(MARKS, last + 1)).round().astype(int))
    noises = (dice.standard_normal(x0.shape, dtype=np.float32) for _ in range(last + 1))
    weights, variances, x = [], [], x0
    centred = x0 - x0.mean() if np.ptp(pixels) else x0  # a plain picture has no spread
    spread = float((centred**2).sum()) or 1.0
    for t, x in enumerate(walk_chain(x0, noises, betas[: last + 1].tolist())):
        if t in marks:
            slope = float((centred * x).sum()) / spread
            weights.append(slope)
            variances.append(float(np.var(x - slope * x0)))
    return Walk(marks, np.array(weights), np.array(variances), x.reshape(pixels.shape))


def walk_rows(walk: Walk, betas: Numbers) -> list[Row]:
    """Return the chain's measurements beside what the one jump says.

    Args:
        walk: from ``walk_picture``.
        betas: of the same schedule.
    """
    weights, variances = follow_moments(betas)
    return [
        {
            "t": int(t),
            tr_later("weight, measured"): _short(weight),
            "sqrt(alpha_bar)": _short(weights[t]),
            tr_later("variance, measured"): _short(variance),
            "1 - alpha_bar": _short(variances[t]),
        }
        for t, weight, variance in zip(walk.times, walk.weights, walk.variances, strict=True)
    ]


def walk_chart(walk: Walk, betas: Numbers) -> Any:  # Any: altair types a layer as several
    """Draw the jump as lines and the chain's measurements as dots on them.

    Args:
        walk: from ``walk_picture``.
        betas: of the same schedule.
    """
    weights, variances = follow_moments(betas)
    every = range(0, len(betas), 5)
    names = [tr("weight of the picture"), tr("variance of the noise")]
    lines = [
        {"t": t, "of": name, "value": _short(found[t])}
        for name, found in zip(names, (weights, variances), strict=True)
        for t in every
    ]
    dots = [
        {"t": int(t), "of": name, "value": _short(value)}
        for name, found in zip(names, (walk.weights, walk.variances), strict=True)
        for t, value in zip(walk.times, found, strict=True)
    ]
    colour = alt.Color(
        "of:N", title=None, legend=alt.Legend(orient="top"),
        scale=alt.Scale(domain=names, range=[PALETTE["picture"], PALETTE["noise"]]),
    )  # fmt: skip
    x = alt.X("t:Q", title=tr("timestep t"), scale=alt.Scale(domain=[0, len(betas)], nice=False))
    y = alt.Y("value:Q", title=tr("one jump (line), step by step (dots)"))
    base = {"x": x, "y": y, "color": colour}
    line = alt.Chart(alt.InlineData(values=lines)).mark_line(strokeWidth=2).encode(**base)
    dot = (
        alt.Chart(alt.InlineData(values=dots))
        .mark_point(filled=True, size=70, stroke="#FFFFFF", strokeWidth=1)
        .encode(
            **base,
            tooltip=[
                "t:Q",
                alt.Tooltip("of:N", title=tr("of")),
                alt.Tooltip("value:Q", title=tr("value"), format=".4f"),
            ],
        )
    )
    return (line + dot).properties(height=300)


def jump(pixels: NDArray[np.uint8], alpha_bar: float, seed: int) -> NDArray[np.uint8]:
    """Noise a picture in one jump, and show it.

    Args:
        pixels: (H, W, 3).
        alpha_bar: signal power left.
        seed: of the noise.
    """
    x0 = pixels.astype(np.float64) / 127.5 - 1
    eps = np.random.default_rng(seed).standard_normal(pixels.shape)
    return to_pixels(add_noise(x0, eps, alpha_bar))


def to_pixels(x: Numbers) -> NDArray[np.uint8]:
    """Show numbers from -1 to 1 as a picture; what lies outside is cut off.

    Args:
        x: (H, W, 3).
    """
    return np.rint((np.clip(x, -1, 1) + 1) * 127.5).astype(np.uint8)


def ghost(pixels: NDArray[np.uint8], alpha_bar: float, count: int, seed: int) -> NDArray[np.uint8]:
    """Average many fully noised copies of a picture: noise cancels out, what survives stays.

    The average of n noises is drawn at once: it is noise with a deviation of 1 / sqrt(n).

    Args:
        pixels: (H, W, 3).
        alpha_bar: signal power left at the last timestep.
        count: n.
        seed: of the noise.

    Returns:
        The average, ``GHOST_GAIN`` times stronger.
    """
    x0 = pixels.astype(np.float64) / 127.5 - 1
    eps = np.random.default_rng(seed).standard_normal(pixels.shape) / np.sqrt(count)
    return to_pixels(GHOST_GAIN * add_noise(x0, eps, alpha_bar))


def _base64(values: NDArray[Any]) -> str:  # Any: bytes of whatever type
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _short(number: Any) -> float:  # Any: numpy types an element as an array
    return float(f"{float(number):.5g}")
