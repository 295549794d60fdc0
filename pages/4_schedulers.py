"""Schedulers: who decides how much noise is left after every step."""

import streamlit as st

from core.lessons.schedulers.looks import LOOKS
from core.lessons.schedulers.overlay import show_controls, show_overlay
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.running_example import running_example
from core.ui.tokenizing import scheduler_config
from core.ui.walk import foot, say_picture

lesson("schedulers")
show_controls()
with explained():
    config = scheduler_config(running_example().model)
    show_overlay(config)
    say_picture("schedulers")
    look = choose_look(LOOKS)
    place = st.container()
    if ask_for_formulas():
        show_formulas(LOOKS, look)
    with place, explained():
        show_look(look, LOOKS, config)

foot("schedulers")
