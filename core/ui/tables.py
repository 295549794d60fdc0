"""Tables that a visitor takes along."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.ui.address import ask, switch
from core.views.tables import csv_of, written
from core.words import tr


def as_table(rows: Sequence[Mapping[str, object]], name: str, alt: str) -> None:
    """Offer the numbers of a chart as a table, behind a toggle.

    Args:
        rows: all with the keys of the first; at least one.
        name: of the table, once a page.
        alt: the table in words.
    """
    if ask(st.toggle, tr("As a table"), switch(f"table_{name}")):
        show_table(rows, name, alt)


def show_table(rows: Sequence[Mapping[str, object]], name: str, alt: str) -> None:
    """Show a table whole, with all of its rows, and offer it as a file.

    Args:
        rows: all with the keys of the first; at least one.
        name: of the table, once a page.
        alt: the table in words.
    """
    st.dataframe(
        written(rows), hide_index=True, width="content", height="content", alt=alt,
        key=f"table_{name}",
    )  # fmt: skip
    offer_csv(rows, name)


def offer_csv(rows: Sequence[Mapping[str, object]], name: str) -> None:
    """Offer a table as a file.

    Args:
        rows: all with the keys of the first; at least one.
        name: of the table, once a page; the file is called after it.
    """
    st.download_button(
        "CSV", csv_of(rows), f"glassbox-{name}.csv", "text/csv", on_click="ignore",
        icon=":material/table:", key=f"csv_{name}",
    )  # fmt: skip
