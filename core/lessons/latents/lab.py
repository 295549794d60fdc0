"""The lab: a plain autoencoder and a VAE, trained here while you watch, and both their planes."""

import inspect
import time
from functools import reduce
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ideas.checks import check_real, say_number
from core.labs.autoencoder_settings import MOST_WEIGHT, LabSettings
from core.labs.bench import Training, bench
from core.lessons.latents.lab_data import (
    PLAIN,
    Trained,
    back_picture,
    curve_rows,
    error_chart,
    kl_chart,
    objects_picture,
    of_kind,
    planes_data,
    say_ends,
    vae_name,
)
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.nets.autoencoder import kl_to_unit_gaussian, reparameterise
from core.ui.address import bound, one_of
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.made import chart, made, png
from core.ui.picture_source import Source
from core.ui.runs import train
from core.ui.tables import as_table
from core.views.tables import Row
from core.words import tr

FORMULAS = (reparameterise, kl_to_unit_gaussian)

WEIGHTS = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03)
START = LabSettings()
TURN_S = 0.5  # between two drawings
SHOWN = 2  # trainings side by side, the newest
_WANTED, _FINISHED = "latents_lab_wanted", "latents_lab_finished"


def show(_source: Source, _facts: LatentFacts, _reading: PictureReading) -> None:
    """Offer the training, follow it, then show what the last two have learned.

    Raises:
        ExplainerError: the lab is full.
    """
    st.markdown(
        tr(
            "Two small autoencoders squeeze 32 × 32 pictures into **two numbers**, so that all "
            "they know can be seen on a plane. The plain one only has to bring pictures back. The "
            "VAE also pays, by the weight below, for every cloud that strays from the unit "
            "Gaussian. **Train it with two weights** to see both side by side."
        )
    )
    weight, press = st.columns([3, 2], vertical_alignment="bottom", gap="large")
    field = one_of("kl", WEIGHTS, START.kl_weight, say_number, "value")
    with weight:
        chosen = st.select_slider(
            tr("Weight of the KL term"), format_func=say_number, **bound(field, _forget),
        )  # fmt: skip
    settings = LabSettings(kl_weight=check_real(chosen, tr("weight"), 0.0, MOST_WEIGHT))
    finished = _finished()
    above, below = press.empty(), st.empty()
    if finished:  # below, so that they stay while another is trained
        _show_planes(finished)
    if st.session_state.get(_WANTED) == settings:
        _follow(settings, above, below)
        return
    if not finished:
        _show_objects(below)
    if settings not in [training.settings for training in finished]:
        above.button(
            tr("Train both"), on_click=_want, args=(settings,), type="primary",
            icon=":material/model_training:", key="lab_train",
        )  # fmt: skip


def show_more() -> None:
    """Show the networks and the training loop that just ran."""
    from core.labs import autoencoder as lab_autoencoder

    st.code(inspect.getsource(lab_autoencoder), language="python")


def _finished() -> list[Training[LabSettings]]:
    """Return the last two that this visitor has trained, as far as they are kept."""
    known = [bench().known(settings) for settings in st.session_state.get(_FINISHED, [])]
    return [one for one in known if one is not None and one.state == "done"]


def _follow(settings: LabSettings, above: DeltaGenerator, below: DeltaGenerator) -> None:
    training = train(settings)
    if not training.ended:
        above.button(tr("Stop"), on_click=_forget, icon=":material/stop_circle:", key="lab_stop")
    try:
        view = _View(below)
        while not training.ended:
            seen = len(training.events)
            view.draw(training)
            time.sleep(TURN_S)  # several events at once
            training.wait(seen, TURN_S)
    finally:  # also when the visitor leaves, and Streamlit ends the script at a drawing
        bench().leave(training)
    above.empty()
    if training.state != "done":
        with below.container():
            if training.error is not None:
                show_error(training.error)
            else:
                st.markdown(tr("**The training ended before it was done.**"))
            st.button(tr("Train again"), on_click=_want, args=(settings,), key="lab_again")
        return
    before = [one for one in st.session_state.get(_FINISHED, []) if one != settings]
    st.session_state[_FINISHED] = [*before, settings][-SHOWN:]
    _forget()
    st.rerun()


