"""What the page that checks this machine says first."""

from core.views.lesson import Lesson

LESSON = Lesson(
    headline="Can I trust these numbers?",
    leads={
        "how": "Everything that the pages show of the model is computed by readable code of our "
        "own. Here it is computed **twice, on this machine, now**: by that code, and by the "
        "libraries that draw the pictures.",
    },
    remember="Do not believe a number: compute it twice, in two ways.",
)
