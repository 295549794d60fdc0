"""Adding noise: a picture is destroyed on purpose, one known amount of noise at a time."""

import streamlit as st

from core.lessons.noising.hero import (
    choose_other,
    choose_seed,
    own_schedule,
    show_hero,
)
from core.lessons.noising.looks import LOOKS
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.picture_source import choose_picture, latent_facts, show_notes, source_of
from core.ui.running_example import running_example
from core.ui.tokenizing import scheduler_config
from core.ui.walk import foot, say_picture

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
    say_picture("noising")
    look = choose_look(LOOKS)
    show_look(look, LOOKS, source, config, schedule, seed)

if ask_for_formulas():
    show_formulas(LOOKS, look)

foot("noising")
