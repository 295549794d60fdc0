"""What this process may hold and do: on one's own machine, or on a small host for anybody.

Whoever starts the app on a public host sets ``GLASSBOX_SHARED=1``. That is read once, here; who
holds or does something asks ``host`` how much of it.
"""

import os
from dataclasses import dataclass
from functools import cache

VARIABLE = "GLASSBOX_SHARED"


@dataclass(frozen=True, slots=True)
class Host:
    """How much is held and done.

    Attributes:
        shared: whether anybody may come, and is told so.
        on_disk: whether finished runs, with their prompts, are kept there.
        results: bytes of finished works in memory.
        drawn: bytes of what pages made of them.
        uploads: bytes of all visitors' files; with none, no page asks for one.
        narrower: what the widest calls of a network are divided by; wide ones take memory.
        trainings: at once.
        side: pixels that a picture may have, each way.
    """

    shared: bool = False
    on_disk: bool = True
    results: int = 300_000_000
    drawn: int = 200_000_000
    uploads: int = 256 * 1024**2
    narrower: int = 1
    trainings: int = 2
    side: int = 1024


SMALL = Host(True, False, 24_000_000, 24_000_000, 0, 2, 1, 256)


@cache
def host() -> Host:
    """Return what holds here; every value of the variable but 0 and "" means a small host."""
    return SMALL if os.environ.get(VARIABLE, "0") not in ("", "0") else Host()
