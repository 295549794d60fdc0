"""All schedulers' paths from noise to picture, for the browser that draws them; no torch."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.engine.request import Request
from core.errors import ExplainerError
from core.ideas.flow import flow_time
from core.ideas.noise_levels import alpha_bar_from_sigma, snr_db_from_alpha_bar
from core.models.schedulers.plans import drawn, plan_run, schedule_levels
from core.models.schedulers.record import Family, RunPlan, Scheduler, Value
from core.models.schedulers.table import SCHEDULERS
from core.views.browser import SheetData
from core.views.strips import photo_sheet
from core.views.tables import Row
from core.words import tr, tr_later

Config = Mapping[str, Any]  # Any: what JSON holds


@dataclass(frozen=True, slots=True)
class Spaced:
    """A scheduler with another spacing of sigmas; spacing is a choice of its own."""

    name: str
    setting: str
    title: str

    @property
    def id(self) -> str:
        """Its name in the browser."""
        return f"{self.name} {self.setting}"


SPACED = (
    Spaced("dpmpp-2m", "use_karras_sigmas", "DPM++ 2M Karras"),
    Spaced("dpmpp-2m", "use_lu_lambdas", tr_later("DPM++ 2M even in log σ")),
    Spaced("euler", "use_exponential_sigmas", tr_later("Euler exponential")),
    Spaced("euler", "use_beta_sigmas", tr_later("Euler beta")),
)
# Beside the run's own scheduler, the first two that are not it: one that adds fresh noise, one that
# spends its calls elsewhere.
OPENING = ("euler-a", "dpmpp-2m use_karras_sigmas", "ddim")
# Every curve keeps its ink whatever is shown: relatives share a hue, dashes tell them apart. All
# hues can be seen on the light page and on the dark one.
HUES: dict[Family, str] = {
    "ddim": "#2E86C8",
    "euler": "#E69F00",
    "heun": "#CC79A7",
    "dpmpp-2m": "#D55E00",
    "unipc": "#009E73",
    "kdpm2": "#8C6BD1",
    "lms": "#8A8A8A",
}
DASHES: tuple[tuple[int, ...], ...] = (
    (), (7, 4), (2, 3), (10, 3, 2, 3), (14, 4), (10, 3, 2, 3, 2, 3)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ink:
    """How a scheduler's line is drawn on every chart; lengths of line and gap, none where solid."""

    hue: str
    dash: tuple[int, ...]


def _inks() -> dict[str, Ink]:
    """Give every curve the hue of its family and the first dash that no relative has."""
    curves: dict[str, Family] = {one.name: one.family for one in SCHEDULERS.values()}
    curves |= {spaced.id: SCHEDULERS[spaced.name].family for spaced in SPACED}
    namesakes_first = sorted(curves, key=lambda name: name != curves[name])  # so they are solid
    dashes = {family: itertools.cycle(DASHES) for family in HUES}
    return {name: Ink(HUES[curves[name]], next(dashes[curves[name]])) for name in namesakes_first}


INKS = _inks()


@dataclass(frozen=True, slots=True, eq=False)  # a plan holds arrays
class Path:
    """One curve.

    Attributes:
        id: its name in the browser.
        title: its name for people.
        plan: where it goes; None where it cannot be drawn.
        note: why it cannot, or what is to be known of it.
        fix: what to try where it cannot.
    """

    id: str
    title: str
    plan: RunPlan | None
    note: str = ""
    fix: str = ""


def overlay_paths(
    config: Config,
    steps: int,
    scheduler: str,
    params: Sequence[tuple[str, Value]] = (),
) -> list[Path]:
    """Plan every scheduler's run, the running example's own with its settings.

    Args:
        config: the checkpoint's scheduler config.
        steps: scheduler steps of every run.
        scheduler: the running example's.
        params: the running example's settings of it.

    Returns:
        One entry a scheduler, then one for each of ``SPACED``.
    """
    paths = []
    for name, one in SCHEDULERS.items():
        note = tr("for distilled models only") if one.distilled_only else ""
        own = dict(params) if name == scheduler else {}
        paths.append(_path(name, one.title, one, config, own, steps, note))
    for spaced in SPACED:
        one, chosen = SCHEDULERS[spaced.name], {spaced.setting: True}
        paths.append(_path(spaced.id, tr(spaced.title), one, config, chosen, steps, ""))
    return paths


