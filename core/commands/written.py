"""Answers for programs: JSON that every reader takes."""

import json
import math
from typing import Any


def write_json(answer: Any, indent: int | None = None) -> str:  # Any: what JSON holds, or infinity
    """Write an answer as JSON, which has no infinity: such a number is told as null.

    Sigma is infinite, and the signal-to-noise ratio minus infinity, where no signal is left.

    Args:
        answer: of a command.
        indent: of its lines; None writes one line.
    """
    return json.dumps(_finite(answer), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:  # Any: as above
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and math.isinf(value) else value
