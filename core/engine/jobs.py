"""One computation and the tickets that wait for it: a picture, the film of one, or a look."""

import time
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from torch import Tensor

from core.engine.denoise import Loop, NoiseQuery, denoise
from core.engine.film import Film, latents_to_show, shown_calls
from core.engine.looks.look import Look, Work
from core.engine.request import FilmRequest, Request
from core.engine.ticket import ENDED, Ticket
from core.engine.trace import Step, Trace
from core.models.loading import Checkpoint

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel

Phase = Literal["queued", "running", "decoding"]


class PictureJob:
    """A run on its way; only the worker moves it on."""

    def __init__(self, request: Request) -> None:
        """Wait to be started.

        Args:
            request: validated.
        """
        self.request = request
        self.tickets: list[Ticket[Any]] = []  # Any: a Trace, which the ticket need not know
        self.session = ""  # whose turn it was started in
        self.phase: Phase = "queued"
        self.query: NoiseQuery | None = None
        self.steps: tuple[Step, ...] = ()
        self.started = 0.0
        self._loop: Loop | None = None

    @property
    def done(self) -> int:
        """U-Net calls answered."""
        last = self.newest
        return 0 if last is None else last.index + 1

    @property
    def total(self) -> int:
        """U-Net calls in all; before the start, the steps asked for."""
        return self.request.steps if self.query is None else self.query.calls

    @property
    def newest(self) -> Step | None:
        """The newest step."""
        if self.steps:
            return self.steps[-1]
        return None if self.query is None else self.query.last

    def start(self, checkpoint: Checkpoint, states: Tensor) -> None:
        """Get ready to ask the first question.

        Args:
            checkpoint: that will answer.
            states: text states of this request.

        Raises:
            ExplainerError: the request does not suit the model.
        """
        self.started = time.perf_counter()
        self._loop = denoise(checkpoint, self.request, states)
        self.query = next(self._loop)

    def advance(self, answer: Tensor) -> None:
        """Take one answer; after the last, ``phase`` is "decoding".

        Args:
            answer: to ``query``.

        Raises:
            ExplainerError: the numbers stopped being finite.
        """
        assert self._loop is not None
        try:
            self.query = self._loop.send(answer)
        except StopIteration as end:
            self.steps = end.value
            self.phase = "decoding"

    def finish(self, checkpoint: Checkpoint, picture: Tensor) -> Trace:
        """Return the finished run.

        Args:
            checkpoint: that answered.
            picture: decoded, uint8 (height, width, 3).
        """
        seconds = time.perf_counter() - self.started
        return Trace(self.request, checkpoint.fingerprint, self.steps, picture.numpy(), seconds)


class LookJob:
    """Something to be read off the model; it waits and takes turns like a picture."""

    def __init__(self, request: Look[Any]) -> None:
        """Wait for its turn.

        Args:
            request: validated.
        """
        self.request = request
        self.tickets: list[Ticket[Any]] = []  # Any: a reading, as above
        self.session = ""
        self.phase: Phase = "queued"
        self.done = self.total = 0
        self.so_far: Any = None  # what the look has told of its reading, None where nothing
        self.reading: Any = None
        self._work: Work[Any] | None = None

    def start(self, loaded: "LoadedModel") -> None:
        """Get ready for the first piece.

        Args:
            loaded: the model to read.

        Raises:
            ExplainerError: the model cannot be read in this way.
        """
        self._work = self.request.read(loaded)
        self._take(next(self._work))

    def advance(self) -> bool:
        """Do one piece.

        Returns:
            Whether it was the last, so that ``reading`` is there.

        Raises:
            ExplainerError: the model cannot be read in this way.
        """
        assert self._work is not None
        try:
            self._take(next(self._work))
        except StopIteration as end:
            self.reading = end.value
            return True
        return False

    def _take(self, told: tuple[int, int] | tuple[int, int, Any]) -> None:  # Any: as above
        self.done, self.total, *so_far = told
        if so_far:
            [self.so_far] = so_far

    def close(self) -> None:
        """Give up where it stands, so that what it changed for a moment is put back."""
        if self._work is not None:
            self._work.close()


class FilmJob:
    """A finished run on its way to pictures; only the worker moves it on."""

    def __init__(self, request: FilmRequest) -> None:
        """Wait for the run.

        Args:
            request: validated.
        """
        self.request = request
        self.tickets: list[Ticket[Any]] = []  # Any: a Film, which the ticket need not know
        self.phase: Phase = "queued"
        self.source: Ticket[Trace] | None = None
        self._indices: tuple[int, ...] = ()
        self._latents: list[Tensor] = []
        self._pictures: list[Tensor] = []

    @property
    def ready(self) -> bool:
        """Whether its run has ended, so that its turn with the model has come."""
        return self.phase != "queued" or (self.source is not None and self.source.state in ENDED)

    @property
    def done(self) -> int:
        """Pictures decoded."""
        return len(self._pictures)

    @property
    def total(self) -> int:
        """Pictures in all; 0 while the run is not there."""
        return len(self._latents)

    def start(self, trace: Trace) -> None:
        """Get ready to decode.

        Args:
            trace: the run to show.
        """
        self._indices = shown_calls(trace.calls, self.request.frames)
        self._latents = latents_to_show(trace, self._indices)
        self.phase = "decoding"

    def next_latents(self, count: int) -> list[Tensor]:
        """Return what to decode next.

        Args:
            count: how many at most.
        """
        return self._latents[self.done : self.done + count]

    def advance(self, pictures: list[Tensor]) -> bool:
        """Take decoded pictures.

        Args:
            pictures: of ``next_latents``, each uint8 (height, width, 3).

        Returns:
            Whether all are there.
        """
        self._pictures.extend(pictures)
        return self.done == self.total

    def finish(self) -> Film:
        """Return the film."""
        pictures = np.stack([picture.numpy() for picture in self._pictures])
        split = len(self._indices) + 1
        return Film(pictures[:split], pictures[split:], self._indices)
