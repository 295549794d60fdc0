"""The closer looks at a prompt, each imported when it is first chosen: charts take time to load."""

from core.ui.look_box import look_box, look_place


def _positions() -> None:
    from core.lessons.tokens.positions import show_positions

    show_positions()


def _masks() -> None:
    from core.lessons.tokens.masks import show_masks

    show_masks()


def _inside() -> None:
    from core.lessons.tokens.inside import show_inside

    show_inside()


def _meaning() -> None:
    from core.lessons.tokens.meaning import show_meaning

    show_meaning()


def _unconditional() -> None:
    from core.lessons.tokens.unconditional import show_unconditional

    show_unconditional()


LOOKS = {
    "Meaning": _meaning,
    "The mask": _masks,
    "Inside the encoder": _inside,
    "All positions": _positions,
    "No words": _unconditional,
}


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box(list(LOOKS), "token_look")


def show_look(look: str) -> None:
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.

    Raises:
        ExplainerError: the model or the engine could not do it.
    """
    place = look_place(LOOKS, look)
    with place:
        LOOKS[look]()


def show_formulas(look: str) -> None:
    """Show the formulas of a look.

    Args:
        look: from ``choose_look``.
    """
    from core.lessons.tokens import formulas as tokens_formulas

    tokens_formulas.show_formulas(look)
