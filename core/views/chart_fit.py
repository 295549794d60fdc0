"""What stands around a chart: legends, titles and gaps that leave room for the curves.

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
AROUND, RISEN = 120, 7  # CSS pixels above and below a plot, and of a letter of a y axis' title
# Streamlit's gaps are wider, and it moves the first and last numbers of an axis off their places.
SET: Spec = {
    "axis": {"labelFlush": False, "labelPadding": 6, "titlePadding": 10},
    "axisYBand": {"labelOverlap": False},  # every row has its name
    "legend": {"padding": 0, "offset": 16, "rowPadding": 4},
}
GROWN = 1.25  # for a projector
LARGE = {  # letters in CSS pixels
    "axis": {"labelFontSize": 16, "titleFontSize": 17, "labelLimit": 160},
    "legend": {"labelFontSize": 17, "titleFontSize": 17},
}
PADDING = {"left": 0, "right": HAIR, "top": 4, "bottom": 4}


def fit_chart(spec: Spec, large: bool = False) -> None:
    """Have a chart follow its box, and its legend above and its axes' titles break where it ends.

    Vega-Lite sets a title, and all names of such a legend, in one row, however narrow the chart is
    drawn; and what stands out beyond a chart is taken off the room for its curves.

    Args:
        spec: of one chart with its data inside it; changed in place.
        large: whether it is for a projector.
    """
    spec.setdefault("padding", PADDING)
    for part, gaps in SET.items():
        told = spec.setdefault("config", {}).setdefault(part, {})
        told.update({**gaps, **(LARGE.get(part, {}) if large else {}), **told})
    if any(name in spec for name in SIDE_BY_SIDE):
        return
    grown = GROWN if large else 1.0
    risen = LINE
    if isinstance(tall := spec.get("height"), int | float):
        spec["height"] = round(grown * tall)
        risen = int((tall - AROUND) / RISEN)
    for mark, name, channel, values in _channels(spec, spec.get("datasets", {}), spec.get("data")):
        title = channel.get("title")
        line = {"x": LINE, "y": min(LINE, max(risen, LINE // 3))}.get(name, 0)
        if line and isinstance(title, str) and len(title) > line:
            channel["title"] = _lines(title, line)
        if name == "color" and "title" in channel and title is None:
            channel["title"] = ""  # Streamlit makes a row of its own of none
        legend = channel.get("legend") or {}
        if legend and mark == "line":
            legend.setdefault("symbolType", "stroke")  # a line with dots would be shown as a dot
        if legend.get("orient") != "top":
            continue
        field = channel.get("field", "").replace("\\", "")
        names = channel.get("scale", {}).get("domain") or [row.get(field) for row in values]
        widest = SIGN + grown * LETTER * max((len(str(name)) for name in names), default=0)
        legend["labelLimit"] = 0
        legend["columns"] = {"expr": f"max(1, floor((width + {AXIS}) / {widest:g}))"}


def _lines(title: str, longest: int) -> list[str]:
    """Break a title into as few lines as it needs, which are about as long as each other."""
    lines = textwrap.wrap(title, longest)
    even = (
        textwrap.wrap(title, width, break_long_words=False, break_on_hyphens=False)
        for width in range(1, longest)
    )
    fits = (found for found in even if max(map(len, found)) <= longest)
    return next((found for found in fits if len(found) == len(lines)), lines)


def _channels(
    spec: Spec, datasets: Spec, data: Spec | None
) -> Iterator[tuple[str, str, Spec, list[dict[str, Any]]]]:
    """Yield every channel of a chart and of its layers: its mark, its name, and its rows."""
    data = spec.get("data", data)
    given: Spec = data or {}
    values = given.get("values", datasets.get(given.get("name", ""), []))
    rows = values if isinstance(values, list) else []
    mark = spec.get("mark", "")
    kind = mark if isinstance(mark, str) else mark["type"]
    for name, channel in spec.get("encoding", {}).items():
        if isinstance(channel, dict):
            yield kind, name, channel, rows
    for layer in spec.get("layer", ()):
        yield from _channels(layer, datasets, data)
