"""The numbers behind a drawing, as a table to read and as a file to take along."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ui.address import ask, switch
from core.views.chart_rows import chart_rows
from core.views.tables import csv_of, text_widths, written
from core.words import tr

WHOLE, SCROLLED = 80, 480  # rows that are shown at once; CSS pixels of a table that has more
Rows = Sequence[Mapping[str, object]]


def show_chart(chart: Any, name: str, alt: str, **more: Any) -> None:  # Any: of altair's
    """Show a chart, and offer what it draws as a table.

    Args:
        chart: with its data inside it.
        name: of the table, once a page.
        alt: the chart in words.
        more: what else ``st.altair_chart`` takes.
    """
    st.altair_chart(chart, alt=alt, **more)
    as_table(lambda: chart_rows(chart), name, alt)


def as_table(rows: Rows | Callable[[], Rows], name: str, alt: str) -> DeltaGenerator:
    """Offer the numbers of a drawing as a table, behind a toggle, and as a file.

    Args:
        rows: all with the keys of the first, at least one; or what makes them once they are wanted.
        name: of the table, once a page.
        alt: the table in words.

    Returns:
        The row of both, for what else is to take along.
    """
    make = rows if callable(rows) else lambda: rows
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        wanted = ask(st.toggle, tr("As a table"), switch(f"table_{name}"))
        _offer(lambda: csv_of(make()), name)
    if wanted:
        show_rows(make(), name, alt)
    return row


def show_table(rows: Rows, name: str, alt: str) -> None:
    """Show a table, whole unless it is long, and offer it as a file.

    Args:
        rows: all with the keys of the first; at least one.
        name: of the table, once a page.
        alt: the table in words.
    """
    show_rows(rows, name, alt)
    offer_csv(rows, name)


def show_rows(rows: Rows, name: str, alt: str) -> None:
    """Show a table, whole unless it is long.

    Args:
        rows: all with the keys of the first; at least one.
        name: of the table, once a page.
        alt: the table in words.
    """
    st.dataframe(
        written(rows), hide_index=True, width="content", alt=alt, placeholder="–",
        height="content" if len(rows) <= WHOLE else SCROLLED,
        column_config={
            name: st.column_config.Column(width=width) for name, width in text_widths(rows).items()
        },
        key=f"table_{name}",
    )  # fmt: skip


def offer_csv(rows: Rows, name: str) -> None:
    """Offer a table as a file.

    Args:
        rows: all with the keys of the first; at least one.
        name: of the table, once a page; the file is called after it.
    """
    _offer(csv_of(rows), name)


def _offer(file: str | Callable[[], str], name: str) -> None:
    st.download_button(
        "CSV", file, f"glassbox-{name}.csv", "text/csv", on_click="ignore",
        icon=":material/table:", key=f"csv_{name}",
    )  # fmt: skip
