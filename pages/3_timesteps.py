"""Timesteps: one number, the time, becomes a row of waves that the network can read."""

import streamlit as st

from core.lessons.timesteps.looks import LOOKS
from core.lessons.timesteps.map import say_told, show_map, time_facts
from core.lessons.timesteps.settings import embedding_settings, show_settings
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.walk import foot

lesson("timesteps")
with explained():
    facts = time_facts()
    settings = embedding_settings(facts.settings)
    picture, switches = st.columns([3, 1], gap="large")
    with switches:
        show_settings(settings, facts.settings)
    with picture:
        show_map(settings, facts)
    st.markdown(say_told(settings, facts))
    look = choose_look(LOOKS)
    show_look(look, LOOKS, settings, facts)

if ask_for_formulas():
    show_formulas(LOOKS, look)

foot("timesteps")
