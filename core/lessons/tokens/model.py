"""The choice of model, where there is more than one on this machine."""

from dataclasses import replace

import streamlit as st

from core.models.catalog import entries, is_installed
from core.ui.address import tied
from core.ui.running_example import running_example, set_running_example


def model_box() -> None:
    """Ask for the model; the same lesson then runs on it. Nothing is shown for a choice of one."""
    titles = {entry.id: entry.title for entry in entries() if is_installed(entry)}
    now = running_example().model
    titles.setdefault(now, now)
    if len(titles) < 2:
        return
    st.selectbox(
        "Model", list(titles), list(titles).index(now), format_func=titles.__getitem__,
        **tied("model", now, _take),
    )  # fmt: skip


def _take(model: str) -> None:
    set_running_example(replace(running_example(), model=model))
