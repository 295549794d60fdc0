"""The overlay: every scheduler's noise levels on one chart, drawn and chosen in the browser."""

from typing import Any

import streamlit as st

from core.models.config_files import read_config
from core.ui.component import mount
from core.ui.running_example import running_example
from core.ui.settings import scheduler_box, steps_slider
from core.ui.tokenizing import model_folder
from core.views.schedulers_overlay import overlay_data, overlay_paths


def schedule_config() -> dict[str, Any]:  # Any: what JSON holds
    """Return the scheduler config of the running example's model.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    folder = model_folder(running_example().model)
    return read_config(folder, "scheduler")


def show_controls() -> None:
    """Ask for the scheduler and the number of steps, side by side."""
    who, how_many = st.columns([1, 2], gap="large")
    with who:
        scheduler_box()
    with how_many:
        steps_slider()


def show_overlay(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show all schedulers' curves; the running example's is green.

    Args:
        config: of the running example's model.
    """
    request = running_example()
    paths = overlay_paths(config, request.steps, request.scheduler, request.params)
    mount("schedulers", overlay_data(config, paths, request.scheduler, request.steps))
