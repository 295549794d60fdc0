"""The lab: a plain autoencoder and a VAE, trained here while you watch, and both their planes."""

import inspect
import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ideas.checks import check_real
from core.training.lab_bench import Training, bench
from core.training.lab_settings import MOST_WEIGHT, LabSettings
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.tables import offer_csv
from core.views.latents_lab import (
    back_picture,
    curve_rows,
    error_chart,
    kl_chart,
    of_kind,
    planes_data,
)

WEIGHTS = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03)
START = LabSettings()
TURN_S = 0.5  # between two drawings
_WANTED, _KEY = "latents_lab_wanted", "latents_lab_weight"


def show_lab() -> None:
    """Offer the training, follow it, then show what the two have learned.

    Raises:
        ExplainerError: the lab is full.
    """
    st.markdown(
        "Two small autoencoders squeeze 32 × 32 pictures into **two numbers**, so that all they "
        "know can be seen on a plane. The plain one only has to bring pictures back. The VAE "
        "also pays, by the weight below, for every cloud that strays from the unit Gaussian."
    )
    weight, press = st.columns([3, 2], vertical_alignment="bottom", gap="large")
    with weight:
        chosen = st.select_slider(
            "Weight of the KL term", WEIGHTS, START.kl_weight, key=_KEY, on_change=_forget,
            format_func=lambda value: f"{value:g}",
        )  # fmt: skip
    settings = LabSettings(kl_weight=check_real(chosen, "weight", 0.0, MOST_WEIGHT))
    wanted = st.session_state.get(_WANTED) == settings
    slot = press.empty()
    if wanted:
        _follow(settings, slot)
    else:
        slot.button(
            "Train both", on_click=_want, args=(settings,), type="primary",
            icon=":material/model_training:", key="lab_train",
        )  # fmt: skip


def show_code() -> None:
    """Show the networks and the training loop that just ran."""
    from core.training import lab_autoencoder

    st.code(inspect.getsource(lab_autoencoder), language="python")


def _follow(settings: LabSettings, slot: DeltaGenerator) -> None:
    training = bench().join(settings)
    if not training.ended:
        slot.button("Stop", on_click=_forget, icon=":material/stop_circle:", key="lab_stop")
    place = st.empty()
    try:
        view = _View(place)
        while not training.ended:
            seen = len(training.events)
            view.draw(training)
            time.sleep(TURN_S)  # several events at once
            training.wait(seen, TURN_S)
    finally:  # also when the visitor leaves, and Streamlit ends the script at a drawing
        bench().leave(training)
    place.empty()
    slot.empty()
    if training.state != "done":
        if training.error is not None:
            show_error(training.error)
        else:
            st.markdown("**The training ended before it was done.**")
        st.button("Train again", on_click=_want, args=(settings,), key="lab_again")
        return
    _show_planes(training)


def _show_planes(training: Training[LabSettings]) -> None:
    events = training.events
    mount("latents_lab", planes_data(events, training.settings.kl_weight))
    (done,), last = of_kind(events, "done"), of_kind(events, "step")[-1]
    st.markdown(
        "**Drag the ring over each plane: its decoder follows.** Each dot is a picture, in its own "
        "colour. Outside its dots the plain decoder was never asked for anything, and draws "
        "whatever comes. The KL term pulls the VAE’s dots towards 0: the heavier it is, the fewer "
        "holes are left, and the more points drawn from the unit Gaussian are pictures. Too "
        "heavy, and they blur; at 0 the VAE is left alone."
    )
    rows = curve_rows(events)
    steps = training.settings.steps
    first, second = st.columns(2, gap="large")
    first.altair_chart(error_chart(rows, steps), alt="Error of both over the training")
    second.altair_chart(kl_chart(rows, steps), alt="KL over the training")
    st.caption(
        f"{steps} steps in {done['seconds']:.0f} s on one core. At the end: plain error "
        f"{last['plain']:.4f}, VAE error {last['variational']:.4f}, KL {last['kl']:.2f} nats."
    )
    picture = back_picture(events)
    if picture is not None:
        words = "The pictures, then what comes back from the plain one, then from the VAE"
        st.image(picture, words, width="stretch", output_format="PNG", alt=words)
    offer_csv(rows, "lab")


class _View:
    """A training while it goes on: how far, both curves, and what comes back."""

    def __init__(self, place: DeltaGenerator) -> None:
        with place.container():
            self.bar = st.progress(0.0, "Starting, which takes a few seconds")
            first, second = st.columns(2, gap="large")
            self.error, self.kl = first.empty(), second.empty()
            self.back = st.empty()

    def draw(self, training: Training[LabSettings]) -> None:
        events = list(training.events)
        steps = of_kind(events, "step")
        if training.state == "waiting":
            self.bar.progress(0.0, f"Waiting for a place, {bench().ahead(training)} ahead of you")
        if not steps:
            return
        now, end = steps[-1]["step"], training.settings.steps
        self.bar.progress(
            now / end, f"After {now} of {end} training steps, {steps[-1]['seconds']:.0f} s"
        )
        rows = curve_rows(events)
        self.error.altair_chart(error_chart(rows, end), alt="Error of both so far")
        self.kl.altair_chart(kl_chart(rows, end), alt="KL so far")
        picture = back_picture(events)
        if picture is not None:
            words = "The pictures, then what comes back from the plain one, then from the VAE"
            self.back.image(picture, words, width="stretch", output_format="PNG", alt=words)


def _want(settings: LabSettings) -> None:
    st.session_state[_WANTED] = settings


def _forget() -> None:
    st.session_state.pop(_WANTED, None)
