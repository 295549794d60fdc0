"""What stands around a chart: legends and titles that have room on a telephone as well.

The plot is what a chart's axes leave of its width, and Vega keeps it as the width itself. A new
width that happened to be the old plot's would be no change, and the chart would stay as it was. So
a chart has a hair of empty space that no box on a screen can have: browsers round to 1/64.
"""

import textwrap
from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]  # Any: what JSON holds, as Vega-Lite has it
SIDE_BY_SIDE = ("hconcat", "vconcat", "concat", "facet", "repeat")  # have no width of their own
LETTER, SIGN, AXIS = 7.5, 34, 40  # CSS pixels of a letter, a sign with its gaps, and a y axis
HAIR = 1 / 256  # CSS pixels
LINE = 36  # letters of an axis' title that a telephone has room for


def fit_chart(spec: Spec) -> None:
    """Have a chart follow its box, and its legend above and its axes' titles break where it ends.

    Vega-Lite sets a title, and all names of such a legend, in one row, however narrow the chart is
    drawn.

    Args:
        spec: of one chart with its data inside it; changed in place.
    """
    if any(name in spec for name in SIDE_BY_SIDE):
        return
    spec["padding"] = {"right": HAIR}
    for name, channel, values in _channels(spec, spec.get("datasets", {}), spec.get("data")):
        title = channel.get("title")
        if name in ("x", "y") and isinstance(title, str) and len(title) > LINE:
            channel["title"] = textwrap.wrap(title, LINE)
        legend = channel.get("legend") or {}
        if legend.get("orient") != "top":
            continue
        field = channel.get("field", "").replace("\\", "")
        names = channel.get("scale", {}).get("domain") or [row.get(field) for row in values]
        widest = SIGN + LETTER * max((len(str(name)) for name in names), default=0)
        legend["labelLimit"] = 0
        legend["columns"] = {"expr": f"max(1, floor((width + {AXIS}) / {widest:g}))"}


def _channels(
    spec: Spec, datasets: Spec, data: Spec | None
) -> Iterator[tuple[str, Spec, list[dict[str, Any]]]]:
    """Yield every channel of a chart and of its layers by name, with the rows that it reads."""
    data = spec.get("data", data)
    given: Spec = data or {}
    values = given.get("values", datasets.get(given.get("name", ""), []))
    rows = values if isinstance(values, list) else []
    for name, channel in spec.get("encoding", {}).items():
        if isinstance(channel, dict):
            yield name, channel, rows
    for layer in spec.get("layer", ()):
        yield from _channels(layer, datasets, data)
