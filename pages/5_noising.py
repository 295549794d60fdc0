"""Adding noise: a picture is destroyed on purpose, one known amount of noise at a time."""

import streamlit as st

from core.ideas.forward import add_noise, add_one_step, follow_moments
from core.ideas.noise_levels import sigma_from_alpha_bar, snr_from_alpha_bar
from core.ideas.schedules import accumulate_alpha_bar, rescale_to_zero_snr
from core.lessons.noising.hero import (
    choose_other,
    choose_seed,
    own_schedule,
    show_hero,
)
from core.lessons.noising.looks import LOOKS
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson, show_equation
from core.ui.picture_source import choose_picture, latent_facts, show_notes, source_of
from core.ui.running_example import running_example
from core.ui.tokenizing import scheduler_config
from core.ui.walk import foot

lesson("noising")
with explained():
    config = scheduler_config(running_example().model)
    schedule = own_schedule(config)
    pick, compare, draw = st.columns([12, 6, 4], gap="small")
    with pick:
        source = source_of(choose_picture(), latent_facts())
    with compare:
        other = choose_other(config)
    with draw:
        seed = choose_seed()
    show_hero(source, schedule, other, seed)
    show_notes(source)
    st.markdown(
        "**Drag from left to right:** the picture fades and noise takes its place; the squares of "
        "the two weights always add up to 1. Nothing is learned here. To undo it is what the "
        "network learns. (Signal to noise counts the picture’s numbers as if their variance were "
        "1; that of pixels is smaller.)"
    )
    look = choose_look(LOOKS)
    show_look(look, LOOKS, source, config, schedule, seed)

if ask_for_formulas():
    for idea in (
        add_noise,
        add_one_step,
        follow_moments,
        accumulate_alpha_bar,
        snr_from_alpha_bar,
        sigma_from_alpha_bar,
        rescale_to_zero_snr,
    ):
        show_equation(idea)
    show_formulas(look)

foot("noising")
