"""Training: how every part of the built-in model learned, and small trainings to run yourself."""

from core.lessons.training.history import say_time, show_history
from core.lessons.training.looks import LOOKS
from core.ui.closer import ask_for_formulas, choose_look, show_formulas, show_look
from core.ui.errors import explained
from core.ui.page import lesson
from core.ui.walk import foot

lesson("training")
with explained():
    stages = show_history()
    say_time(stages)
    look = choose_look(LOOKS)
    show_look(look, LOOKS, stages)
    if ask_for_formulas():
        show_formulas(LOOKS, look)

foot("training")
