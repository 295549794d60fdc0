"""The closer looks at training: trainings of one's own, and what came of the model's."""

from core.ui.closer import Closer, Closers

LOOKS = Closers(
    (
        Closer("Train on points", "core.lessons.training.points"),
        Closer("Teach it a word", "core.lessons.training.word"),
        Closer("What came of it", "core.lessons.training.quality"),
        Closer("In numbers", "core.lessons.training.numbers"),
    ),
)
