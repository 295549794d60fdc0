"""The formulas behind each look at the latents, with the code that computes them."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.ideas.latent_surgery import measure_scaling_factor, mix, noise_region, rewire_channels
from core.ideas.picture_likeness import psnr, ssim
from core.ideas.prediction import x0_from_eps, x0_from_v
from core.lessons.latents.lab import show_code
from core.nets.autoencoder import kl_to_unit_gaussian, reparameterise
from core.ui.page import show_equation

# Any: functions with different arguments have no narrower type.
FORMULAS: dict[str, tuple[Callable[..., Any], ...]] = {
    "The numbers": (psnr, ssim),
    "How sure": (reparameterise, kl_to_unit_gaussian, measure_scaling_factor),
    "Surgery": (rewire_channels, noise_region),
    "Between two": (mix,),
    "Your run": (x0_from_eps, x0_from_v),
    "Train your own": (reparameterise, kl_to_unit_gaussian),
}
SOURCES = (
    "Kingma & Welling 2014, *Auto-Encoding Variational Bayes* · Rombach et al. 2022, "
    "*High-Resolution Image Synthesis with Latent Diffusion Models* · Wang et al. 2004, *Image "
    "Quality Assessment: From Error Visibility to Structural Similarity*"
)


def show_formulas(look: str) -> None:
    """Show the formulas of what is on show.

    Args:
        look: which one of the looks.
    """
    for function in FORMULAS[look]:
        show_equation(function)
    if look == "Train your own":
        show_code()
    st.caption(SOURCES)