def _show_objects(where: DeltaGenerator) -> None:
    words = tr("The objects that both are trained on")
    picture = made("lab_objects", objects_picture)
    where.image(png(picture), words, width="stretch", output_format="PNG", alt=words)


def _show_planes(trainings: list[Training[LabSettings]]) -> None:
    trained = {training.settings.kl_weight: training.events for training in trainings}
    mount("latents/lab", planes_data(trained))
    st.markdown(
        tr(
            "**Drag the ring over each plane: its decoder follows.** Each dot is a picture, in "
            "its own colour. Outside its dots the plain decoder was never asked for anything, and "
            "draws whatever comes. The KL term pulls the VAE’s dots towards 0: the heavier it is, "
            "the fewer holes are left, and the more points drawn from the unit Gaussian are "
            "pictures. Too heavy, and they blur; at 0 the VAE is left alone."
        )
    )
    steps = trainings[-1].settings.steps
    rows = curve_rows(trained)
    first, second = st.columns(2, gap="large")
    error, kl = _curves(rows, steps)
    first.altair_chart(error, alt=tr("Error of all over the training"))
    second.altair_chart(kl, alt=tr("KL over the training"))
    st.caption(say_ends(trained))
    _show_back(st, trained)
    as_table(rows, "lab", tr("Error and KL over the training"))


def _curves(rows: list[Row], steps: int) -> list[Any]:  # Any: pass for altair's
    """Return the charts of error and KL over a training of so many steps."""
    name = str(rows), steps
    return [
        chart(("lab", draw.__name__, name), lambda draw=draw: draw(rows, steps))
        for draw in (error_chart, kl_chart)
    ]


def _show_back(where: Any, trained: Trained) -> None:  # Any: streamlit itself, or a part of it
    picture = back_picture(trained)
    if picture is not None:
        kinds = reduce(
            lambda before, after: tr("{before}, then {after}", before=before, after=after),
            (tr("from the {name}", name=name) for name in (tr(PLAIN), *map(vae_name, trained))),
        )
        words = tr("The pictures, then what comes back {kinds}", kinds=kinds)
        where.image(png(picture), words, width="stretch", output_format="PNG", alt=words)


class _View:
    """A training while it goes on: how far, both curves, and what comes back."""

    def __init__(self, below: DeltaGenerator) -> None:
        with below.container():
            self.bar = st.progress(0.0, tr("Starting, which takes a few seconds"))
            first, second = st.columns(2, gap="large")
            self.error, self.kl = first.empty(), second.empty()
            self.back = st.empty()

    def draw(self, training: Training[LabSettings]) -> None:
        events = list(training.events)
        steps = of_kind(events, "step")
        if training.state == "waiting":
            self.bar.progress(
                0.0, tr("Waiting for a place, {ahead} ahead of you", ahead=bench().ahead(training))
            )
        if not steps:
            return
        now, end = steps[-1]["step"], training.settings.steps
        self.bar.progress(
            now / end,
            tr(
                "After {now} of {end} training steps, {seconds:.0f} s",
                now=now,
                end=end,
                seconds=steps[-1]["seconds"],
            ),
        )
        trained = {training.settings.kl_weight: events}
        rows = curve_rows(trained)
        error, kl = _curves(rows, end)
        self.error.altair_chart(error, alt=tr("Error of both so far"))
        self.kl.altair_chart(kl, alt=tr("KL so far"))
        _show_back(self.back, trained)


def _want(settings: LabSettings) -> None:
    st.session_state[_WANTED] = settings


def _forget() -> None:
    st.session_state.pop(_WANTED, None)
