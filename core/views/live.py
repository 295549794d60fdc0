"""What the browser is told of a picture that follows the hand."""

from typing import TYPE_CHECKING, Literal, TypedDict

from core.engine.request import Request
from core.ideas.checks import say_number
from core.models.latent_facts import LatentFacts
from core.models.schedulers.table import SCHEDULERS
from core.views.browser import SheetData
from core.views.numbers import count
from core.words import tr

if TYPE_CHECKING:  # a page's first paint needs no numpy
    import numpy as np
    from numpy.typing import NDArray

SIDES = (64, 256)  # pixels that a slider offers


class SettingsData(TypedDict):
    """What can be chosen there: fields of a request, and the side of the picture in pixels."""

    prompt: str
    blend: str
    share: float
    words: float
    seed: int
    other_seed: int
    turn: float
    side: int


class SizeData(TypedDict):
    """One side to choose, in pixels, and what a picture of it is made of."""

    side: int
    text: str


class AskedData(TypedDict):
    """A picture with what it was asked with.

    Attributes:
        settings: what it was drawn with.
        longest: most characters of a text.
        sizes: to choose from.
        picture: of one frame; None while there is none.
        drawn: how it was drawn.
        spoken: the same for those who hear it, with the words.
        fully: what the full model does, in few words.
        full: its picture from the same noise; None where nobody asked for it.
        full_drawn: how that was drawn.
    """

    settings: SettingsData
    longest: int
    sizes: list[SizeData]
    picture: SheetData | None
    drawn: str
    spoken: str
    fully: str
    full: SheetData | None
    full_drawn: str


# Of a question; then of the running example: some of what is shown at rest is still to come, all is
# there but the page around is about an older one, all is there; and where there is no picture.
State = Literal["asked", "waits", "behind", "settled", "failed"]


class LiveData(AskedData):
    """The same, and how far it is.

    Attributes:
        number: of the question in the browser that is answered; 0 where it was asked elsewhere.
        state: one of ``State``.
        knobs: whether all can be chosen there; only words otherwise, beside a smaller picture.
    """

    number: int
    state: State
    knobs: bool


def settings_data(request: Request, facts: LatentFacts) -> SettingsData:
    """Return what a request says of the settings that can be chosen.

    Args:
        request: valid.
        facts: of its model.
    """
    return {
        "prompt": request.prompt,
        "blend": request.blend,
        "share": request.share,
        "words": request.words,
        "seed": request.seed,
        "other_seed": request.other_seed,
        "turn": request.turn,
        "side": request.width or facts.width,
    }


def sizes_data(facts: LatentFacts, now: int, free: bool = True) -> list[SizeData]:
    """Return the sides that can be chosen, rising, and what each is made of.

    Args:
        facts: of the model.
        now: the side that is on show, offered whatever it is.
        free: whether others are offered as well.
    """
    low, high = SIDES[0], min(SIDES[1], 2 * min(facts.width, facts.height))
    first = -(-low // facts.multiple) * facts.multiple
    sides = sorted({*(range(first, high + 1, facts.multiple) if free else ()), now})
    return [{"side": side, "text": _say_size(side, facts)} for side in sides]


def say_run(request: Request) -> str:
    """Say how a request is drawn: steps, scheduler and guidance.

    Args:
        request: valid.
    """
    w = request.guidance
    guided = tr("without guidance") if w == 1 else tr("at guidance {w}", w=say_number(w))
    return tr(
        "{steps} of {title} {guided}",
        steps=count(request.steps, "step"),
        title=SCHEDULERS[request.scheduler].title,
        guided=guided,
    )


def picture_data(picture: "NDArray[np.uint8]") -> SheetData:
    """Return a picture for the browser, a little compressed.

    Args:
        picture: uint8 (H, W, 3).
    """
    from core.views.strips import photo_sheet  # numpy and Pillow

    return photo_sheet(picture[None]).as_json()


def _say_size(side: int, facts: LatentFacts) -> str:
    wide = side // facts.scale
    pixels, latents = 3 * side * side, facts.channels * wide * wide
    return tr(
        "{side} × {side} pixels are {pixels:,} numbers; their latents, {wide} × {wide} × "
        "{channels}, are {latents:,}: {fewer:.3g} times fewer.",
        side=side,
        pixels=pixels,
        wide=wide,
        channels=facts.channels,
        latents=latents,
        fewer=pixels / latents,
    )
