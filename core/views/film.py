"""A run as a film: what the browser needs to scrub through it alone."""

import math
from typing import Literal, NotRequired, TypedDict

import numpy as np

from core.ideas.arrays import Numbers
from core.views.browser import ChartData, PlaceData, SheetData
from core.views.colormaps import LATENTS_SAY, latent_colours
from core.views.run import (
    Frames,
    Run,
    in_colours,
    linear_colours,
    quick_frames,
    run_id,
    say_places,
)
from core.views.steps import changes, charts_data, rms
from core.views.strips import channel_tiles, exact_sheet, photo_sheet
from core.words import in_a_row, tr

LIMIT = 3.0  # ends of the colour scale of latents: 99.7 % of unit noise lies within
GREY = 0.5  # what stands for 0 where noise is shown in colours
GAINS = (-2, 6)  # changes are shown 1/4 to 64 times as strong


class WordsData(TypedDict):
    """What stands above a pane.

    Attributes:
        title: in words.
        symbol: what it is called in formulas.
        index: below the symbol.
    """

    title: str
    symbol: str
    index: str


class EndData(WordsData):
    """What stands there at the last place.

    Attributes:
        show: which of the pictures is shown, whatever is chosen.
    """

    show: NotRequired[Literal["sheet", "latents"]]


class PaneData(WordsData):
    """One of the film's panes.

    Attributes:
        sheet: its frames as pictures.
        latents: the same as channels.
        end: what stands above it at the last place; None where the run was stopped.
    """

    sheet: SheetData
    latents: SheetData
    end: EndData | None


class HowData(TypedDict):
    """How the frames were made, one line for each way to show them and for the end."""

    sheet: str
    latents: str
    end: str


class FilmData(TypedDict):
    """What the film component shows.

    Attributes:
        id: names the run; a new one plays once, the same one keeps its place.
        given: x_t.
        guess: the estimate of x0.
        noise: the predicted noise.
        change: what the scheduler changed.
        places: what to say at each frame.
        calls: the U-Net call of each frame.
        count: of all calls.
        charts: one value a call.
        how: the frames were made.
    """

    id: str
    given: PaneData
    guess: PaneData
    noise: PaneData
    change: PaneData
    places: list[PlaceData]
    calls: list[int]
    count: int
    charts: list[ChartData]
    how: HowData


def film_data(run: Run, frames: Frames) -> FilmData:
    """Return what the film component shows.

    Args:
        run: the finished run.
        frames: its film.
    """
    places = list(frames.places)
    during, calls = places[:-1], len(run.timesteps)
    gain = change_gain(run)
    moved = changes(run)
    way = run.path[-1:] - run.path[:1]  # the last place looks back on all of it
    # The last place: no call is made there. Latents, the picture, the beginning and the way.
    eps = np.concatenate([run.eps[during], run.path[:1]])
    change = np.concatenate([moved[during] * gain, way])
    guess = np.concatenate([run.x0[during], run.path[-1:]])
    return {
        "id": run_id(run.request),
        "given": {
            **_words(tr("What the network is given"), "x", "t"),
            "end": {**_words(tr("The latents at the end"), "x", "0"), "show": "latents"},
            "sheet": photo_sheet(frames.given).as_json(),
            "latents": _channels(run.path[places]),
        },
        "guess": {
            **_words(tr("What it believes is in there"), "x̂", "0"),
            "end": {**_words(tr("Your picture"), "", ""), "show": "sheet"},
            "sheet": photo_sheet(frames.guess).as_json(),
            "latents": _channels(guess),
        },
        "noise": {
            **_words(tr("Noise it sees"), "ε̂", ""),
            "end": {**_words(tr("First noise"), "x", "T")},
            "sheet": _coloured(run, eps),
            "latents": _channels(eps),
        },
        "change": {
            **_words(tr("Change"), "Δx", ""),
            "end": {**_words(tr("In all"), "Δx", "")},
            "sheet": _coloured(run, change),
            "latents": _channels(change),
        },
        "places": say_places(run, places),
        "calls": places,
        "count": calls,
        "charts": charts_data(run),
        "how": _say_how(run, gain, frames),
    }


def begun_film(run: Run, whole: tuple[int, int]) -> FilmData:
    """Return what the film component shows of a run that was stopped: every call that was made.

    Args:
        run: from ``begun_run``, of two calls or more.
        whole: calls and steps it would have had.
    """
    frames, calls = quick_frames(run), len(run.timesteps)
    shown = Frames(frames.places[:-1], frames.given[:-1], frames.guess[:-1], False)
    film, moved = film_data(run, frames), changes(run) * change_gain(run)
    charts: list[ChartData] = [
        {**chart, "lines": [{**line, "values": line["values"][:calls]} for line in chart["lines"]]}
        for chart in film["charts"]
    ]
    return {
        **film,
        "given": _stopped(film["given"], photo_sheet(shown.given).as_json(), run.path[:-1]),
        "guess": _stopped(film["guess"], photo_sheet(shown.guess).as_json(), run.x0),
        "noise": _stopped(film["noise"], _coloured(run, run.eps), run.eps),
        "change": _stopped(film["change"], _coloured(run, moved), moved),
        "id": f"{film['id']} stopped after {calls}",
        "places": say_places(run, shown.places, whole),
        "calls": list(shown.places),
        "count": calls - 1,
        "charts": charts,
    }


def change_gain(run: Run) -> float:
    """Choose how much stronger changes are shown: a power of two, one for the whole run.

    It brings the change in the middle of them to at most unit size.

    Args:
        run: the finished run.
    """
    middle = float(np.median(rms(changes(run))))
    power = math.floor(math.log2(1 / middle)) if middle > 0 else 0
    return 2.0 ** min(max(power, GAINS[0]), GAINS[1])


def _stopped(pane: PaneData, sheet: SheetData, latents: Numbers) -> PaneData:
    return {**pane, "end": None, "sheet": sheet, "latents": _channels(latents)}


def _words(title: str, symbol: str, index: str) -> WordsData:
    return {"title": title, "symbol": symbol, "index": index}


def _channels(latents: Numbers) -> SheetData:
    return exact_sheet(channel_tiles(latent_colours(latents, LIMIT))).as_json()


def _coloured(run: Run, latents: Numbers) -> SheetData:
    weights, _ = linear_colours(run)
    return exact_sheet(in_colours(latents, weights, GREY)).as_json()


def _say_how(run: Run, gain: float, frames: Frames) -> HowData:
    height, width = run.picture.shape[:2]
    if not frames.decoded:
        made = tr("Quick colours until it has been decoded.")
    elif frames.small:
        made = tr(
            "{width} × {height} pixels, enlarged smoothly; by the small decoder, the finished "
            "picture by the VAE.",
            width=width,
            height=height,
        )
    else:
        made = tr("{width} × {height} pixels, enlarged smoothly.", width=width, height=height)
    times = "" if gain == 1 else tr("Changes are shown {gain:g} times as strong.", gain=gain)
    scale = tr(LATENTS_SAY, limit=LIMIT)
    return {
        "sheet": in_a_row(made, tr("Below: latents in quick colours, grey is 0."), times),
        "latents": in_a_row(
            tr(
                "The {channels} channels of the latents: {scale}.",
                channels=run.path.shape[1],
                scale=scale,
            ),
            times,
        ),
        "end": in_a_row(
            made,
            tr("Left: the latents, {scale}.", scale=scale),
            tr("Below: the first noise, and all that has changed since."),
        ),
    }
