"""The U-Net from inside: every box of it, what it puts out, and what it is there for."""

import streamlit as st

from core.lessons.unet.looks import LOOKS, show_closer
from core.lessons.unet.map import chosen_call, show_network
from core.lessons.unet.run import unet_facts
from core.ui.closer import ask_for_formulas, choose_look, show_formulas
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.walk import foot

lesson("unet")
with explained():
    facts = unet_facts()
    show_network(facts)
    st.markdown(
        "**Down, the picture gets smaller and each number sees more of it; up, it grows again.** "
        "The numbered arcs carry what going down has lost: **click one to switch it off**."
    )
    look = choose_look(LOOKS)
    show_closer(look, facts, chosen_call)
    if ask_for_formulas():
        show_formulas(look)

foot("unet")
