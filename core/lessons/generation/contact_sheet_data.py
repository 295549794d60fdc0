"""All steps of a run on one picture: what the network was given above what it believed."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.views.run import Frames, Run
from core.views.theme import INK, PAGE, text_colour
from core.words import tr

CELL = 128  # pixels, longest side of one picture
GAP, LINE, MARGIN = 8, 18, 16
HEAD = 30  # pixels of the line above all
TEXT = 13


def contact_sheet(run: Run, frames: Frames) -> NDArray[np.uint8]:
    """Lay out every frame of a film with its timestep.

    Args:
        run: the finished run.
        frames: its film.

    Returns:
        One picture, (H, W, 3).
    """
    count = len(frames.places)
    tall, wide = frames.given.shape[1:3]
    share = CELL / max(tall, wide)
    width, height = max(1, round(wide * share)), max(1, round(tall * share))
    columns = min(count, max(4, math.ceil(math.sqrt(2 * count * height / width))))
    rows = math.ceil(count / columns)
    across, down = width + GAP, LINE + 2 * height + 2 * GAP
    size = (2 * MARGIN + columns * across - GAP, 2 * MARGIN + HEAD + rows * down - GAP)
    sheet = Image.new("RGB", size, PAGE["light"])
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(TEXT)
    head = tr("Above: what the network is given. Below: what it believes is in there.")
    pen.text((MARGIN, MARGIN), head, INK["light"], font)
    for index, place in enumerate(frames.places):
        row, column = divmod(index, columns)
        left, top = MARGIN + column * across, MARGIN + HEAD + row * down
        pen.text((left, top), _label(run, place), text_colour("time"), font)
        for at, picture in enumerate((frames.given[index], frames.guess[index])):
            small = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
            sheet.paste(small, (left, top + LINE + at * (height + 2)))
    return np.asarray(sheet)


def _label(run: Run, place: int) -> str:
    if place == len(run.timesteps):
        return tr("finished")
    return f"{place}: t = {run.timesteps[place]:g}"
