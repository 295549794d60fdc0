"""Generation: the whole loop from noise to picture, and every step of it to look at."""

import streamlit as st

from core.lessons.generation.downloads import offer_downloads
from core.lessons.generation.film import mount_film, place_below, show_run
from core.lessons.generation.looks import LOOKS, show_closer
from core.lessons.generation.opening import open_saved, say_weights
from core.ui.can_draw import say_what_it_draws
from core.ui.closer import ask_for_formulas, choose_look, look_on_show, show_formulas
from core.ui.errors import explained
from core.ui.live import Around, live_toggle, show_live
from core.ui.page import lesson
from core.ui.prompt_notes import prompt_notes
from core.ui.running_example import running_example
from core.ui.settings import (
    guidance_slider,
    lora_box,
    negative_box,
    prompt_box,
    say_low_start,
    scheduler_box,
    seed_box,
    steps_slider,
)
from core.ui.walk import foot, say_picture
from core.words import tr_later

lesson("generation")
if live_toggle():
    say_what_it_draws()
    with explained():
        show_live(Around(below=mount_film, knobs=True))
    foot("generation")
    st.stop()
prompt_box()
say_what_it_draws()
with explained():
    prompt_notes()

film, settings = st.columns([3, 1], gap="large")
with settings:
    steps_slider()
    guidance_slider()
    seed_box()
    scheduler_box()
    negative_box()
    lora_box()
    open_saved()

below = place_below(running_example())
if ask_for_formulas(tr_later("The formula and its code")):
    show_formulas(LOOKS, look_on_show(LOOKS))

with film, explained():
    shown = show_run(running_example())
    if shown:
        say_picture("generation")
        say_low_start(float(shown.run.timesteps[0]), float(shown.run.alpha_bars[0]))
        say_weights(shown)
        offer_downloads(shown)
        with below:
            show_closer(choose_look(LOOKS), shown)

foot("generation")
