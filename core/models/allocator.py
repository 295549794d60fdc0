"""The C library's allocator holds what nobody uses; it is told to hold less. Imports no torch.

It keeps a heap for every few threads, and what one has freed no other gets. Sessions have threads
of their own, and so has the engine: with two heaps a server holds a tenth less, as fast as before.
"""

import ctypes
import sys

HEAPS = 2
_MOST_HEAPS = -8  # M_ARENA_MAX in glibc's malloc.h


def hold_less() -> bool:
    """Bound the number of heaps from now on; returns whether the C library takes it."""
    return bool(_call("mallopt", _MOST_HEAPS, HEAPS))


def give_back() -> bool:
    """Give back what is free to the system; returns whether there was any."""
    return bool(_call("malloc_trim", 0))


def _call(name: str, *numbers: int) -> int:
    """Call a function that only glibc has; elsewhere nothing happens."""
    if not sys.platform.startswith("linux"):
        return 0
    function = getattr(ctypes.CDLL(None), name, None)
    return function(*numbers) if function is not None else 0
