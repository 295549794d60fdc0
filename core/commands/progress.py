"""How far the work is, on a terminal's last line; nothing where nobody looks."""

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from core.engine.looks.look import Work

Result = TypeVar("Result")
CLEAR_LINE = "\r\x1b[K"


def follow(work: "Work[Result]", doing: str) -> Result:
    """Do work to its end, saying on stderr how far it is.

    Args:
        work: begun or not.
        doing: what is counted.

    Returns:
        What the work returns.
    """
    shown = sys.stderr.isatty()
    while True:
        try:
            done, total, *_ = next(work)
        except StopIteration as end:
            if shown:
                print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
            return end.value
        if shown:
            said = f"{CLEAR_LINE}{doing} {done + 1} of {total}"
            print(said, end="", file=sys.stderr, flush=True)
