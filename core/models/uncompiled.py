"""torch's compiler is left out: nothing here compiles, and all of it takes 75 MB and a second.

The libraries import it for the sake of marks on functions that it should pass over, torch itself
where a network is built without memory. Meanwhile a stand-in says that every function stays as it
is; whoever imports the compiler afterwards gets the real one.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

NAME = "torch._dynamo"
MARKS = ("allow_in_graph", "assume_constant_result", "disable")


@contextmanager
def compiler_left_out() -> Iterator[None]:
    """Have whatever imports the compiler meanwhile go without it, unless it is there already."""
    if NAME in sys.modules:
        yield
        return
    stand_in, spec = ModuleType(NAME), importlib.util.find_spec(NAME)
    assert spec is not None
    stand_in.__spec__, stand_in.__path__ = spec, list(spec.submodule_search_locations or ())
    for mark in MARKS:
        setattr(stand_in, mark, _leave)
    sys.modules[NAME] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(NAME) is stand_in:
            del sys.modules[NAME]


def _leave(function: Callable[..., Any] | None = None, *_: Any, **__: Any) -> Any:  # Any: as torch
    """Return a function as it is, or what does so."""
    return _leave if function is None else function
