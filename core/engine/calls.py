"""Work on many tensors in calls that fit into memory; one that fails alone fails alone."""

import gc
import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from core.errors import ExplainerError
from core.models.hardware import is_out_of_memory
from core.words import tr

LOG = logging.getLogger(__name__)
Item = TypeVar("Item")


class FittedCalls(Generic[Item]):
    """Runs one function over lists of items, in calls that are as wide as memory allows."""

    def __init__(
        self,
        work: Callable[[list[Item]], Tensor],
        group_of: Callable[[Item], Hashable],
        most: Callable[[Any], int],  # Any: a group, of whatever kind ``group_of`` gives
    ) -> None:
        """Keep what to run.

        Args:
            work: takes items of one group and returns one row for each.
            group_of: items of different groups, of shapes for one, never share a call.
            most: how many items of a group one call should take at most.
        """
        self._work = work
        self._group_of = group_of
        self._most = most
        self._limits: dict[Hashable, int] = {}
        self.calls = 0

    def run(self, items: Sequence[Item]) -> list[Tensor | Exception]:
        """Return for each item its row, or the exception that it ended with when tried alone."""
        groups: dict[Hashable, list[int]] = {}
        for number, item in enumerate(items):
            groups.setdefault(self._group_of(item), []).append(number)
        results: dict[int, Tensor | Exception] = {}
        for group, numbers in groups.items():
            found = self._in_parts(group, [items[number] for number in numbers])
            results.update(zip(numbers, found, strict=True))
        return [results[number] for number in range(len(items))]

    def forget_limits(self) -> None:
        """Try full width again: memory that others held may be free by now."""
        self._limits.clear()

    def _in_parts(self, group: Hashable, items: list[Item]) -> list[Tensor | Exception]:
        limit = self._limits.get(group) or max(1, self._most(group))
        if len(items) > limit:
            return self._in_parts(group, items[:limit]) + self._in_parts(group, items[limit:])
        self.calls += 1
        try:
            return list(self._work(items))
        except Exception as error:  # whatever it is, it must end one request, not all of them
            caught = error.with_traceback(None)  # a traceback keeps the failed call's tensors
        if is_out_of_memory(caught):
            free_memory()
            self._limits[group] = max(1, len(items) // 2)
        if len(items) == 1:
            return [caught]
        half = len(items) // 2
        return self._in_parts(group, items[:half]) + self._in_parts(group, items[half:])


def free_memory() -> None:
    """Give back what torch keeps for later, so that the next call may have it."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def explain(error: Exception) -> ExplainerError:
    """Say in words what ended a run; sentences that are ours already pass as they are."""
    if isinstance(error, ExplainerError):
        return error
    LOG.error("a run failed", exc_info=error)
    if is_out_of_memory(error):
        return ExplainerError(
            tr("There was not enough memory for this picture."),
            tr("Choose a smaller size, or close other programs that use the device."),
        )
    first_line = (str(error).strip() or tr("no reason given")).splitlines()[0]
    return ExplainerError(
        tr("This run failed: {first_line:.160}", first_line=first_line),
        tr("Change the settings, or try again; the log says more."),
    )
