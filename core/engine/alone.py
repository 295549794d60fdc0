"""One work by itself: its course driven by hand, for tests, notebooks and the command line."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from core.engine.calls import explain
from core.engine.loaded import LoadedModel
from core.engine.work import Outcome, Progress, Result, Wanted, Work
from core.models.fast_unet import FastUNet
from core.models.loading import Checkpoint


def run_alone(
    checkpoint: Checkpoint,
    work: Work[Result],
    tell: Callable[[Progress], object] = lambda _: None,
    fast: FastUNet | None = None,
    done: Mapping[Work[Any], Any] | None = None,  # Any: each work has a result of its own
) -> Result:
    """Do one work from its beginning to its end, and return its result.

    Args:
        checkpoint: answers, whatever model the work names.
        work: validated here.
        tell: is told how far it is, before every piece.
        fast: the checkpoint's U-Net on another runtime; None computes all with torch.
        done: works, validated, that this one may want, with their results.

    Raises:
        ExplainerError: a field is wrong, or the work cannot be done.
    """
    loaded = LoadedModel(checkpoint, 0, fast=fast)
    return _drive(loaded, work.validated(), tell, done or {})


def _drive(
    loaded: LoadedModel,
    work: Work[Any],
    tell: Callable[[Progress], object],
    done: Mapping[Work[Any], Any],
) -> Any:
    started, course, answer = time.perf_counter(), work.course(loaded), None
    while True:
        try:
            asked = course.send(answer)
        except StopIteration as end:
            return work.timed(end.value, time.perf_counter() - started)
        progress = asked if isinstance(asked, Progress) else getattr(asked, "progress", None)
        if progress is not None:
            tell(progress)
        if isinstance(asked, Progress):
            answer = None
        elif isinstance(asked, Wanted):
            answer = [_outcome(loaded, part, done) for part in asked.works]
        else:
            [answer] = loaded.answers([asked])
            if isinstance(answer, Exception):
                raise answer


def _outcome(loaded: LoadedModel, work: Work[Any], done: Mapping[Work[Any], Any]) -> Outcome:
    """Do a work that another one wants; one that fails fails alone."""
    if work in done:
        return Outcome(done[work])
    started, before = time.perf_counter(), loaded.unet.calls
    try:
        value, error = _drive(loaded, work.validated(), lambda _: None, done), None
    except Exception as caught:  # whatever it is, it ends this one
        value, error = None, explain(caught)
    return Outcome(value, error, loaded.unet.calls - before, time.perf_counter() - started)
