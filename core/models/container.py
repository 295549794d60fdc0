"""What the container around this process lets it have, by Linux's control groups; imports no torch.

Libraries ask the machine, which may have sixty cores where a container has two: as many threads
would wait for one another all the time.
"""

import math
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")  # of version 2; the machine's own has neither file


def most_cores(group: Path = GROUP) -> int | None:
    """Return how many cores may be busy at once, rounded up; None where nothing bounds them.

    Args:
        group: where the system tells.
    """
    quota, _, period = _read(group / "cpu.max").partition(" ")
    if not (quota.isdecimal() and period.isdecimal() and int(period)):
        return None
    return max(1, math.ceil(int(quota) / int(period)))


def most_memory(group: Path = GROUP) -> int | None:
    """Return how many bytes may be held; None where nothing bounds them.

    Args:
        group: as above.
    """
    told = _read(group / "memory.max")
    return int(told) if told.isdecimal() else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
