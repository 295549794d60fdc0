"""A run as a film: what the browser needs to scrub through it alone."""

from typing import Any

from core.views.run import Frames, Run, run_id, say_places
from core.views.strips import photo_sheet

QUICK = "quick colours until the VAE has decoded it"


def film_data(run: Run, frames: Frames) -> dict[str, Any]:  # Any: JSON for the browser
    """Return what the film component shows.

    Args:
        run: the finished run.
        frames: its film.
    """
    height, width = run.picture.shape[:2]
    size = f"{width} × {height} pixels, enlarged smoothly"
    return {
        "id": run_id(run.request),
        "given": {
            "title": "What the network is given",
            "symbol": "x",
            "index": "t",
            "sheet": photo_sheet(frames.given).as_json(),
        },
        "guess": {
            "title": "What it believes is in there",
            "symbol": "x̂",
            "index": "0",
            "sheet": photo_sheet(frames.guess).as_json(),
        },
        "places": say_places(run, frames.places),
        "how": size if frames.decoded else QUICK,
    }
