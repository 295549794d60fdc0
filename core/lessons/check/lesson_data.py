"""What the page that checks this machine says first."""

from core.views.lesson import Lesson
from core.words import tr_later

LESSON = Lesson(
    headline=tr_later("Can I trust these numbers?"),
    leads={
        "how": tr_later(
            "What the pages work out of the model is computed by readable code of our own. Here "
            "it is computed **twice, on this machine, now**: by that code, and by the libraries "
            "that draw the pictures."
        ),
    },
    remember=tr_later("Do not believe a number: compute it twice, in two ways."),
)
