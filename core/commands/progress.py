"""How far the work is, on a terminal's last line; nothing where nobody looks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.engine.work import Progress

CLEAR_LINE = "\r\x1b[K"


@contextmanager
def told(doing: str) -> "Iterator[Callable[[Progress], None]]":
    """Say on stderr how far work is that is done in the block.

    Args:
        doing: what is counted.

    Yields:
        What is to be told of the progress, before every piece.
    """
    shown = sys.stderr.isatty()

    def tell(progress: "Progress") -> None:
        if shown:
            said = f"{CLEAR_LINE}{doing} {progress.done + 1} of {progress.total}"
            print(said, end="", file=sys.stderr, flush=True)

    yield tell
    if shown:
        print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
