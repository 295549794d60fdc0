"""Two runs side by side: how far they are apart at every place, and what the browser scrubs."""

from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from core.engine.request import key
from core.ideas.arrays import Numbers
from core.ideas.noise_levels import NEARLY_NONE
from core.views.browser import PlaceData, SheetData
from core.views.run import Run, in_colours, linear_colours, say_places
from core.views.steps import rms
from core.views.strips import exact_sheet, photo_sheet
from core.views.tables import Row
from core.words import tr_later

OTHERS = (
    "a green apple",
    "a red apple",
)  # to compare with: the first that is not the run's own
SAME = 1e-4  # RMS distance below which two results are the same but for rounding
LEVEL = 2e-4  # the same of two noise levels, in the logarithm of noise power over signal power


def other_prompt(own: str) -> str:
    """Return words to begin a comparison with.

    Args:
        own: the run's prompt, which they are not.
    """
    return next(words for words in OTHERS if words != own)


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Pair:
    """Two runs, place by place.

    Attributes:
        first: the run on show.
        second: the other one, as long as the first.
        same_levels: whether both are equally noisy at every place; otherwise the second is shown
            at its noise level that is nearest, and only estimates can be compared.
        branch: the call before which both are one run; 0 where they share the first noise only.
    """

    first: Run
    second: Run
    same_levels: bool = True
    branch: int = 0

    @property
    def of_latents(self) -> Numbers:
        """RMS distance of the noisy latents at every place, (n + 1,), at unit scale."""
        return rms(self.first.path - self.second.path)

    @property
    def of_estimates(self) -> Numbers:
        """RMS distance of the estimates at every place, (n + 1,); of the results at the last."""
        apart = rms(self.first.x0 - self.second.x0)
        return np.append(apart, rms(self.first.path[-1:] - self.second.path[-1:]))

    @property
    def parted(self) -> int | None:
        """The first place where the noisy latents are at least half as far apart as the results.

        None where the results are the same, or the two cannot be compared in between.
        """
        apart = self.of_latents
        if apart[-1] <= SAME or not self.same_levels:
            return None
        return int(np.argmax(apart >= apart[-1] / 2))


def join(run: Run, future: Run, call: int) -> Pair:
    """Put the future of a run beside the run, from its beginning on.

    Args:
        run: the run that was left.
        future: the calls that were made instead, and where they led.
        call: of ``run``, the first one that is not shared.
    """
    levels, own = _heights(future), _heights(run)[call:]
    same = len(levels) == len(own) and np.allclose(levels, own, rtol=0, atol=LEVEL)
    # The place of the future that is nearest in noise, for every place of the run.
    nearest = np.abs(levels[None] - own[:, None]).argmin(axis=1)
    picked = np.arange(len(levels)) if same else nearest
    path = [run.path[:call], future.path[picked], future.path[-1:]]
    second = replace(
        future,
        steps=run.steps,
        timesteps=np.concatenate([run.timesteps[:call], future.timesteps[picked]]),
        sigmas=np.concatenate([run.sigmas[:call], future.sigmas[picked]]),
        alpha_bars=np.concatenate([run.alpha_bars[:call], future.alpha_bars[picked]]),
        path=np.concatenate(path),
        eps=np.concatenate([run.eps[:call], future.eps[picked]]),
        x0=np.concatenate([run.x0[:call], future.x0[picked]]),
        eps_uncond=None,
        eps_cond=np.concatenate([run.eps_cond[:call], future.eps_cond[picked]]),
    )
    return Pair(run, second, bool(same), call)


class RunData(TypedDict):
    """One of both runs: its title, and sheets with one pixel a position of the latents."""

    title: str
    given: SheetData
    guess: SheetData


class PairData(TypedDict):
    """What the component shows of two runs.

    Attributes:
        id: names the pair; the same one keeps its place.
        runs: both.
        pictures: both results, shown at the last place.
        places: what to say at each.
        latents: distance of the noisy latents at each place; None where they cannot be compared.
        estimates: distance of the estimates.
        branch: the first call that is not shared.
        parted: the place where they are half apart; None where there is no such place.
    """

    id: str
    runs: list[RunData]
    pictures: SheetData
    places: list[PlaceData]
    latents: list[float] | None
    estimates: list[float]
    branch: int
    parted: int | None


def pair_data(pair: Pair, titles: tuple[str, str]) -> PairData:
    """Return what the component shows: both runs in the colours of one map, and their distance.

    Args:
        pair: the two runs.
        titles: of both; may be what people typed.
    """
    colours = linear_colours(pair.first, pair.second)
    runs: list[RunData] = []
    for run, title in zip((pair.first, pair.second), titles, strict=True):
        runs.append(
            {
                "title": title,
                "given": exact_sheet(in_colours(run.path, *colours)).as_json(),
                "guess": exact_sheet(in_colours(run.x0, *colours)).as_json(),
            }
        )
    requests = "\n".join(key(run.request, "") for run in (pair.first, pair.second))
    return {
        "id": f"{requests} {pair.branch}",
        "runs": runs,
        "pictures": photo_sheet(np.stack([pair.first.picture, pair.second.picture])).as_json(),
        "places": say_places(pair.first, range(len(pair.first.path))),
        "latents": _short(pair.of_latents) if pair.same_levels else None,
        "estimates": _short(pair.of_estimates),
        "branch": pair.branch,
        "parted": pair.parted,
    }


def pair_rows(pair: Pair) -> list[Row]:
    """Return the distances as a table, one row a place.

    Args:
        pair: the two runs.
    """
    calls = len(pair.first.timesteps)
    return [
        {
            tr_later("calls answered"): place,
            tr_later("timestep t"): round(float(pair.first.timesteps[place]), 3)
            if place < calls
            else None,
            tr_later("distance of the noisy latents"): round(float(latents), 5)
            if pair.same_levels
            else None,
            tr_later("distance of the estimates"): round(float(estimates), 5),
        }
        for place, (latents, estimates) in enumerate(
            zip(pair.of_latents, pair.of_estimates, strict=True)
        )
    ]


def _heights(run: Run) -> Numbers:
    """Return the logarithm of noise power over signal power at every call, a number also at 0."""
    signal = np.clip(run.alpha_bars, NEARLY_NONE, 1 - NEARLY_NONE)
    return np.log((1 - signal) / signal)


def _short(values: Numbers) -> list[float]:
    return [round(float(value), 5) for value in values]