def opening(scheduler: str) -> tuple[str, ...]:
    """Return which three curves are on show at first.

    Args:
        scheduler: the running example's, which comes first.
    """
    return (scheduler, *[one for one in OPENING if one != scheduler][:2])


def requests_of(request: Request) -> tuple[Request, ...]:
    """Return the runs whose pictures stand beside their curves: one seed, three schedulers.

    Args:
        request: the running example, the first of them.
    """
    others = []
    for name in opening(request.scheduler)[1:]:
        scheduler, _, setting = name.partition(" ")
        params = ((setting, True),) if setting else ()
        others.append(replace(request, scheduler=scheduler, params=params))
    return (request, *others)


class CurveData(TypedDict):
    """One scheduler's way; without a plan there are 0 calls, and the reason is the note.

    Attributes:
        id: its name in the browser.
        title: its name for people.
        note: what is to be known of it.
        calls: of the U-Net.
        fresh: whether it draws noise of its own.
        hue: of the line.
        dash: lengths of line and gap.
        step: the step of each call.
        place: steps made before each call, and at the end.
        t: timestep of each call.
        sigma: at each call, and at the end.
        alpha: signal power left there.
        db: signal to noise there; None where no noise is left.
    """

    id: str
    title: str
    note: str
    calls: int
    fresh: bool
    hue: str
    dash: list[int]
    step: NotRequired[list[int]]
    place: NotRequired[list[float]]
    t: NotRequired[list[float]]
    sigma: NotRequired[list[float]]
    alpha: NotRequired[list[float]]
    db: NotRequired[list[float | None]]


class OverlayData(TypedDict):
    """What the component needs to draw any of the curves.

    Attributes:
        curves: all that there are.
        run: id of the running example's own scheduler.
        opening: ids that are on show at the beginning, with a picture each.
        pictures: which frame of the sheet each of them has, None where there is none; empty until
            they are drawn.
        apart: how far each of them is from the first, of 255, on average.
        sheet: their pictures.
        steps: of every scheduler.
        last: the noisiest timestep.
        low: sigma of the schedule's first timestep.
        high: sigma of its last.
    """

    curves: list[CurveData]
    run: str
    opening: list[str]
    pictures: list[int | None]
    apart: list[float | None]
    sheet: SheetData | None
    steps: int
    last: int
    low: float
    high: float


def overlay_data(
    config: Config,
    paths: Sequence[Path],
    scheduler: str,
    steps: int,
    pictures: Sequence[NDArray[np.uint8] | None] = (),
) -> OverlayData:
    """Return what the component needs to draw any of the curves without asking again.

    Args:
        config: the checkpoint's scheduler config.
        paths: from ``overlay_paths``.
        scheduler: the running example's.
        steps: scheduler steps of every run.
        pictures: of ``requests_of``, None where there is none; empty while they are drawn.
    """
    there = [picture for picture in pictures if picture is not None]
    at = iter(range(len(there)))
    levels = schedule_levels(config)
    return {
        "curves": [_curve(path) for path in paths],
        "run": scheduler,
        "opening": list(opening(scheduler)),
        "pictures": [None if picture is None else next(at) for picture in pictures],
        "apart": [
            round(float(np.abs(picture.astype(float) - pictures[0]).mean()), 1)
            if picture is not None and pictures[0] is not None
            else None
            for picture in pictures
        ],
        "sheet": photo_sheet(np.stack(there)).as_json() if there else None,
        "steps": steps,
        "last": len(levels) - 1,
        "low": float(levels[0]),
        "high": float(levels[-1]),
    }


