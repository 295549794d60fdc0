"""The end of the process: who computes in a thread of its own is stopped first.

Python ends by taking the ground from under every thread that is still running. One that is inside
torch then is ended in the midst of C++, which aborts the whole process: "terminate called without
an active exception". So such a thread is waited for, as long as one call of a network takes.
"""

import atexit
import weakref
from typing import Protocol

PATIENCE_S = 60.0  # with a thread that does not end


class Closes(Protocol):
    """What has a thread."""

    def close(self) -> None:
        """Stop the thread, and wait until it has ended, ``PATIENCE_S`` at most."""
        ...


def close_at_exit(what: Closes) -> None:
    """Close a thing when Python ends, if it is still there.

    Args:
        what: is not kept alive.
    """
    atexit.register(_close, weakref.ref(what))


def _close(kept: "weakref.ref[Closes]") -> None:
    what = kept()
    if what is not None:
        what.close()
