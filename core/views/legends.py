"""Legends above a chart: as many names in a row as the chart has room for."""

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]  # Any: what JSON holds, as Vega-Lite has it
SIDE_BY_SIDE = ("hconcat", "vconcat", "concat", "facet", "repeat")  # have no width of their own
LETTER, SIGN, AXIS = 7.5, 34, 40  # CSS pixels of a letter, a sign with its gaps, and a y axis


def fit_legends(spec: Spec) -> None:
    """Have each legend above a chart break its row where the chart ends, and cut no name.

    Vega-Lite sets all names of such a legend in one row, however narrow the chart is drawn.

    Args:
        spec: of one chart with its data inside it; changed in place.
    """
    if any(name in spec for name in SIDE_BY_SIDE):
        return
    for channel, values in _channels(spec, spec.get("datasets", {}), spec.get("data")):
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
) -> Iterator[tuple[Spec, list[dict[str, Any]]]]:
    """Yield every channel of a chart and of its layers, with the rows that it reads."""
    data = spec.get("data", data) or {}
    values = data.get("values", datasets.get(data.get("name", ""), []))
    rows = values if isinstance(values, list) else []
    for channel in spec.get("encoding", {}).values():
        if isinstance(channel, dict):
            yield channel, rows
    for layer in spec.get("layer", ()):
        yield from _channels(layer, datasets, data)
