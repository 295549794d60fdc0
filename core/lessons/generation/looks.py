"""The closer looks at a run."""

from core.lessons.generation.film import decode_film
from core.ui.closer import Closer, Closers, look_place
from core.ui.errors import explained
from core.ui.shown import Shown
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("Guidance"), "core.lessons.generation.guidance"),
        Closer(tr_later("When to guide"), "core.lessons.generation.when"),
        Closer(tr_later("Every step in numbers"), "core.lessons.generation.steps"),
        Closer(tr_later("When it is recognised"), "core.lessons.generation.recognised"),
        Closer(tr_later("Compare a grid"), "core.lessons.generation.compare"),
        Closer(tr_later("Two prompts"), "core.lessons.generation.two_runs"),
        Closer(tr_later("Branch"), "core.lessons.generation.branch"),
        Closer(tr_later("From a picture"), "core.lessons.generation.picture"),
        Closer(tr_later("Inpainting"), "core.lessons.generation.inpaint"),
    ),
    formulas=(
        "core.ideas.guidance.guide",
        "core.ideas.guidance.rescale",
    ),
)
QUICK = ("Guidance", "Every step in numbers")  # all others ask the engine


def show_closer(look: Closer | None, shown: Shown) -> None:
    """Show one look; the film gets its decoded pictures, before a look that asks the engine.

    Args:
        look: from ``choose_look``; None shows nothing.
        shown: the run on show.
    """
    if look is not None:
        place = look_place(look, LOOKS)
        if look.title not in QUICK:
            decode_film(shown)
        with place, explained():
            look.show(shown)
    decode_film(shown)
