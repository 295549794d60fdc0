"""Attention: what every place of the picture took from every word, seen and changed."""

import streamlit as st

from core.lessons.attention.looks import LOOKS, WAITS, show_all_formulas
from core.lessons.attention.maps import offer_plain_maps, show_hero
from core.ui.closer import ask_for_formulas, choose_look, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.prompt_notes import prompt_notes
from core.ui.settings import prompt_box, seed_box
from core.ui.walk import foot, say_picture

lesson("attention")
words, seed = st.columns([5, 1], gap="small")
with words:
    prompt_box()
with seed:
    seed_box()
with explained():
    prompt_notes()
    seen = show_hero()
    say_picture("attention")
    offer_plain_maps()
    show_look(choose_look(LOOKS), LOOKS, seen, meanwhile=WAITS)

if ask_for_formulas():
    show_all_formulas()

foot("attention")
