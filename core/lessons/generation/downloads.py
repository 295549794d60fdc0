"""What a visitor takes home: the picture with its settings, the film, the numbers, the report."""

from collections.abc import Callable

import streamlit as st

from core.lessons.generation.contact_sheet_data import contact_sheet
from core.lessons.generation.recipe_data import recipe_json
from core.lessons.generation.report_data import report_html
from core.ui.shown import Shown
from core.ui.tables import as_table
from core.views.exports import gif_animation, png_with_settings, webp_animation
from core.views.steps import step_rows
from core.words import tr


def offer_downloads(shown: Shown) -> None:
    """Offer the picture as PNG with its settings inside, the film as WebP, and more behind a click.

    Each is made when it is asked for. What shows the film waits until the VAE has decoded it.

    Args:
        shown: the finished run.
    """
    run, frames = shown.run, shown.frames
    with st.container(horizontal=True, gap="small"):
        _offer(
            tr("PNG with settings"), lambda: png_with_settings(run.picture, run.request),
            "glassbox.png", "image/png", "image",
        )  # fmt: skip
        if frames.decoded:
            _offer(
                tr("Film (WebP)"), lambda: webp_animation(frames.given), "glassbox.webp",
                "image/webp", "movie",
            )  # fmt: skip
            with st.popover(tr("More"), icon=":material/download:"):
                _offer_more(shown)
    as_table(lambda: step_rows(run), "run", tr("Every U-Net call in numbers"))


def _offer_more(shown: Shown) -> None:
    run, frames = shown.run, shown.frames
    _offer(
        tr("Report (HTML, one file)"), lambda: report_html(run, frames), "glassbox.html",
        "text/html", "description",
    )  # fmt: skip
    _offer(
        tr("Recipe (JSON)"), lambda: recipe_json(run.request, run.fingerprint), "glassbox.json",
        "application/json", "receipt_long",
    )  # fmt: skip
    _offer(
        tr("All steps (PNG)"),
        lambda: png_with_settings(
            contact_sheet(run, frames), run.request, run.picture.shape[:2]
        ),
        "glassbox-steps.png", "image/png", "grid_view",
    )  # fmt: skip
    _offer(
        tr("Film (GIF)"), lambda: gif_animation(frames.given), "glassbox.gif", "image/gif",
        "gif_box",
    )  # fmt: skip
    st.caption(tr("PNG and recipe bring the run back."))
    st.caption(
        tr(
            "Every finished run is kept on the machine that computes, with its words; whoever "
            "runs it "
            "removes them all by: python -m core cache --clear"
        )
    )


def _offer(label: str, make: Callable[[], str | bytes], name: str, mime: str, icon: str) -> None:
    st.download_button(
        label, make, name, mime, on_click="ignore", icon=f":material/{icon}:", key=f"take_{name}"
    )