def level_rows(curves: Sequence[CurveData], chosen: Collection[str]) -> list[Row]:
    """Return one row for each call of some curves.

    Args:
        curves: of ``overlay_data``.
        chosen: ids of those that are wanted; where none of them can be drawn, all that can.
    """
    drawn = [curve for curve in curves if curve["calls"]]
    rows: list[Row] = []
    for curve in [one for one in drawn if one["id"] in chosen] or drawn:
        assert "t" in curve  # who has calls has all of it
        assert "step" in curve
        assert "sigma" in curve
        assert "alpha" in curve
        assert "db" in curve
        for at, time in enumerate(curve["t"]):
            rows.append(
                {
                    tr_later("scheduler"): curve["title"],
                    tr_later("call"): at + 1,
                    tr_later("step"): curve["step"][at] + 1,
                    tr_later("timestep t"): time,
                    "sigma": curve["sigma"][at],
                    "alpha_bar": curve["alpha"][at],
                    tr_later("noise, share of the power"): round(1 - curve["alpha"][at], 6),
                    tr_later("SNR, dB"): curve["db"][at],
                    "s": round(flow_time(float(alpha_bar_from_sigma(curve["sigma"][at]))), 6),
                }
            )
    return rows


def places(plan: RunPlan) -> list[float]:
    """Say how far along its steps each call is: a second question is asked within a step.

    Args:
        plan: the run.

    Returns:
        Steps, (calls,): 3.5 is half way in log sigma from the fourth step's start to its end.
    """
    starts = {int(step): at for at, step in reversed(list(enumerate(plan.steps)))}
    found = []
    for at, step in enumerate(plan.steps.tolist()):
        first, after = starts[step], starts.get(step + 1)
        if at == first or after is None:
            found.append(float(step))
            continue
        here, begin, end = np.log(plan.sigmas[[at, first, after]])
        found.append(step + float((begin - here) / (begin - end)))
    return found


def decibels(sigmas: np.ndarray) -> list[float]:
    """Return the signal-to-noise ratio of noise levels, dB.

    Args:
        sigmas: noise per unit of signal, above 0.
    """
    return np.asarray(snr_db_from_alpha_bar(alpha_bar_from_sigma(sigmas))).tolist()


def _path(
    where: str,
    title: str,
    scheduler: Scheduler,
    config: Config,
    params: Mapping[str, object],
    steps: int,
    note: str,
) -> Path:
    try:
        return Path(where, title, plan_run(scheduler, config, params, steps), note)
    except ExplainerError as error:
        return Path(where, title, None, error.what, error.fix)


def _curve(path: Path) -> CurveData:
    """Return one curve; its last point is where the run ends, which no call asks about."""
    ink = INKS[path.id]
    fresh = SCHEDULERS[path.id.partition(" ")[0]].stochastic
    told: CurveData = {
        "id": path.id, "title": path.title, "note": f"{path.note} {path.fix}".strip(),
        "calls": 0, "fresh": fresh,
        "hue": ink.hue, "dash": list(ink.dash),
    }  # fmt: skip
    if path.plan is None:
        return told
    plan, digits = path.plan, 7
    sigmas = [*drawn(plan.sigmas).tolist(), plan.end]
    alpha_bars = np.asarray(alpha_bar_from_sigma(np.array(sigmas))).tolist()
    # no noise is an infinite ratio, which JSON cannot hold
    db = [*decibels(drawn(plan.sigmas)), decibels(np.array([plan.end]))[0] if plan.end else None]
    return {
        **told,
        "calls": plan.calls,
        "step": plan.steps.tolist(),
        "place": [*(round(place, 4) for place in places(plan)), int(plan.steps[-1]) + 1],
        "t": [round(t, 4) for t in plan.timesteps.tolist()],
        "sigma": [float(f"{sigma:.{digits}g}") for sigma in sigmas],
        "alpha": [float(f"{level:.{digits}g}") for level in alpha_bars],
        "db": [value if value is None else round(value, 4) for value in db],
    }
