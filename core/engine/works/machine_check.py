"""This machine, checked: our code against the installed libraries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.work import Course, Progress, Work
from core.models.catalog import BUILT_IN
from core.models.folders import find_checkpoint

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel
    from core.models.machine_check import Check


@dataclass(frozen=True, slots=True)
class MachineCheckWork(Work["tuple[Check, ...]"]):
    """Everything computed twice with one model, a piece for each check."""

    model: str = BUILT_IN

    def course(self, loaded: "LoadedModel") -> "Course[tuple[Check, ...]]":
        """Compute and compare, one check after the other."""
        from core.models.machine_check import CHECKS, check_machine

        done: list[Check] = []
        yield Progress(0, CHECKS)
        for check in check_machine(loaded.checkpoint, find_checkpoint(self.model)[1]):
            done.append(check)
            yield Progress(min(len(done), CHECKS), CHECKS)
        return tuple(done)
