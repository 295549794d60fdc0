"""The closer looks at noising."""

from core.ui.closer import Closer, Closers

LOOKS = Closers(
    (
        Closer("One jump or many steps", "core.lessons.noising.jump"),
        Closer("What is left", "core.lessons.noising.left"),
        Closer("Your run’s steps", "core.lessons.noising.back"),
        Closer("In numbers", "core.lessons.noising.table"),
    ),
)
