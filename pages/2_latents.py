"""Latents: a picture becomes a small stack of numbers, and comes back."""

from core.lessons.latents.hero import show_hero
from core.lessons.latents.looks import LOOKS
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.picture_source import choose_picture, latent_facts, show_notes, source_of
from core.ui.walk import foot

lesson("latents")
with explained():
    facts = latent_facts()
    source = source_of(choose_picture(), facts)
    reading = show_hero(source, facts)
    show_notes(source)
    look = choose_look(LOOKS)
    show_look(look, LOOKS, source, facts, reading)
    if ask_for_formulas():
        show_formulas(LOOKS, look)

foot("latents")
