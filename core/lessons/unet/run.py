"""The run that the U-Net page looks into: its network's facts, the chosen call, what was read."""

from pathlib import Path

import streamlit as st

from core.engine.works.call_input import CallInput
from core.engine.works.unet_blocks import BlocksWork
from core.lessons.unet.map_data import Moment, say_how
from core.models.unet_facts import UNetFacts, read_unet_facts
from core.models.unet_seen import BlocksSeen
from core.ui.model_folder import model_folder
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.ui.shown import Shown
from core.ui.tokenizing import Files, files_of, scheduler_config
from core.words import tr


def unet_facts() -> UNetFacts:
    """Return what the files of the running example's model say of its U-Net.

    Raises:
        ExplainerError: the model is not on this machine, or of another family.
    """
    request = running_example()
    folder = model_folder(request.model)
    return _facts(folder, files_of(folder / "unet"), (request.height, request.width))


@st.cache_resource(max_entries=8, show_spinner=False)
def _facts(folder: Path, files: Files, pixels: tuple[int | None, int | None]) -> UNetFacts:
    return read_unet_facts(folder, pixels)


def moment_of(shown: Shown, call: int) -> Moment:
    """Return what went in and came out at one call of a run.

    Args:
        shown: the run.
        call: 0 is the first.
    """
    run = shown.run
    config = scheduler_config(run.request.model)
    how = say_how(run.request.guidance, config.get("prediction_type", "epsilon"))
    return Moment(float(run.timesteps[call]), run.path[call], run.eps[call], how)


def kept_blocks(given: CallInput) -> BlocksSeen | None:
    """Return what was read at a call, where it is there.

    Args:
        given: of ``Run.input_at``.
    """
    return find(BlocksWork(given.request.model, given))


def read_blocks(given: CallInput) -> BlocksSeen:
    """Have the engine read every box at a call.

    Args:
        given: of ``Run.input_at``.

    Raises:
        ExplainerError: the engine says why it has no answer.
    """
    return read(BlocksWork(given.request.model, given), tr("Box"))
