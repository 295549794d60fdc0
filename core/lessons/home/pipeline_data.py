"""The pipeline as a map: what the current run has at each of its stations."""

import numpy as np
from numpy.typing import NDArray

from core.lessons.home.stations_data import SCALES, MapData, StationLookData, empty_map
from core.models.tokens import Tokens
from core.views.colormaps import latent_colours, noise_greys
from core.views.run import Frames, Run, run_id, say_places
from core.views.strips import channel_tiles, exact_sheet, photo_sheet
from core.words import tr, tr_many

LIMIT = 3.0  # ends of the colour scales, as SCALES says: 99.7 % of unit noise lies within
CHIPS = 6  # tokens that fit in their box


def pipeline_map(
    run: Run,
    frames: Frames,
    tokens: Tokens,
    text_width: int,
) -> MapData:
    """Return the map of a finished run, for the map component.

    Args:
        run: the finished run.
        frames: of its film; the other stations are shown at the same places.
        tokens: its prompt as the text encoder read it.
        text_width: numbers that the text encoder makes of each token.
    """
    places, calls = list(frames.places), len(run.timesteps)
    during = [min(place, calls - 1) for place in places]  # the last answer stays to the end
    channels, rows, columns = run.path.shape[1:]
    height, width = run.picture.shape[:2]
    shares = np.append(1 - run.alpha_bars, 0.0)[places]
    looks: dict[str, StationLookData] = {
        "text": {"words": run.request.prompt.strip() or tr("(no words)")},
        "tokens": _chips(tokens),
        "hidden": {
            "before": tr("{ids} tokens", ids=len(tokens.ids)),
            "after": tr("{text_width} numbers each", text_width=text_width),
        },
        "noise": _exact(noise_greys(run.path[:1], LIMIT), tr("The first noise")),
        "schedule": {"curve": [round(float(share), 4) for share in shares]},
        "unet": _exact(noise_greys(run.eps[during], LIMIT), tr("The noise the network sees")),
        "latents": _exact(latent_colours(run.path[places], LIMIT), tr("The latents")),
        "vae": {
            "before": tr("{channels:,} numbers", channels=channels * rows * columns),
            "after": tr("{width} × {height} pixels", width=width, height=height),
        },
        "picture": {"sheet": photo_sheet(frames.given).as_json(), "alt": tr("The picture so far")},
    }
    lines = {
        "tokens": tr(
            "word pieces: {used} of {ids} places", used=tokens.used, ids=len(tokens.ids) - 2
        ),
        "picture": tr("{width} × {height} pixels, enlarged smoothly", width=width, height=height),
    }
    drawn = empty_map(run.request)
    for station in drawn["stations"]:
        station["look"] = looks[station["name"]]
        station["line"] = lines.get(station["name"], station["line"])
    return {
        **drawn,
        "id": run_id(run.request),
        "places": say_places(run, places),
        "times": tr_many(calls, "{count} time", "{count} times"),
        "how": tr(SCALES),
    }


def _chips(tokens: Tokens) -> StationLookData:
    kept = range(1, tokens.used + 1)  # 0 is the start token
    return {"chips": [{"text": tokens.texts[at], "id": str(tokens.ids[at])} for at in kept[:CHIPS]]}


def _exact(colours: NDArray[np.uint8], alt: str) -> StationLookData:
    return {"sheet": exact_sheet(channel_tiles(colours)).as_json(), "exact": True, "alt": alt}
