"""What every part of the model was trained to make small: formula, code, and the trainer itself."""

import inspect

import streamlit as st

from core.ideas.objectives import (
    match_loss,
    naming_loss,
    noise_loss,
    order_loss,
    picture_loss,
    weigh_min_snr,
)
from core.ui.address import ask, one_of, value
from core.ui.page import show_equation
from core.words import tr, tr_later

U_NET, AUTOENCODER, TOWER, NAMES = (
    "U-Net",
    tr_later("Autoencoder"),
    tr_later("Image tower"),
    tr_later("Text encoder and judge"),
)
PARTS = (U_NET, AUTOENCODER, TOWER, NAMES)


def show_objectives() -> None:
    """Offer one part, and show what it optimises, with the trainer's own lines."""
    field = one_of("part", PARTS, begins="default")
    ask(st.segmented_control, tr("Part"), field, format_func=tr, required=True)
    part = value(field)
    from core.training import judge, text, tower, unet, vae  # import torch

    if part == U_NET:
        _show((noise_loss, weigh_min_snr), unet.unet_loss)
    elif part == AUTOENCODER:
        from core.nets.autoencoder import kl_to_unit_gaussian

        _show((picture_loss, kl_to_unit_gaussian), vae.vae_loss)
        st.markdown(tr("**At last the decoder alone**, from whole scenes:"))
        _show((order_loss,), vae.whole_loss)
    elif part == TOWER:
        _show((match_loss, naming_loss), tower.tower_loss)
    else:
        _show((naming_loss,), text.text_loss, judge.judge_loss)


def _show(ideas: tuple, *trainers: object) -> None:
    for idea in ideas:
        show_equation(idea)
    st.markdown(tr("**In the trainer**, with all that it is fed:"))
    for trainer in trainers:
        st.code(inspect.getsource(trainer), language="python")  # type: ignore[arg-type]  # functions
