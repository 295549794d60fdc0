"""A film with its words beside it: what the network is given, what it believes, and when."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.views.run import Frames, Run, say_places
from core.views.theme import INK, LINE, PALETTE, PANEL, text_colour
from core.words import tr, tr_later

SIDE = 208  # pixels, longest side of one picture
MARGIN, HEAD, FOOT = 16, 34, 44
TEXT = 14
BAR = 6  # pixels, height of the bar of the noise that is left
TITLES = (tr_later("What the network is given"), tr_later("What it believes is in there"))
LAST = (tr_later("The end of the way"), tr_later("Your picture"))


def with_words(run: Run, frames: Frames) -> NDArray[np.uint8]:
    """Return the frames of a film side by side, each pair with its place in the run.

    Args:
        run: the finished run.
        frames: its film.

    Returns:
        Pictures, (n, H, W, 3); a bar below them is as long as the noise power that is left.
    """
    said = [place["text"] for place in say_places(run, frames.places)]
    left = [*(1 - float(run.alpha_bars[place]) for place in frames.places[:-1]), 0.0]
    titles = [*(TITLES for _ in said[:-1]), LAST]
    parts = zip(titles, frames.given, frames.guess, said, left, strict=True)
    return np.stack([_frame(*part) for part in parts])


def _frame(
    titles: tuple[str, str],
    given: NDArray[np.uint8],
    guess: NDArray[np.uint8],
    said: str,
    left: float,
) -> NDArray[np.uint8]:
    tall, wide = given.shape[:2]
    width, height = (max(1, round(side * SIDE / max(tall, wide))) for side in (wide, tall))
    across = 2 * width + 3 * MARGIN
    picture = Image.new("RGB", (across, HEAD + height + FOOT), PANEL["light"])
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(TEXT)
    for at, (title, part) in enumerate(zip(titles, (given, guess), strict=True)):
        x = MARGIN + at * (width + MARGIN)
        pen.text((x, HEAD / 2), tr(title), INK["light"], font, anchor="lm")
        larger = Image.fromarray(part).resize((width, height), Image.Resampling.BICUBIC)
        picture.paste(larger, (x, HEAD))
    y, end = HEAD + height + 8, across - MARGIN
    pen.rectangle((MARGIN, y, end, y + BAR), LINE["light"])
    if left > 0:
        pen.rectangle((MARGIN, y, MARGIN + left * (end - MARGIN), y + BAR), PALETTE["noise"])
    pen.text((MARGIN, y + BAR + 16), said, text_colour("time"), font, anchor="lm")
    return np.asarray(picture)
