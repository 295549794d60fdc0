"""What the U-Net makes of time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.work import Course, Progress, Work
from core.models.catalog import BUILT_IN

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel
    from core.models.time_reading import TimeReading


@dataclass(frozen=True, slots=True)
class TimeWork(Work["TimeReading"]):
    """What a model's network makes of every timestep; no picture is drawn."""

    model: str = BUILT_IN

    def course(self, loaded: "LoadedModel") -> "Course[TimeReading]":
        """Put every timestep through the time layers."""
        from core.models.time_reading import read_times

        yield Progress(0, 1)
        return read_times(loaded.checkpoint)
