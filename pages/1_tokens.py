"""Tokens: what the model reads of a prompt, piece by piece, and which masks are really applied."""

from core.lessons.tokens.looks import LOOKS
from core.lessons.tokens.pieces import LIVE, show_pieces
from core.ui.can_draw import say_what_it_draws
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.live import Around, live_toggle, show_live
from core.ui.page import lesson
from core.ui.running_example import running_example
from core.ui.settings import prompt_box
from core.ui.walk import foot, say_picture

lesson("tokens")
live = live_toggle()
if not live:
    prompt_box(live=LIVE)
say_what_it_draws()
with explained():
    if live:
        show_live(Around(beside=show_pieces))
    else:
        show_pieces(running_example())
    say_picture("tokens")

look = choose_look(LOOKS)
with explained():
    show_look(look, LOOKS)

if ask_for_formulas():
    show_formulas(LOOKS, look)

foot("tokens")
