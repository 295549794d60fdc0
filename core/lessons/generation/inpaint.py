"""Inpainting: a part of the picture is drawn anew, the rest is put back at every call."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from core.engine.request import MAX_PROMPT
from core.engine.works.inpainting import InpaintWork
from core.engine.works.latents import PictureWork
from core.ideas.forward import add_noise
from core.ideas.inpainting import put_back, spread_mask
from core.lessons.generation.inpaint_data import (
    first_signs,
    inpaint_data,
    inpaint_rows,
    mask_of,
    measure_seam,
    read_signs,
    say_kept,
    say_seam,
    signs_of,
    write_signs,
)
from core.lessons.generation.two_runs_data import other_prompt
from core.ui.address import Field, ask, choose, text, value
from core.ui.component import mount, told
from core.ui.made import made
from core.ui.part import part
from core.ui.picture_source import RUN, choose_picture, latent_facts, show_notes, source_of
from core.ui.runs import read
from core.ui.shown import Shown
from core.ui.tables import as_table
from core.views.run import Frames, Run, frames_of, quick_frames, run_of, say_cost
from core.words import tr, tr_later

FORMULAS = (put_back, add_noise, spread_mask)
NAME = "generation/inpaint"


def show(shown: Shown) -> None:
    """Ask for a picture and other words, and draw what is painted anew.

    Args:
        shown: the run on show: its noise, steps, guidance and scheduler are used.

    Raises:
        ExplainerError: the picture or the engine could not do it.
    """
    own = shown.run.request
    pick, words = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with pick:
        chosen = choose_picture(RUN)
    ask(
        words.text_input,
        tr("Words for the painted part"),
        text("inpaint_words", other_prompt(own.prompt), MAX_PROMPT),
    )
    if chosen == RUN:
        part(_draw)(shown, tr("Your run’s picture"), shown.run.path[-1])
    else:
        source = source_of(chosen, latent_facts())
        work = PictureWork(own.model, source.pixels, source.width, source.height, ())
        part(_draw)(shown, source.title, read(work, tr_later("Piece")).mean)
        show_notes(source)
    st.caption(
        tr(
            "Checkpoints made for inpainting have a U-Net with 9 input channels in place of 4: at "
            "every call it also reads the mask, 1 channel, and the latents of the picture with "
            "that part blanked out, 4. It has learned to join both. A U-Net with 4 "
            "channels learned nothing of masks: all that is done here is to put back, and so "
            "a seam may stay."
        )
    )


def _draw(shown: Shown, title: str, latents: np.ndarray) -> None:
    own, size = shown.run.request, latents.shape[1:]
    field = _field(*size)
    signs = value(field)
    mask = mask_of(signs, *size)
    words = value(text("inpaint_words", other_prompt(own.prompt), MAX_PROMPT))
    work = InpaintWork(
        own.model, replace(own, prompt=words), latents.tobytes(), latents.shape, mask.tobytes()
    )
    found: Any = read(work, tr_later("Call"))  # Any: its trace would import torch
    run, frames = made(("inpainted", found), lambda: _as_shown(found))
    data = made(
        ("inpaint", found, title), lambda: inpaint_data(run, frames, found.original, signs, title)
    )
    mount(NAME, data, on_mask_change=lambda: _take(field))
    st.markdown(say_kept(run, latents, mask))
    seam = measure_seam(found.original, run.picture, mask)
    if seam is not None:
        st.markdown(say_seam(seam, len(run.picture) // size[0]))
    st.caption(say_cost(run))
    as_table(
        lambda: inpaint_rows(run, latents, mask), "inpainted",
        tr("What is put back at each call, and how far the estimate is from the picture"),
    )  # fmt: skip


def _field(height: int, width: int) -> Field[str]:
    """Return the field of the mask; one of another size, as of another model, says nothing."""
    count = height * width
    return Field(
        "mask", first_signs(height, width), lambda said: read_signs(said, count), write_signs
    )


def _take(field: Field[str]) -> None:
    signs = signs_of(told(st.session_state.get(NAME), "mask"), len(field.start))
    if signs is not None:
        choose(field, signs)


def _as_shown(found: Any) -> tuple[Run, Frames]:  # Any: as above
    run = run_of(found.trace)
    return run, quick_frames(run) if found.film is None else frames_of(run, found.film)
