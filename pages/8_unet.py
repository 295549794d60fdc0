"""The U-Net from inside: every box of it, what it puts out, and what it is there for."""

from core.lessons.unet.looks import LOOKS, show_closer
from core.lessons.unet.map import chosen_call, show_network
from core.lessons.unet.run import unet_facts
from core.ui.closer import ask_for_formulas, choose_look, show_formulas
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.walk import foot, say_picture

lesson("unet")
with explained():
    facts = unet_facts()
    show_network(facts)
    say_picture("unet")
    look = choose_look(LOOKS)
    show_closer(look, facts, chosen_call)
    if ask_for_formulas():
        show_formulas(LOOKS, look)

foot("unet")
