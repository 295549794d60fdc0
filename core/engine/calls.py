"""Work on many tensors in calls that fit into memory; one that fails alone fails alone."""

import gc
import logging
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor

from core.errors import ExplainerError
from core.models.hardware import is_out_of_memory

LOG = logging.getLogger(__name__)
Item = TypeVar("Item")


class FittedCalls(Generic[Item]):
    """Runs one function over lists of items, in calls that are as wide as memory allows."""

    def __init__(
        self,
        work: Callable[[list[Item]], Tensor],
        shape_of: Callable[[Item], torch.Size],
        most: Callable[[torch.Size], int],
    ) -> None:
        """Keep what to run.

        Args:
            work: takes items of one shape and returns one row for each.
            shape_of: items of different shapes never share a call.
            most: how many items of a shape one call should take at most.
        """
        self._work = work
        self._shape_of = shape_of
        self._most = most
        self._limits: dict[torch.Size, int] = {}
        self.calls = 0

    def run(self, items: Sequence[Item]) -> list[Tensor | Exception]:
        """Work on every item.

        Args:
            items: of any mix of shapes.

        Returns:
            For each item its row, or the exception that it ended with when tried alone.
        """
        groups: dict[torch.Size, list[int]] = {}
        for number, item in enumerate(items):
            groups.setdefault(self._shape_of(item), []).append(number)
        results: dict[int, Tensor | Exception] = {}
        for shape, numbers in groups.items():
            found = self._in_parts(shape, [items[number] for number in numbers])
            results.update(zip(numbers, found, strict=True))
        return [results[number] for number in range(len(items))]

    def forget_limits(self) -> None:
        """Try full width again: memory that others held may be free by now."""
        self._limits.clear()

    def _in_parts(self, shape: torch.Size, items: list[Item]) -> list[Tensor | Exception]:
        limit = self._limits.get(shape) or max(1, self._most(shape))
        if len(items) > limit:
            return self._in_parts(shape, items[:limit]) + self._in_parts(shape, items[limit:])
        self.calls += 1
        try:
            return list(self._work(items))
        except Exception as error:  # whatever it is, it must end one request, not all of them
            caught = error.with_traceback(None)  # a traceback keeps the failed call's tensors
        if is_out_of_memory(caught):
            free_memory()
            self._limits[shape] = max(1, len(items) // 2)
        if len(items) == 1:
            return [caught]
        half = len(items) // 2
        return self._in_parts(shape, items[:half]) + self._in_parts(shape, items[half:])


def free_memory() -> None:
    """Give back what torch keeps for later, so that the next call may have it."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def explain(error: Exception) -> ExplainerError:
    """Say in words what ended a run; sentences that are ours already pass as they are.

    Args:
        error: what was raised.
    """
    if isinstance(error, ExplainerError):
        return error
    LOG.error("a run failed", exc_info=error)
    if is_out_of_memory(error):
        return ExplainerError(
            "There was not enough memory for this picture.",
            "Choose a smaller size, or close other programs that use the device.",
        )
    first_line = (str(error).strip() or "no reason given").splitlines()[0]
    return ExplainerError(
        f"This run failed: {first_line:.160}",
        "Change the settings, or try again; the log says more.",
    )
