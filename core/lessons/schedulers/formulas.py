"""The formulas behind each look at schedulers, with the code that computes them."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.ideas.beta_spacing import space_beta
from core.ideas.bound import gather_reverse_step, measure_step_bits
from core.ideas.closed_form import measure_order, predict_exact_eps, solve_exactly
from core.ideas.interpolation import sigma_at_timestep, timestep_at_sigma
from core.ideas.learned_variance import (
    add_hybrid_loss,
    count_bits,
    interpolate_log_variance,
    measure_gaussian_kl,
    score_discrete_pixels,
)
from core.ideas.noise_levels import sigma_from_alpha_bar, snr_db_from_alpha_bar
from core.ideas.samplers.euler import euler_step
from core.ideas.schedules import (
    accumulate_alpha_bar,
    make_linear_betas,
    make_scaled_linear_betas,
    rescale_to_zero_snr,
)
from core.ideas.spacings import space_karras, space_leading, space_linspace, space_trailing
from core.models.schedulers.table import SCHEDULERS
from core.ui.page import show_equation
from core.ui.running_example import running_example

# Any: functions with different arguments have no narrower type.
Formulas = tuple[Callable[..., Any], ...]
LEVELS: Formulas = (
    make_scaled_linear_betas, accumulate_alpha_bar, sigma_from_alpha_bar, snr_db_from_alpha_bar,
)  # fmt: skip
FORMULAS: dict[str, Formulas] = {
    "Settings": (*LEVELS, make_linear_betas, rescale_to_zero_snr),
    "All of them": LEVELS,
    "Your own noise levels": (
        space_karras, space_beta, space_linspace, space_leading, space_trailing,
        sigma_at_timestep, timestep_at_sigma,
    ),
    "The proof": (predict_exact_eps, solve_exactly, measure_order),
    "Learned variance": (
        interpolate_log_variance, add_hybrid_loss, gather_reverse_step, measure_step_bits,
        measure_gaussian_kl, score_discrete_pixels, count_bits,
    ),
}  # fmt: skip
SOURCES = (
    "Ho et al. 2020, *Denoising Diffusion Probabilistic Models* · Song et al. 2021, *Denoising "
    "Diffusion Implicit Models* · Nichol & Dhariwal 2021, *Improved DDPM* · Karras et al. 2022, "
    "*Elucidating the Design Space of Diffusion-Based Generative Models* · Lu et al. 2022, "
    "*DPM-Solver++* · Lin et al. 2023, *Common Diffusion Noise Schedules and Sample Steps are "
    "Flawed* · Lee et al. 2024, *Beta Sampling is All You Need*"
)


def show_formulas(look: str) -> None:
    """Show the formulas of what is on show.

    Args:
        look: which one of the looks.
    """
    step = SCHEDULERS[running_example().scheduler].formulas or (euler_step,)
    for function in FORMULAS.get(look, step):
        show_equation(function)
    st.caption(SOURCES)
