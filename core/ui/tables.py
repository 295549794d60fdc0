"""Tables that a visitor takes along."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.views.tables import csv_of


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
