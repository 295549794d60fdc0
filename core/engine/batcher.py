"""The engine of one machine: one thread owns the model, many sessions share every U-Net call."""

import threading
import time
from collections.abc import Callable
from typing import Any, overload

import numpy as np
from torch import Tensor

from core.engine.calls import explain
from core.engine.denoise import read_prompts
from core.engine.desk import Counters, FrontDesk, InLine
from core.engine.film import Film
from core.engine.jobs import FilmJob, LookJob, PictureJob
from core.engine.leaving import PATIENCE_S, close_at_exit
from core.engine.loaded import LoadedModel, load_model
from core.engine.looks.look import Look, Reading
from core.engine.request import FilmRequest, Request, validated, validated_film
from core.engine.results import Results
from core.engine.ticket import Ticket
from core.engine.trace import Step, Trace
from core.errors import ExplainerError
from core.models.folders import find_checkpoint
from core.models.latents import preview

FILM_CHUNK = 4  # pictures decoded between two ticks
LOST = ExplainerError("The model of this film is not in memory any more.", "Ask for it again.")


class Batcher:
    """Takes requests from many sessions and runs them together.

    Every tick stacks the questions of all running requests into one U-Net call. A request joins at
    the next tick and leaves when it is done; the line is fair between sessions.
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
        """Open for requests; the worker starts with the first one.

        Args:
            load: brings a model into memory.
            check: raises ExplainerError for a model that is not on this machine.
            results: where finished work is kept; None keeps it in memory only.
            room: how many may wait.
            clock: seconds, for the patience with tickets that nobody looks at.
            threaded: False leaves it to the caller to call ``tick`` while ``busy``.
        """
        self._load = load
        self._check = check
        self._results = results or Results()
        self._desk = FrontDesk(room, clock, self._preview)
        self._threaded = threaded
        self._thread: threading.Thread | None = None
        self._closed = False
        self._colors_wanted = False
        self._model: LoadedModel | None = None
        self._model_id: str | None = None

    @overload
    def submit(
        self, request: Request, session: str = "", *, replace: bool = True
    ) -> Ticket[Trace]: ...
    @overload
    def submit(
        self, request: FilmRequest, session: str = "", *, replace: bool = True
    ) -> Ticket[Film]: ...
    @overload
    def submit(
        self, request: Look[Reading], session: str = "", *, replace: bool = True
    ) -> Ticket[Reading]: ...
    def submit(
        self,
        request: Request | FilmRequest | Look[Any],
        session: str = "",
        *,
        replace: bool = True,
    ) -> Ticket[Any]:  # Any: one of those above
        """Ask for a picture, a film, or something read off the model.

        Args:
            request: checked here.
            session: who asks; sessions take turns.
            replace: the session's earlier wishes that have not ended are given up.

        Returns:
            A ticket that ends exactly once.

        Raises:
            ExplainerError: a field is wrong, the model is not here, or too many are waiting.
        """
        trace: Trace | Film | None = None
        found: Trace | Film | None = None
        if isinstance(request, Look):
            request = request.validated()
        else:
            if isinstance(request, FilmRequest):
                request = validated_film(request)
                trace = self._results.find(request.request)
            else:
                request = validated(request)
            found = self._results.find(request)  # reads the disk, so before the lock
        model = request.request.model if isinstance(request, FilmRequest) else request.model
        if found is None and model != self._model_id:
            self._check(model)  # here, so that the model in memory stays for everybody else
        with self._desk.changed:
            if self._closed:
                raise ExplainerError("The engine has been shut down.", "Start the app again.")
            if found is not None:
                ticket = self._desk.answer_at_once(request, session, found)
            else:
                # A film of another model's run goes through the line, which changes models.
                ready = isinstance(trace, Trace) and trace.request.model == self._model_id
                run = trace if ready else None
                ticket = self._desk.accept(request, session, replace, run)  # type: ignore[arg-type]  # a Trace if ready
            if replace:
                self._desk.give_up_others(ticket)
            self._wake()
        return ticket

    def counters(self) -> Counters:
        """Return what became of everything so far."""
        return self._desk.counters()

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return self._desk.busy

    def close(self) -> None:
        """Give up all work and stop the worker."""
        with self._desk.changed:
            self._closed = True
            self._desk.end_all()
            self._desk.changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE_S)

    def tick(self) -> None:
        """Do one round: let the next ones in, ask the U-Net once for all, decode what is ready."""
        self._desk.drop_unseen()
        self._let_in()
        self._ask()
        self._look()
        self._decode_pictures()
        self._decode_film()

    def _wake(self) -> None:
        """Let the worker see what changed; one that died is replaced."""
        if self._threaded and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
            self._thread.start()
            close_at_exit(self)
        self._desk.changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._desk.changed:
                while not self.busy and not self._closed:
                    self._desk.changed.wait()
                if self._closed:
                    return
            try:
                self.tick()
            except Exception as error:  # a fault of ours must end tickets, not the worker
                self._desk.end_all(explain(error))

    def _let_in(self) -> None:
        """Start whoever is next while there is room; another model waits until this one is idle."""
        desk = self._desk
        while True:
            with desk.changed:
                turn = desk.next_turn()
                if turn is None:
                    return
                needed = turn[1].request.model
                change = needed != self._model_id
                if change and not desk.idle:
                    return
                if change:  # at once, so that no film is let in for a model that is about to go
                    self._model, self._model_id = None, None
                    desk.loading = needed
                else:
                    desk.let_in(*turn)
            if change:
                self._change_model(needed)
            else:
                self._start(turn[1])

    def _change_model(self, model: str) -> None:
        """Load a model; who waits for one that does not load is told why."""
        try:
            loaded = self._load(model)
        except Exception as error:
            told = explain(error)
            with self._desk.changed:
                for job in self._desk.line.order():
                    if job.request.model == model:
                        self._desk.end_job(job, error=told)
        else:
            self._results.stamp(model, loaded.stamp)
            with self._desk.changed:
                loaded.results = self._results
                self._model, self._model_id = loaded, model
                self._desk.slots = loaded.slots
        finally:
            self._desk.loading = None

    def _start(self, job: InLine) -> None:
        model = self._model
        assert model is not None
        if isinstance(job, PictureJob) and len(self._desk.running) == 1:
            model.unet.forget_limits()  # memory that others held may be free by now
            model.vae.forget_limits()
        try:
            if isinstance(job, LookJob):
                job.start(model)
                return
            found = self._results.find(job.request)
            if found is None:
                job.start(model.checkpoint, read_prompts(job.request, model.read))
                return
        except Exception as error:
            self._desk.end_job(job, error=explain(error))
            return
        self._desk.from_store(job)
        self._desk.end_job(job, found)

    def _look(self) -> None:
        """Do one piece of every look under way."""
        for job in [job for job in self._desk.running if isinstance(job, LookJob)]:
            try:
                ended = job.advance()
            except Exception as error:
                self._desk.end_job(job, error=explain(error))
                continue
            if ended:
                self._desk.computed()
                self._desk.end_job(job, job.reading)

    def _ask(self) -> None:
        """Put the questions of all running requests to the U-Net, and hand out the answers."""
        model = self._model
        asking = [job for job in self._pictures() if job.phase == "running"]
        if model is None or not asking:
            return
        if self._colors_wanted:
            self._colors_wanted = False
            model.fit_colors()
        queries = [job.query for job in asking if job.query is not None]
        started = time.perf_counter()
        answers = model.answers(queries)
        self._desk.ticked(time.perf_counter() - started)
        for job, answer in zip(asking, answers, strict=True):
            try:
                if isinstance(answer, Exception):
                    raise answer
                job.advance(answer)
            except Exception as error:
                self._desk.end_job(job, error=explain(error))

    def _pictures(self) -> list[PictureJob]:
        return [job for job in self._desk.running if isinstance(job, PictureJob)]

    def _decode_pictures(self) -> None:
        model = self._model
        ready = [job for job in self._pictures() if job.phase == "decoding"]
        if model is None or not ready:
            return
        pictures = model.vae.run([job.steps[-1].x_prev for job in ready])
        for job, picture in zip(ready, pictures, strict=True):
            if isinstance(picture, Exception):
                self._desk.end_job(job, error=explain(picture))
                continue
            trace = job.finish(model.checkpoint, picture)
            self._desk.ran(trace.seconds)
            self._answer(job, trace)

    def _decode_film(self) -> None:
        """Decode a few pictures of one film; films take turns, and no run waits for a whole one."""
        film = self._desk.next_film()
        if film is None:
            return
        if self._model is None or film.request.request.model != self._model_id:
            self._desk.end_job(film, error=LOST)  # another VAE would draw another film
            return
        pictures = self._model.vae.run(film.next_latents(FILM_CHUNK))
        wrong = [picture for picture in pictures if isinstance(picture, Exception)]
        if wrong:
            self._desk.end_job(film, error=explain(wrong[0]))
        elif film.advance([picture for picture in pictures if isinstance(picture, Tensor)]):
            self._answer(film, film.finish())

    def _answer(self, job: PictureJob | FilmJob, value: Trace | Film) -> None:
        """Hand out a result; it is written to disk when nobody waits for it any more."""
        self._desk.computed()
        self._desk.end_job(job, value)
        self._results.keep(job.request, value)

    def _preview(self, step: Step) -> np.ndarray | None:
        model = self._model
        if model is None:
            return None
        if model.colors is None:
            self._colors_wanted = not model.colors_tried  # the worker fits them at its next tick
            return None
        return preview(step.x0[None], model.colors)[0].numpy()
