"""The front page's part that needs the engine and numpy, kept out of its first paint."""

from streamlit.delta_generator import DeltaGenerator

from core.engine.request import Request
from core.lessons.home.pipeline_data import pipeline_map
from core.lessons.home.stations_data import MapData, empty_map
from core.ui.made import made
from core.ui.runs import done, say_status
from core.ui.shown import Shown, decode, kept
from core.ui.tokenizing import text_width, tokens_of
from core.words import tr_later


def map_of(request: Request) -> MapData:
    """Return the map of a run: full where it is kept, empty boxes where it is not.

    Args:
        request: the running example.
    """
    shown = kept(request)
    if shown is None:
        return empty_map(request)
    return made(("map", shown), lambda: _full(shown))


def _full(shown: Shown) -> MapData:
    request = shown.run.request
    tokens = tokens_of(request.prompt, request.model)
    return pipeline_map(shown.run, shown.frames, tokens, text_width(request.model))


def compute(request: Request, line: DeltaGenerator) -> None:
    """Have the engine do the next thing that is missing: the run, then its decoded film.

    Args:
        request: the running example.
        line: where to say how far it is.
    """
    shown = kept(request)
    if shown is None:
        done(request, lambda ticket: line.caption(say_status(ticket.status(), tr_later("Call"))))
    else:
        decode(
            shown,
            lambda ticket: line.caption(say_status(ticket.status(), tr_later("Decoding frame"))),
        )
