"""Tokens: what the model reads of a prompt, piece by piece, and which masks are really applied."""

import streamlit as st

from core.lessons.tokens.looks import LOOKS, SOURCES
from core.lessons.tokens.pieces import LIVE, show_pieces
from core.ui.can_draw import say_what_it_draws
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.settings import prompt_box
from core.ui.walk import foot

lesson("tokens")
prompt_box(live=LIVE)
say_what_it_draws()
with explained():
    show_pieces()
    st.markdown(
        "**Pieces, not words:** lower-cased, and a `</w>` marks where a word ends. **Click a "
        "word** to see how it was put together."
    )

look = choose_look(LOOKS)
with explained():
    show_look(look, LOOKS)

if ask_for_formulas():
    show_formulas(look, SOURCES)

foot("tokens")
