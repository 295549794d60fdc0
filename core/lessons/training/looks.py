"""The closer looks at training: trainings of one's own, and what came of the model's."""

from core.ui.closer import Closer, Closers
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("Train on points"), "core.lessons.training.points"),
        Closer(tr_later("Teach it a word"), "core.lessons.training.word"),
        Closer(tr_later("What came of it"), "core.lessons.training.quality"),
        Closer(tr_later("In numbers"), "core.lessons.training.numbers"),
    ),
)
