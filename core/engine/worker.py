"""The engine of one machine: one thread owns the model, all works share its calls."""

import time
from collections.abc import Callable
from typing import Any

from core.engine.calls import explain
from core.engine.engine import Engine
from core.engine.line import Job
from core.engine.loaded import LoadedModel, load_model
from core.engine.results import Results
from core.engine.ticket import Ticket
from core.engine.work import Decode, NoiseQuery, Wanted
from core.models.folders import find_checkpoint
from core.models.latents import preview


class Worker(Engine):
    """Takes works from many sessions and does them together.

    Every tick goes on with those whose turn it is (see ``Line``): their questions to the U-Net are
    stacked into as few calls as the kinds of question allow, then what is to be decoded is decoded.
    Whatever ends one work ends it alone.
    """

    def __init__(
        self,
        load: Callable[[str], LoadedModel] = load_model,
        check: Callable[[str], object] = find_checkpoint,
        results: Results | None = None,
        room: int = 64,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
    ) -> None:
        """Open for works; the thread starts with the first one.

        Args:
            load: brings a model into memory.
            check: as for ``Engine``, and so are the others.
            results: where finished work is kept.
            room: how many may wait.
            clock: seconds.
            threaded: whether a thread ticks.
        """
        super().__init__(check, results, room, clock, threaded)
        self._load = load
        # Below: written by the thread that ticks; others only read whether they are there.
        self._model: LoadedModel | None = None
        self._model_id: str | None = None
        self._colors_wanted = False

    def preview(self, ticket: Ticket[Any]) -> Any | None:  # Any: an array, see ``Engine``
        """Return the newest estimate of a ticket's run as a small picture."""
        step, model = ticket.newest(), self._model
        if step is None or model is None:
            return None
        if model.colors is None:
            self._colors_wanted = not model.colors_tried  # fitted at the next tick
            return None
        return preview(step.x0[None], model.colors)[0].numpy()

    def tick(self) -> None:
        """Do one round with those whose turn it is."""
        self._leave(self._line.drop())
        self._change_model()
        if self._colors_wanted and self._model is not None:
            self._colors_wanted = False
            self._model.fit_colors()
        rows = self._model.most_rows if self._model else 1
        chosen = self._line.choose(self._model_id, rows)
        self._go_on(chosen)
        if any(job.waits for job in chosen):  # what these want need not wait for the next tick
            more = self._line.choose(self._model_id, rows, chosen)
            self._go_on(more)
            chosen += more
        self._answer(chosen, NoiseQuery)
        self._answer(chosen, Decode)

    def _go_on(self, chosen: list[Job]) -> None:
        """Begin with who is new, and do a piece of those that ask nothing."""
        now = time.perf_counter()
        for job in chosen:
            job.lived += 0.0 if job.since is None else now - job.since
            job.since = now
            if job.course is None and not self._begin(job):
                continue
            if job.asks is None:
                self._send(job, None)
            elif isinstance(job.asks, Wanted) and not job.waits:
                self._send(job, [ticket.outcome() for ticket in job.wanted])

    def _change_model(self) -> None:
        """Load another model where it is its turn; who waits for one that does not load is told."""
        while (model := self._line.model_wanted(self._model_id)) is not None:
            self._model = self._model_id = None
            self._leave(self._line.load(model))
            try:
                loaded = self._load(model)
            except Exception as error:
                self._line.refuse(model, explain(error))
            else:
                self._results.stamp(model, loaded.stamp)
                self._line.sized(loaded.positions)
                self._model, self._model_id = loaded, model
            finally:
                self._line.load(None)

    def _begin(self, job: Job) -> bool:
        """Begin with a work, unless it was done meanwhile; False where it has ended."""
        alone = self._line.begin(job)
        found = self._results.find(job.work)
        if found is not None:
            self._line.end(job, found)
            return False
        model = self._model if job.work.weights else None
        if model is not None and alone:
            model.forget_limits()  # memory that others held may be free by now
        job.course = job.work.course(model)
        return self._send(job, None)

    def _send(self, job: Job, answer: Any) -> bool:
        """Go on with a work from an answer, or from the error it got; False where it has ended."""
        assert job.course is not None
        started = time.perf_counter()
        try:
            if isinstance(answer, Exception):
                asked = job.course.throw(answer)
            else:
                asked = job.course.send(answer)
        except StopIteration as end:
            self._finish(job, end.value)
            return False
        except Exception as error:
            self._line.end(job, error=explain(error))
            return False
        job.spent += time.perf_counter() - started
        if isinstance(asked, Wanted):
            self._line.want(job, asked, [self._known(work) for work in asked.works])
        else:
            self._line.told(job, asked)
        return True

    def _finish(self, job: Job, value: Any) -> None:
        now = time.perf_counter()
        result = job.work.timed(value, job.lived + now - (now if job.since is None else job.since))
        if job.work.kept:
            self._results.keep(job.work, result)
        self._line.end(job, result, computed=True)

    def _answer(self, chosen: list[Job], kind: type[NoiseQuery] | type[Decode]) -> None:
        """Answer the questions of one kind, and go on with whoever asked."""
        asking = [job for job in chosen if isinstance(job.asks, kind) and job.tickets]
        if not asking or self._model is None:
            return
        questions: list[Any] = [job.asks for job in asking]  # Any: all of ``kind``
        started = time.perf_counter()
        answers = self._model.answers(questions)
        seconds = time.perf_counter() - started
        sizes = [len(one.states if kind is NoiseQuery else one.latents) for one in questions]
        for job, answer, size in zip(asking, answers, sizes, strict=True):
            job.spent += seconds * size / sum(sizes)
            job.calls += kind is NoiseQuery
            self._send(job, answer)
        if kind is NoiseQuery:
            self._line.ticked(sum(sizes), seconds)

    def _has(self, model: str) -> bool:
        return model == self._model_id

    def _leave(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.course is not None:
                job.course.close()
