"""Closer looks at a run, each imported when it is chosen: charts take time to load."""

from collections.abc import Callable

from core.lessons.generation.film import decode_film
from core.ui.errors import explained
from core.ui.look_box import look_box, look_place
from core.ui.shown import Shown

GUIDANCE = "Guidance"
NUMBERS = "Every step in numbers"
COMPARE = "Compare a grid"
TWO, BRANCH, PICTURE = "Two prompts", "Branch", "From a picture"


def _guidance(shown: Shown) -> None:
    from core.lessons.generation.guidance import show_guidance

    show_guidance(shown)


def _numbers(shown: Shown) -> None:
    from core.lessons.generation.steps import show_steps

    show_steps(shown)


def _compare(shown: Shown) -> None:
    from core.lessons.generation.compare import show_compare

    show_compare(shown)


def _two(shown: Shown) -> None:
    from core.lessons.generation.two_runs import show_two

    show_two(shown)


def _branch(shown: Shown) -> None:
    from core.lessons.generation.branch import show_branch

    show_branch(shown)


def _picture(shown: Shown) -> None:
    from core.lessons.generation.picture import show_picture

    show_picture(shown)


LOOKS: dict[str, Callable[[Shown], None]] = {
    GUIDANCE: _guidance,
    NUMBERS: _numbers,
    COMPARE: _compare,
    TWO: _two,
    BRANCH: _branch,
    PICTURE: _picture,
}
# What each of them keeps in the address, as its own module says.
IN_LINK = {COMPARE: "grid", TWO: "other", BRANCH: "branch", PICTURE: "strength"}
# These ask the engine: the film above is decoded before them.
LONG: tuple[str, ...] = (COMPARE, TWO, BRANCH, PICTURE)


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box(list(LOOKS), "generation_look", IN_LINK)


def show_look(look: str, shown: Shown) -> None:
    """Show one look; nothing of the others is computed. The film gets its decoded pictures.

    Args:
        look: from ``choose_look``.
        shown: the run on show.
    """
    place = look_place(LOOKS, look)
    if look in LONG:
        decode_film(shown)
    with place, explained():
        LOOKS[look](shown)
    decode_film(shown)
