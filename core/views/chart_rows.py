"""The numbers that a chart draws, as rows: read off the chart itself, under its own words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.views.tables import Row

Spec = Mapping[str, Any]  # Any: what JSON holds, as Vega-Lite has it
WHOLE = ("layer", "hconcat", "vconcat", "concat")  # what a chart of several is made of
NO_COLUMN = ("tooltip", "order", "detail", "opacity", "size", "key")  # say nothing of their own


def chart_rows(chart: Any) -> list[Row]:  # Any: one of altair's, or what passes for one
    """Return what a chart draws: a row for every mark, a column for every axis and colour.

    Layers that draw the same rows share theirs; what one layer alone has is empty in the others'.

    Args:
        chart: with its data inside it; where it is built already, its ``said`` has the texts that
            can be said again, for a file is headed in English.
    """
    spec, known = chart.to_dict(), getattr(chart, "said", {})
    found: dict[str, tuple[Sequence[Spec], dict[str, str]]] = {}
    for view, data in _views(spec, spec.get("data")):
        name, rows = _rows(data, spec.get("datasets", {}))
        columns = found.setdefault(name, (rows, {}))[1]
        for field, heading in _columns(view.get("encoding", {}), rows):
            columns.setdefault(field, known.get(heading, heading))
    headings = dict.fromkeys(
        heading for _, columns in found.values() for heading in columns.values()
    )
    drawn: list[Row] = []
    for rows, columns in found.values():
        for row in rows if columns else ():
            said = {heading: row.get(field, "") for field, heading in columns.items()}
            drawn.append({heading: said.get(heading, "") for heading in headings})
    return drawn


def _views(spec: Spec, data: Spec | None) -> Iterator[tuple[Spec, Spec | None]]:
    """Yield the single views of a chart with their data; what is said outside holds inside."""
    data = spec.get("data", data)
    parts = [part for name in WHOLE for part in spec.get(name, ())]
    if "spec" in spec:  # of a chart that is repeated or cut up
        parts.append(spec["spec"])
    for part in parts:
        shared = {**spec.get("encoding", {}), **part.get("encoding", {})}
        yield from _views({**part, "encoding": shared}, data)
    if not parts:
        yield spec, data


def _rows(data: Spec | None, datasets: Spec) -> tuple[str, Sequence[Spec]]:
    """Return the rows that a view draws, with a name of their own."""
    if not data:
        return "", ()
    values = data.get("values", datasets.get(data.get("name", ""), ()))
    rows = [values] if isinstance(values, Mapping) else values
    return data.get("name") or str(id(values)), [row for row in rows if isinstance(row, Mapping)]


def _columns(encoding: Spec, rows: Sequence[Spec]) -> Iterator[tuple[str, str]]:
    """Yield fields that are drawn with what the chart calls them."""
    there = rows[0].keys() if rows else ()
    for channel, how in encoding.items():
        if channel in NO_COLUMN or not isinstance(how, Mapping):
            continue
        field = str(how.get("field"))
        if field in there:
            axis, legend = how.get("axis") or {}, how.get("legend") or {}
            title = how.get("title") or axis.get("title") or legend.get("title") or field
            yield field, title if isinstance(title, str) else " ".join(title)
