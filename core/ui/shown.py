"""What pages draw of a run, made once for everybody: steps as arrays, the film as frames."""

from dataclasses import dataclass
from typing import Any

from core.engine.request import FilmRequest, Request
from core.ui.made import made
from core.ui.runs import Draw, done, find, read
from core.views.film import FilmData, film_data
from core.views.run import Frames, Run, frames_of, quick_frames, run_of
from core.words import tr_later


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One finished run.

    Attributes:
        run: the run.
        frames: of its film.
    """

    run: Run
    frames: Frames

    @property
    def film(self) -> FilmData:
        """The film, for the browser."""
        return made(("film", self), lambda: film_data(self.run, self.frames))


def kept(request: Request) -> Shown | None:
    """Return a run, where it is there already, with its decoded film where that is.

    Args:
        request: a valid request.
    """
    trace = find(request)
    return None if trace is None else drawn(trace)


def here(request: Request) -> Shown:
    """Return the run of a request; where it is not there, it is computed, and a line says so.

    Args:
        request: a valid request.
    """
    return drawn(read(request, tr_later("Call")))


def decode(shown: Shown, draw: Draw) -> Shown:
    """Have the engine decode the film of a run.

    Args:
        shown: the run.
        draw: shows how far it is.

    Raises:
        ExplainerError: the engine says why there is none.
    """
    return _with_film(shown.run, done(FilmRequest(shown.run.request), draw))


def drawn(trace: Any) -> Shown:  # Any: a Trace, whose class imports torch
    """Make what pages draw of a run, once for everybody; in quick colours until it is decoded.

    Args:
        trace: the run.
    """
    film, shown = find(FilmRequest(trace.request)), made(("run", trace), lambda: _quick(trace))
    return shown if film is None else _with_film(shown.run, film)


def _quick(trace: Any) -> Shown:  # Any: as above
    run = run_of(trace)
    return Shown(run, quick_frames(run))


def _with_film(run: Run, film: Any) -> Shown:  # Any: as above
    return made(("run", film), lambda: Shown(run, frames_of(run, film)))
