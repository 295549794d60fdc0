"""A picture while somebody types: the run in few calls, and nothing kept of it but the picture."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.engine.request import Request, RunWork
from core.engine.work import Course, Decode
from core.models.few_steps import few_steps

if TYPE_CHECKING:
    import numpy as np

    from core.engine.loaded import LoadedModel


@dataclass(frozen=True, slots=True)
class LiveWork(RunWork["np.ndarray"]):
    """The picture of a run, uint8 (height, width, 3), by the small decoder where there is one.

    The next one is asked for a moment later, so nothing of it is kept on disk. The run itself is a
    ``Request``, for when typing rests; it goes the same way, which the model remembers a while.
    """

    def course(self, loaded: "LoadedModel") -> "Course[np.ndarray]":
        """Walk from noise to latents, then decode them."""
        way = yield from loaded.walk(self.request)
        loaded.walks.keep(self.request, way)
        small = loaded.small_decoder is not None
        [picture] = yield Decode([way.steps[-1].x_prev], small=small)
        return picture.numpy()


def in_few_calls(request: Request) -> Request:
    """Return the same run as the model draws it in few calls; it has no negative prompt.

    Args:
        request: valid.
    """
    few = few_steps(request.model)
    names = {one.name for one in few.loras}
    loras = (*few.loras, *(one for one in request.loras if one.name not in names))
    return replace(
        request, negative="", params=(), steps=few.steps, guidance=few.guidance,
        scheduler=few.scheduler, loras=tuple(sorted(loras)),
    )  # fmt: skip
