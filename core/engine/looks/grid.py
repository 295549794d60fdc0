"""A grid of pictures as one job: its cells share U-Net calls and are shown as they are finished."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.models.catalog import find_entry

if TYPE_CHECKING:
    import numpy as np

    from core.engine.denoise import Loop, NoiseQuery
    from core.engine.loaded import LoadedModel
    from core.engine.trace import Step

MOST_CELLS = 25


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Cell:
    """One picture of a grid, or why there is none.

    Attributes:
        request: what was asked.
        picture: uint8 (H, W, 3); None where it failed.
        calls: how often the U-Net was asked for it.
        seconds: its share of the machine's time: of every call that it shared with other cells as
            much as it had rows in it, and its decoding.
        stored: whether it was there already, so that ``seconds`` are all that passed while the run
            was made, other work included, and no share.
        error: why there is no picture, None otherwise.
    """

    request: Request
    picture: "np.ndarray | None" = None
    calls: int = 0
    seconds: float = 0.0
    stored: bool = False
    error: ExplainerError | None = None


Cells = tuple[Cell | None, ...]  # None: not there yet


@dataclass(frozen=True, slots=True)
class GridLook(Look[Cells]):
    """Many pictures at once; read as one ``Cell`` for every request, told as they come.

    A strip of pictures over one setting is a grid of one row: give one request for each value,
    such as ``[replace(request, guidance=w) for w in ...]``, all of one model. A request that cannot
    be run fails alone.

    Attributes:
        model: the checkpoint's id in the catalog.
        requests: at most ``MOST_CELLS``; equal ones are drawn once.
    """

    model: str
    requests: tuple[Request, ...]

    def validated(self) -> Self:
        """Return the look with its cells counted; each of them is checked when its turn comes.

        Raises:
            ExplainerError: there is none, there are too many, or they are of several models.
        """
        check_whole(len(self.requests), "number of pictures", 1, MOST_CELLS)
        if any(request.model != self.model for request in self.requests):
            raise ExplainerError("A grid has one model.", "Choose the same model for all pictures.")
        return type(self)(find_entry(self.model).id, self.requests)

    def read(self, loaded: "LoadedModel") -> Work[Cells]:
        """Draw all pictures, one shared call of the network a piece.

        Not all are under way at once: as many as one call has room for, so that other people's
        pictures never wait for more than that, and the first ones are soon finished.

        Args:
            loaded: the model.
        """
        done: dict[Request, Cell] = {}
        waiting = iter(dict.fromkeys(self.requests))
        running: list[_Run] = []

        def told() -> tuple[int, int, Cells]:
            asked = sum(cell.calls for cell in done.values()) + sum(run.asked for run in running)
            rest = sum(run.query.calls - run.asked for run in running)
            known = {*done, *(run.request for run in running)}
            rest += sum(one.steps for one in set(self.requests) - known)  # not counted yet: steps
            return asked, asked + rest, tuple(done.get(request) for request in self.requests)

        yield told()
        while True:
            for run in _start(loaded, waiting, done, loaded.slots - len(running)):
                running.append(run)
                yield told()  # reading a prompt takes time as well
            if not running:
                return tuple(done[request] for request in self.requests)
            _ask(loaded, running)
            ended = [run for run in running if run.ended]
            running = [run for run in running if not run.ended]
            if ended:
                yield told()
                _finish(loaded, ended, done)
            yield told()


@dataclass(slots=True, eq=False)
class _Run:
    """One picture on its way."""

    request: Request
    began: float
    loop: "Loop"
    query: "NoiseQuery"
    steps: "tuple[Step, ...]" = ()
    seconds: float = 0.0  # its share
    error: ExplainerError | None = None
    asked: int = 0

    @property
    def ended(self) -> bool:
        return bool(self.steps) or self.error is not None


def _start(
    loaded: "LoadedModel", waiting: Iterator[Request], done: dict[Request, Cell], room: int
) -> Iterator[_Run]:
    """Let the next ones in while there is room; what is there already or cannot be run is done."""
    from core.engine.calls import explain
    from core.engine.denoise import denoise, read_prompts
    from core.engine.trace import Trace

    while room > 0 and (request := next(waiting, None)) is not None:
        try:
            right = validated(request)
            found = loaded.results.find(right)
            if isinstance(found, Trace):
                done[request] = Cell(right, found.picture, found.calls, found.seconds, stored=True)
                continue
            states = read_prompts(right, loaded.read)
            began = time.perf_counter()
            loop = denoise(loaded.checkpoint, right, states)
            run = _Run(request, began, loop, next(loop))
        except Exception as error:  # whatever it is, it ends one cell, not the grid
            done[request] = Cell(request, error=explain(error))
            continue
        room -= 1
        yield run


def _ask(loaded: "LoadedModel", running: list[_Run]) -> None:
    """Put the questions of all to the U-Net together; each is charged for its rows."""
    from core.engine.calls import explain

    rows = [len(run.query.states) for run in running]
    started = time.perf_counter()
    answers = loaded.answers([run.query for run in running])
    seconds = time.perf_counter() - started
    for run, answer, mine in zip(running, answers, rows, strict=True):
        run.seconds += seconds * mine / sum(rows)
        run.asked += 1
        try:
            if isinstance(answer, Exception):
                raise answer
            run.query = run.loop.send(answer)
        except StopIteration as end:
            run.steps = end.value
        except Exception as error:  # as above
            run.error = explain(error)


def _finish(loaded: "LoadedModel", ended: list[_Run], done: dict[Request, Cell]) -> None:
    """Decode what has ended, and keep it, so that whoever asks for a cell's run has it at once."""
    from core.engine.calls import explain
    from core.engine.trace import Trace

    right = [run for run in ended if run.error is None]
    started = time.perf_counter()
    pictures = loaded.vae.run([run.steps[-1].x_prev for run in right])
    now = time.perf_counter()
    share = (now - started) / max(1, len(right))
    for run, picture in zip(right, pictures, strict=True):
        if isinstance(picture, Exception):
            run.error = explain(picture)
            continue
        request, lived = validated(run.request), now - run.began
        trace = Trace(request, loaded.checkpoint.fingerprint, run.steps, picture.numpy(), lived)
        loaded.results.keep(request, trace)
        done[run.request] = Cell(request, trace.picture, trace.calls, run.seconds + share)
    for run in ended:
        if run.error is not None:
            done[run.request] = Cell(run.request, calls=run.asked, error=run.error)
