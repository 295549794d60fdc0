"""From a picture (img2img): the run begins at a picture with noise on it, not at noise alone."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.engine.request import Request
from core.engine.works.futures import FromPictureWork, steps_made
from core.ui.address import ask, switch, whole
from core.ui.made import png
from core.ui.picture_source import Source, choose_picture, latent_facts, show_notes, source_of
from core.ui.runs import read
from core.ui.shown import Shown
from core.views.numbers import count, percent
from core.views.pictures import pixels_of, row_picture
from core.words import tr, tr_later

STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)  # of the row
FIRST = "lion"  # of the gallery: something else than the words that everybody begins with
START = 60  # percent


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class _Result:
    """What came of a picture.

    Attributes:
        start: what the run began with, decoded.
        picture: what came of it.
        calls: how often the network was asked.
        alpha_bar: signal power of the picture that was left at the start.
    """

    start: NDArray[np.uint8]
    picture: NDArray[np.uint8]
    calls: int
    alpha_bar: float


def show(shown: Shown) -> None:
    """Ask for a picture and a strength, and show what the run makes of it.

    Args:
        shown: the run on show: its words, seed, steps, guidance and scheduler are used.

    Raises:
        ExplainerError: the picture or the engine could not do it.
    """
    request = shown.run.request
    pick, how = st.columns([3, 2], gap="large")
    with pick:
        source = source_of(choose_picture(FIRST), latent_facts())
    with how:
        strength = _choose_strength(request.steps)
    result = _result(request, source, strength)
    _show_way(request, source, strength, result)
    show_notes(source)
    if ask(st.toggle, tr("A row of strengths"), switch("strengths")):
        _show_row(request, source)


def _choose_strength(steps: int) -> float:
    """Ask for the strength."""
    least = -(-100 // steps)  # of a hundred, so that at least one step is made
    if least == 100:
        return 1.0
    ends = {"min_value": least, "max_value": 100}  # a link may be of more steps, and say less
    strength = replace(
        whole("strength", max(START, least), 1, 100),
        shown=lambda percent: {**ends, "value": max(percent, least)},
    )
    percent = ask(
        st.slider,
        tr("Strength"),
        strength,
        format="%d %%",
        help=tr("How much noise is put on the picture, counted in steps of the run."),
    )
    return max(percent, least) / 100


def _show_way(request: Request, source: Source, strength: float, result: _Result) -> None:
    made = steps_made(request.steps, strength)
    first, middle, last = st.columns(3, gap="medium")
    original = pixels_of(source.pixels, source.width, source.height)
    for column, picture, head in (
        (first, original, tr("**1. The picture**")),
        (middle, result.start, tr("**2. With noise on it**, decoded")),
        (last, result.picture, tr("**3. The run goes on**")),
    ):
        column.markdown(head)
        column.image(png(picture), width="stretch", output_format="PNG", alt=head.replace("*", ""))
    calls = count(result.calls, "call")
    st.markdown(
        tr(
            "**{made} of {steps} are made**, in {calls} of the network. Where "
            "they begin, the picture has the weight √ᾱ = {signal:.2f} and the noise "
            "√(1−ᾱ) = {noise:.2f}. Little noise keeps layout and colours; "
            "the more of it, the more is left to your words.",
            made=made,
            steps=count(request.steps, "step"),
            calls=calls,
            signal=result.alpha_bar**0.5,
            noise=(1 - result.alpha_bar) ** 0.5,
        )
    )
    st.caption(
        tr(
            "Words, seed, steps, guidance and scheduler are those of your run. The seed draws "
            "first "
            "the latents from what the encoder says of the picture, then the noise. Steps made: "
            "steps × strength, {steps} × {strength:g}, without its fraction.",
            steps=request.steps,
            strength=strength,
        )
    )


def _show_row(request: Request, source: Source) -> None:
    strengths = [one for one in STRENGTHS if steps_made(request.steps, one)]
    results = [_result(request, source, one).picture for one in strengths]
    original = pixels_of(source.pixels, source.width, source.height)
    said = ", ".join(percent(one) for one in strengths)
    st.image(
        png(row_picture(np.stack([original, *results]))),
        tr("The picture, then strengths of {said}", said=said),
        width="stretch",
        output_format="PNG",
        alt=tr("The picture, then strengths of {said}", said=said),
    )


def _result(request: Request, source: Source, strength: float) -> _Result:
    """Have the engine run."""
    work = FromPictureWork(
        request.model, request, source.pixels, source.width, source.height, strength
    )
    future: Any = read(work, tr_later("Call"))  # Any: a Future, whose trace would import torch
    trace = future.trace
    return _Result(future.start_picture, trace.picture, trace.calls, future.alpha_bar)
