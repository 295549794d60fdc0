"""What a visitor takes home: the picture with its settings, the film, the table."""

import streamlit as st

from core.ui.shown import Shown
from core.ui.tables import offer_csv
from core.views.exports import png_with_settings
from core.views.generation_steps import step_rows


def offer_downloads(shown: Shown) -> None:
    """Offer the picture as PNG with its settings inside, and the film as WebP.

    Args:
        shown: the finished run.
    """
    run = shown.run
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "PNG with settings", lambda: png_with_settings(run.picture, run.request),
            "glassbox.png", "image/png", on_click="ignore", icon=":material/image:",
        )  # fmt: skip
        if shown.animation is not None:
            st.download_button(
                "Film (WebP)", shown.animation, "glassbox.webp", "image/webp", on_click="ignore",
                icon=":material/movie:",
            )  # fmt: skip


def show_table(shown: Shown) -> None:
    """Show every step as a row of numbers, with the same as CSV.

    Args:
        shown: the finished run.
    """
    rows = step_rows(shown.run)
    st.dataframe(rows, hide_index=True)
    offer_csv(rows, "steps")
